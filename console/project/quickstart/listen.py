"""The address of quickstart's web server."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from console.core.environment import DataDirError


@dataclass(frozen=True, slots=True)
class Listen:
    """The address of the web server: `text` for gunicorn, `url` for a browser."""

    host: str
    port: int

    @classmethod
    def parse(cls, value: str) -> Listen:
        host, _, port = value.rpartition(":")
        host = host.strip("[]")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise DataDirError(f"--listen {value!r} is not HOST:PORT")
        return cls(host, int(port))

    @property
    def text(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable(self) -> str:
        """The host to connect to from this machine."""
        host = self.host
        if self._everywhere:
            host = "::1" if ":" in host else "127.0.0.1"
        return f"[{host}]" if ":" in host else host

    @property
    def _everywhere(self) -> bool:
        """Whether it listens on every address of this machine."""
        try:
            return ip_address(self.host).is_unspecified
        except ValueError:
            return False

    @property
    def warning(self) -> str:
        """A warning where other machines can connect, since there is no TLS here; else empty."""
        try:
            is_local = ip_address(self.host).is_loopback
        except ValueError:
            is_local = self.host == "localhost"
        if is_local:
            return ""
        return (
            f"WARNING: {self.text} serves other machines by plain HTTP: passwords and API keys travel in "
            "clear. Let a proxy terminate TLS here, listen on 127.0.0.1, and set ISTHMUS_BEHIND_TLS=yes "
            "and ISTHMUS_TRUSTED_PROXIES=127.0.0.1."
        )

    @property
    def url(self) -> str:
        return f"http://{self.reachable}:{self.port}"

    @property
    def allowed_hosts(self) -> str:
        names = ["127.0.0.1", "localhost", "[::1]", self.reachable]
        if self._everywhere:
            names += [socket.gethostname(), socket.getfqdn(), *_own_addresses()]
        return ",".join(dict.fromkeys(names))


def _own_addresses() -> list[str]:
    try:
        return socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        return []
