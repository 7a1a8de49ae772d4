"""Whether an event can tell anything that is not written down yet."""

from __future__ import annotations

from django.db.models import Q

from vpn.domain.peers import address_of
from vpn.domain.state import EventKind, TunnelEvent
from vpn.models import Connection


def is_told(event: TunnelEvent) -> bool:
    """True for one more failure with the reason that every connection to that peer shows already.

    A peer that is away fails again and again; each time to look at the whole gateway would only
    find the same.
    """
    if event.kind is not EventKind.FAILED or event.reason is None:
        return False
    address = address_of(event.peer)
    at_address = Q(peer_address=address) | Q(resolved_address=address) if address else Q(pk__in=[])
    rows = Connection.objects.filter(at_address, gateway_id=event.gateway_id, admin_state_up=True)
    told = {"code": event.reason.code, "message": event.reason.message}
    shown = list(rows.values_list("status", "status_reasons"))
    return bool(shown) and all(status == "down" and told in reasons for status, reasons in shown)
