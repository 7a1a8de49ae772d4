"""Settings that name servers: the mail server and the DNS servers. Like `console.core.environment`, it
knows nothing of Django."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from console.core.environment import SettingError, secret, words


def name_servers(name: str, port: int) -> list[tuple[str, int]]:
    """Comma separated IPv4 addresses with or without :PORT, as (address, port)."""
    found = []
    for word in words(name):
        address, separator, tail = word.partition(":")
        try:
            IPv4Address(address)
            number = int(tail) if separator else port
        except ValueError:
            raise SettingError(
                name, f"{word!r} is not an IPv4 address such as 192.0.2.53 or 192.0.2.53:53"
            ) from None
        found.append((address, number))
    return found


class MailServer(NamedTuple):
    """The mail server; without a `host` no mail is sent. `implicit_tls` is TLS from the first byte."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    implicit_tls: bool = False
    starttls: bool = False


def mail_server(name: str) -> MailServer:
    """smtp://[USER:PASSWORD@]HOST[:PORT] (STARTTLS), smtps:// (TLS at once), smtp+plain:// (none)."""
    raw = secret(name)
    if not raw:
        return MailServer()
    right = "write smtp://USER:PASSWORD@HOST:PORT, smtps://… or smtp+plain://…"
    try:
        parts = urlsplit(raw)
        port = parts.port
    except ValueError:
        raise SettingError(name, f"is not a valid address; {right}") from None
    if parts.scheme not in {"smtp", "smtps", "smtp+plain"} or not parts.hostname:
        raise SettingError(name, f"is not a valid address; {right}")
    default = {"smtp": 587, "smtps": 465, "smtp+plain": 25}[parts.scheme]
    return MailServer(
        parts.hostname,
        port or default,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.scheme == "smtps",
        parts.scheme == "smtp",
    )
