"""How the bridge was asked to run, and at which addresses it therefore answers."""

import ipaddress
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

_PLAIN_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Options:
    """`proxy`: the origin under which a proxy serves the bridge, `https://name`."""

    host: str = "127.0.0.1"
    port: int = 8420
    tls_cert: str | None = None
    tls_key: str | None = None
    proxy: str | None = None
    names: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises WEB_ADDRESS_REFUSED for what would be readable on the way."""
        encrypted = self.tls_cert is not None or self.proxy is not None
        if not encrypted and not _is_loopback(self.host):
            raise AlvoError(errors.WEB_ADDRESS_REFUSED, host=self.host)
        if self.proxy is not None and not _is_origin(self.proxy):
            raise AlvoError(errors.WEB_ADDRESS_REFUSED, host=self.proxy)

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by https."""
        return self.tls_cert is not None or self.proxy is not None

    def context(self) -> ssl.SSLContext | None:
        if self.tls_cert is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key)
        except OSError as error:  # ssl's own errors too
            reason = error.strerror or str(error)
            raise AlvoError(errors.CONFIG_INVALID, where="--tls-cert", reason=reason) from None
        return context

    def origins(self, port: int) -> dict[str, str]:
        """By Host header: the origin that pages from there have. `port`: the one really taken."""
        if self.proxy is not None:
            return {urlsplit(self.proxy).netloc.lower(): self.proxy.lower().rstrip("/")}
        scheme = "https" if self.tls_cert is not None else "http"
        names = ["127.0.0.1", "localhost", "[::1]", *(name.lower() for name in self.names)]
        if not _is_loopback(self.host) and self.host not in ("0.0.0.0", "::", ""):  # noqa: S104  (left out, not bound)
            names.append(f"[{self.host}]" if ":" in self.host else self.host.lower())
        found = {f"{name}:{port}": f"{scheme}://{name}:{port}" for name in names}
        if port == _PLAIN_PORTS[scheme]:
            found |= {name: f"{scheme}://{name}" for name in names}
        return found

    def url(self, port: int) -> str:
        """The address that a person opens."""
        if self.proxy is not None:
            return self.proxy.rstrip("/")
        scheme = "https" if self.tls_cert is not None else "http"
        name = self.names[0] if self.names else self.host
        if name in ("0.0.0.0", "::", ""):  # noqa: S104  (compared, not bound)
            name = "localhost"
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    rest = (parts.path in ("", "/")) and not (parts.query or parts.fragment or parts.username)
    return parts.scheme == "https" and bool(parts.hostname) and rest
