"""Peers that are known by name: looked up by the worker, never inside a request.

What a name leads to is an observation, kept in the row: while a lookup fails the last address
stays, and as long as a name still has it, it is not exchanged for another of the same name. The
rules of a peer's address hold for what a name leads to as well.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from ipaddress import IPv4Address

from django.conf import settings

from vpn.domain.checks import unfit_peer
from vpn.models import Connection, ConnectionCidr, Gateway

log = logging.getLogger(__name__)

# Seconds. A sweep passes often; names change seldom, but a new one should be found soon.
KEPT, RETRIED, PATIENCE = 60.0, 5.0, 2.0
_known: dict[str, tuple[float, tuple[str, ...]]] = {}
# A lookup that hangs must not hold a pass up; it ends in its own time.
_lookups = ThreadPoolExecutor(4, thread_name_prefix="names")


def refresh_names(gateway: Gateway, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Each connection's `resolved_address` as its name says now."""
    for row in gateway.connections.all():
        if not row.peer_fqdn:
            continue
        answers = addresses_of(row.peer_fqdn, clock())
        unfit = {text: _unfit(text, row, gateway) for text in answers}
        found = [text for text in answers if not unfit[text]]
        row.name_fault = next((f"{text}, {kind}" for text, kind in unfit.items() if kind), "")
        if not found or row.resolved_address in found:
            continue
        log.info("connection %s: %s is %s now", row.pk, row.peer_fqdn, found[0])
        row.resolved_address = found[0]
        Connection.objects.filter(pk=row.pk, peer_fqdn=row.peer_fqdn).update(resolved_address=found[0])


def _unfit(text: str, row: Connection, gateway: Gateway) -> str:
    """Why the connection's peer cannot be there; empty if it can."""
    address = IPv4Address(text)
    own = {cidr.cidr for cidr in row.cidrs.all() if cidr.side == ConnectionCidr.PEER}
    if f"{text}/32" in own:
        return "a peer CIDR of the connection itself"
    return unfit_peer(address, gateway.public_address, settings.PROVIDER_CIDR)


def addresses_of(name: str, now: float) -> tuple[str, ...]:
    """The IPv4 addresses of a name, remembered for a minute; empty while it has none."""
    asked, known = _known.get(name, (-KEPT, ()))
    if now - asked < (KEPT if known else RETRIED):
        return known
    found = _ask(name)
    _known[name] = now, found
    return found


def _ask(name: str) -> tuple[str, ...]:
    try:
        answers = _lookups.submit(socket.getaddrinfo, name, None, socket.AF_INET, socket.SOCK_DGRAM).result(
            PATIENCE
        )
    except (OSError, UnicodeError, TooSlow):
        return ()
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
