"""Which IP addresses are everyone's: only those are ever connected to."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from prompts import Phrase

Address = IPv4Address | IPv6Address
Resolver = Callable[[str], Sequence[str]]
"""The addresses of a name; blocking; raises OSError where there are none."""

MAX_PINS: Final = 8

# IANA's registries of special-purpose addresses, whole: Python's own table changes with its version.
_SPECIAL_4: Final = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *(
                "172.16.0.0/12",
                "192.0.0.0/24",
                "192.0.2.0/24",
                "192.31.196.0/24",
                "192.52.193.0/24",
            ),
            *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)
_SPECIAL_6: Final = tuple(
    map(
        IPv6Network,
        ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_GLOBAL_6: Final = IPv6Network("2000::/3")
"""All that has been given out; what lies outside is local, special or nobody's."""
_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether it is everyone's, and so is the IPv4 address that it may carry inside."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL_4)
    if address.scope_id is not None:
        return False
    inner = _carried(address)
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL_6 and not any(address in network for network in _SPECIAL_6)


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def system_resolver(host: str) -> Sequence[str]:
    """As every other program on this machine would look it up."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


async def public_addresses(
    url: str, host: str, resolver: Resolver, within_s: float
) -> tuple[str, ...]:
    """Where a name lies, looked up once; raises `ADDRESS_REFUSED` if any of it is not public."""
    try:
        async with asyncio.timeout(within_s):
            found = await asyncio.to_thread(resolver, host)
    except TimeoutError:
        raise AlvoError(errors.FETCH_TIMEOUT, url=url, limit=round(within_s)) from None
    except (OSError, UnicodeError):
        raise _unknown(url, host) from None
    if not found:
        raise _unknown(url, host)
    for text in found:
        if not _is_public_text(text):
            raise AlvoError(errors.ADDRESS_REFUSED, host=host, address=text)
    return tuple(found[:MAX_PINS])


def _is_public_text(text: str) -> bool:
    try:
        return is_public(ip_address(text))
    except ValueError:
        return False


def _unknown(url: str, host: str) -> AlvoError:
    reason = Phrase("fetch_unknown_host", host=host)
    return AlvoError(errors.FETCH_FAILED, url=url, reason=reason)
