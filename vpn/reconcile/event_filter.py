"""Whether an event adds anything to what is recorded."""

from __future__ import annotations

from django.db.models import Q

from vpn.domain.peers import address_of
from vpn.domain.state import EventKind, TunnelEvent
from vpn.models import Connection


def is_redundant(event: TunnelEvent) -> bool:
    """True for one more failure with the reason that every connection to that peer already shows.

    A peer that is down fails again and again; observing the whole gateway each time would only find
    the same state.
    """
    if event.kind is not EventKind.FAILED or event.reason is None:
        return False
    address = address_of(event.peer)
    at_address = Q(peer_address=address) | Q(resolved_address=address) if address else Q(pk__in=[])
    rows = Connection.objects.filter(at_address, gateway_id=event.gateway_id, admin_state_up=True)
    reason = event.reason.body()
    shown = list(rows.values_list("status", "status_reasons"))
    return bool(shown) and all(status == "down" and reason in reasons for status, reasons in shown)
