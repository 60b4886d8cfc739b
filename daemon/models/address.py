"""Where a model's server is: a checked address, and whether it is on this machine."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

SETTING: Final = "reasoner.base_url"
_EXAMPLE: Final = "http://127.0.0.1:11434/v1"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_PATH: Final = re.compile(r"[A-Za-z0-9._~%/:+-]*")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """`url`: without a slash at its end, and sure to lead where `loopback` says."""

    url: str
    loopback: bool

    @property
    def open(self) -> bool:
        """Whether what is sent can be read on its way."""
        return not self.loopback and self.url.startswith("http:")


def server_address(base_url: str, setting: str = SETTING) -> ServerAddress:
    """`CONFIG_INVALID` for what is no plain http or https address.

    It is put together anew from its checked parts: no other parser may read another host in it.
    """
    try:
        parts = urlsplit(base_url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _invalid(setting, str(error)) from None
    reason = _unfit(base_url.strip(), parts, host)
    if reason is not None:
        raise _invalid(setting, reason)
    loopback = _is_loopback(host)
    if host == "localhost" and parts.scheme == "http":
        # A name is looked up, and whoever answers could send private text elsewhere.
        host = "127.0.0.1"
    place = f"[{host}]" if ":" in host else host
    place += "" if port is None else f":{port}"
    return ServerAddress(f"{parts.scheme}://{place}{parts.path.rstrip('/')}", loopback)


def _unfit(given: str, parts: SplitResult, host: str) -> str | None:
    if not given:
        return f'it is empty; set it to the server that is to be asked, as "{_EXAMPLE}"'
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return f'it is no address; write it as "{_EXAMPLE}"'
    if "@" in parts.netloc:
        return "it holds a name or a password; put the key into reasoner.key_file"
    if parts.query or parts.fragment or "?" in given or "#" in given:
        return f'it goes on after its path; write it as "{_EXAMPLE}"'
    if not (_NAME.fullmatch(host) or _is_number(host)) or not _PATH.fullmatch(parts.path):
        return "it holds a character that does not belong into an address"
    return None


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_number(host) and ipaddress.ip_address(host).is_loopback)


def _invalid(setting: str, reason: str) -> AlvoError:
    return AlvoError(errors.CONFIG_INVALID, where=setting, reason=reason)
