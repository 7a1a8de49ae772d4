"""The addresses of peers that are known by an FQDN, from the last DNS answers.

A run makes no lookup: `vpn.reconcile.resolver` stores the answers in the rows, independently of runs.
If a lookup fails, the last answer stays valid, and an address is used as long as the name resolves to it.
Resolved addresses have to obey the rules for a peer's address.
"""

from __future__ import annotations

import logging
from ipaddress import IPv4Address

from django.conf import settings

from vpn.domain.checks.common import unfit_peer
from vpn.domain.identities import name_key
from vpn.models import Connection, Gateway

log = logging.getLogger(__name__)


def refresh_names(gateway: Gateway) -> None:
    """Set each connection's `resolved_address` and `name_fault` from the answer in its row. All connections
    with the same name use the same address: they share an IKE SA, and with two addresses for one identity
    each IKE SA would end the other."""
    chosen: dict[str, str] = {}
    for row in gateway.connections.all():
        if row.peer_fqdn:
            _refresh(row, gateway, chosen)


def _refresh(row: Connection, gateway: Gateway, chosen: dict[str, str]) -> None:
    unfit = {text: _unfit(text, gateway) for text in row.resolved_addresses}
    found = [text for text in row.resolved_addresses if not unfit[text]]
    row.name_fault = next((f"{text}, {kind}" for text, kind in unfit.items() if kind), "")
    if not found:
        return
    known = (chosen.get(name_key(row.peer_fqdn), ""), row.resolved_address or "")
    address = next((text for text in known if text in found), found[0])
    chosen.setdefault(name_key(row.peer_fqdn), address)
    if address == row.resolved_address:
        return
    log.info("connection %s: %s is %s now", row.pk, row.peer_fqdn, address)
    row.resolved_address = address
    Connection.objects.filter(pk=row.pk, peer_fqdn=row.peer_fqdn).update(resolved_address=address)


def _unfit(text: str, gateway: Gateway) -> str:
    """Why the connection's peer cannot have this address; empty if it can."""
    return unfit_peer(IPv4Address(text), gateway.public_address, settings.PROVIDER_CIDR)
