"""Addresses as they may be shown, approved and fetched: one spelling each, or refused."""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus, urljoin

import idna

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.internet.addresses import is_public
from prompts import Phrase

MAX_URL: Final = 2000
PORTS: Final = frozenset((80, 443, 8080, 8443))
"""Where web servers are. Every other port is a service that somebody might want talked to."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PARTS: Final = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::([1-9][0-9]{0,4}))?")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
# These never name a machine that everyone can reach.
_LOCAL_NAMES: Final = (
    *("localhost", "localdomain", "local", "internal", "intranet", "private", "lan", "home"),
    *("corp", "home.arpa", "onion"),
)
_KEPT: Final = "!#$%&'()*+,/:;=?@[]~"
_LONGEST_QUERY: Final = 300


@dataclass(frozen=True, slots=True)
class Url:
    """A checked address. `host`: in ASCII; a literal address without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def text(self) -> str:
        """The one spelling: what is shown, approved and given to curl."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"

    @property
    def is_literal(self) -> bool:
        """Whether the host is an address itself and no name."""
        return ":" in self.host or self.host.replace(".", "").isdigit()


def parse(text: str) -> Url:
    """Raises `URL_REFUSED`. Nothing is looked up; a fragment is dropped, as it is never sent."""
    if len(text) > MAX_URL:
        raise _refused(text[:80] + "…", "url_long", limit=MAX_URL)
    if any(unicodedata.category(char)[0] in "CZ" or char == "\\" for char in text):
        raise _refused(text, "url_characters")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise _refused(text, "url_scheme")
    scheme, authority, target = parts[1].lower(), parts[2], parts[3]
    if "@" in authority:
        # Not repeated: what stands before the sign may be a password.
        raise _refused(f"{scheme}://…@{authority.rpartition('@')[2]}", "url_credentials")
    split = _AUTHORITY.fullmatch(authority)
    if split is None:
        raise _refused(text, "url_host")
    port = int(split[2]) if split[2] else _DEFAULT_PORTS[scheme]
    if port not in PORTS:
        raise _refused(text, "url_port", port=port)
    return Url(scheme, _host(split[1], text), port, _target(target))


def follow(url: Url, location: str) -> Url:
    """Where a redirect leads; raises `URL_REFUSED` as `parse` does, and for https to http."""
    # urljoin would drop some of what `parse` refuses.
    if any(unicodedata.category(char)[0] == "C" for char in location):
        raise _refused(location, "url_characters")
    try:
        joined = urljoin(url.text, location.strip(" "))
    except ValueError:
        raise _refused(location, "url_host") from None
    onward = parse(joined)
    if url.scheme == "https" and onward.scheme != "https":
        raise _refused(onward.text, "url_downgrade")
    return onward


def search(template: str, query: str) -> Url:
    """The search address filled with what to search for."""
    return parse(template.replace("{query}", quote_plus(query[:_LONGEST_QUERY], errors="replace")))


def _host(text: str, url: str) -> str:
    if text.startswith("["):
        return _literal(text[1:-1], url, ipaddress.IPv6Address)
    last = text.lower().rpartition(".")[2]
    if _NUMBER.fullmatch(last):
        # Libraries read `017700000001`, `0x7f.1` and `2130706433` as addresses; four plain numbers
        # are the one form that all read alike.
        return _literal(text, url, ipaddress.IPv4Address)
    labels = [_label(label, url) for label in text.lower().split(".")]
    host = ".".join(labels)
    if len(host) > 253 or len(labels) < 2 or _NUMBER.fullmatch(labels[-1]):
        raise _refused(url, "url_host")
    if any(host == name or host.endswith("." + name) for name in _LOCAL_NAMES):
        raise _refused(url, "url_local", host=host)
    return host


def _literal(
    text: str, url: str, family: type[ipaddress.IPv4Address | ipaddress.IPv6Address]
) -> str:
    try:
        address = family(text)
    except ValueError:
        raise _refused(url, "url_host") from None
    if not is_public(address):
        raise _refused(url, "url_local", host=text)
    return address.compressed


def _label(label: str, url: str) -> str:
    """One label of a name in ASCII; a circled digit or a full-width letter is none."""
    if label.isascii() and not label.startswith("xn--"):
        if not _LABEL.fullmatch(label):
            raise _refused(url, "url_host")
        return label
    try:
        return idna.alabel(label).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise _refused(url, "url_host") from None


def _target(text: str) -> str:
    encoded = quote(text, safe=_KEPT, errors="replace")
    return encoded if encoded.startswith("/") else "/" + encoded


def _refused(url: str, phrase: str, **blanks: object) -> AlvoError:
    return AlvoError(errors.URL_REFUSED, url=url, reason=Phrase(phrase, **blanks))
