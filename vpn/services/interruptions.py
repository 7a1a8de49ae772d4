"""Which connections' tunnels an edit would end, from what was last observed of them."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Model, QuerySet

from console.contributions import Interruption
from policies.models import IKEPolicy
from vpn.domain.interruptions import Terms, interruption
from vpn.models import Connection, Tunnel


def interruptions_of_policy(policy: Model) -> Callable[[], list[Interruption]]:
    """As `watch_interruptions`, for all connections that use a policy."""
    word = "ike_policy" if isinstance(policy, IKEPolicy) else "ipsec_policy"
    return watch_interruptions(Connection.objects.filter(**{word: policy.pk}))


def watch_interruptions(connections: QuerySet[Connection]) -> Callable[[], list[Interruption]]:
    """Called before an edit; what it returns is called after it, in the same transaction: the
    connections whose tunnel is up now and ends by the edit."""
    rows = connections.select_related("ike_policy", "ipsec_policy")
    before = {row.pk: _terms(row) for row in rows.filter(status="up")}
    tunnels = list(Tunnel.objects.filter(connection__in=before, status="up"))

    def after() -> list[Interruption]:
        edited = Connection.objects.filter(pk__in=before).select_related("ike_policy", "ipsec_policy")
        now = {row.pk: row for row in edited.order_by("name")}
        found = {}
        for tunnel in tunnels:
            ident, agreed = tunnel.connection_id, tunnel.negotiated
            why = ident in now and interruption(
                before[ident],
                _terms(now[ident]),
                version=int(agreed.get("ike_version") or now[ident].ike_offer().version),
                ike_suite=str(agreed.get("ike_suite", "")),
                esp_suite=str(agreed.get("esp_suite", "")),
            )
            if why:
                found[ident] = Interruption(now[ident].name, why)
        return [found[ident] for ident in now if ident in found]

    return after


def _terms(row: Connection) -> Terms:
    return Terms(
        enabled=row.admin_state_up,
        peer=row.peer_key,
        local_id=row.local_identity_text(),
        remote_id=row.peer_identity_text(),
        ike=row.ike_offer(),
        esp=row.esp_offer(),
    )
