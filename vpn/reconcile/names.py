"""Peers that are known by name: where the last answer of the DNS says that they are.

A pass asks nobody: `vpn.reconcile.resolver` keeps each row's answer beside the passes. While a lookup
fails the last answer stays, and as long as a name still has an address, it is not exchanged for
another of the same name. The rules of a peer's address hold for what a name leads to as well.
"""

from __future__ import annotations

import logging
from ipaddress import IPv4Address

from django.conf import settings

from vpn.domain.checks import unfit_peer
from vpn.models import Connection, Gateway

log = logging.getLogger(__name__)


def refresh_names(gateway: Gateway) -> None:
    """Each connection's `resolved_address` and `name_fault` by the answer in its row."""
    for row in gateway.connections.all():
        if row.peer_fqdn:
            _refresh(row, gateway)


def _refresh(row: Connection, gateway: Gateway) -> None:
    unfit = {text: _unfit(text, gateway) for text in row.resolved_addresses}
    found = [text for text in row.resolved_addresses if not unfit[text]]
    row.name_fault = next((f"{text}, {kind}" for text, kind in unfit.items() if kind), "")
    if not found or row.resolved_address in found:
        return
    log.info("connection %s: %s is %s now", row.pk, row.peer_fqdn, found[0])
    row.resolved_address = found[0]
    Connection.objects.filter(pk=row.pk, peer_fqdn=row.peer_fqdn).update(resolved_address=found[0])


def _unfit(text: str, gateway: Gateway) -> str:
    """Why the connection's peer cannot be there; empty if it can."""
    return unfit_peer(IPv4Address(text), gateway.public_address, settings.PROVIDER_CIDR)
