"""Which tunnels a change would end, according to the last observation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils import timezone

from console.core.registry import Interruption
from policies.models import IKEPolicy, IPsecPolicy
from vpn.domain.interruptions import Terms, UpTunnel, endings
from vpn.domain.spec import Selector
from vpn.models import Connection, Gateway, Tunnel
from vpn.services.connections import cidrs_of

_BEING_DELETED = "the gateway is deleted"


class _Observed(NamedTuple):
    """Connections ordered by name; `up` are the tunnels that are up."""

    terms: dict[UUID, Terms]
    names: dict[UUID, str]
    up: list[tuple[UUID, UpTunnel]]

    def interrupted(self, after: dict[UUID, Terms]) -> list[Interruption]:
        found = endings(self.terms, after, self.up)
        return [
            Interruption(name, found[ident].why, found[ident].extent.value)
            for ident, name in self.names.items()
            if ident in found
        ]


def interruptions_of(edited: Model) -> Callable[[], list[Interruption]]:
    """As `watch_interruptions`, for a connection, those of a gateway, or those that use a policy."""
    rows = Connection.objects.all()
    match edited:
        case Connection():
            return watch_interruptions(rows.filter(pk=edited.pk))
        case Gateway():
            return watch_interruptions(rows.filter(gateway=edited))
        case IKEPolicy():
            return watch_interruptions(rows.filter(ike_policy=edited))
        case IPsecPolicy():
            return watch_interruptions(rows.filter(ipsec_policy=edited))
        case _:
            return list


def watch_interruptions(connections: QuerySet[Connection]) -> Callable[[], list[Interruption]]:
    """Called before a change; what it returns is called after it, in the same transaction: the
    connections whose tunnel is up now and ends by the change, wholly or in part."""
    seen = _observed(connections)
    return lambda: seen.interrupted(_by_id(_rows(seen.terms)))


def interrupted_by_disabling(connections: QuerySet[Connection]) -> list[Interruption]:
    """Those whose tunnel is up."""
    return _predicted(connections, lambda terms: replace(terms, off="the connection is disabled"))


def interrupted_by_enabling(connections: QuerySet[Connection]) -> list[Interruption]:
    """Those that share an IKE SA with one of them, and may end with it."""
    return _predicted(connections, lambda terms: replace(terms, off=""))


def interrupted_by_deleting(
    connections: QuerySet[Connection], why: str = "the connection is deleted"
) -> list[Interruption]:
    """Those whose tunnel is up."""
    return _predicted(connections, lambda terms: replace(terms, off=why))


def interrupted_by_deleting_gateways(gateways: QuerySet[Gateway]) -> list[Interruption]:
    return interrupted_by_deleting(Connection.objects.filter(gateway__in=gateways), _BEING_DELETED)


def interrupted_by_restarting(connections: QuerySet[Connection]) -> list[Interruption]:
    """Those whose tunnel is up, and those that share its IKE SA."""
    now = timezone.now()
    return _predicted(connections, lambda terms: replace(terms, restart_at=now))


def _predicted(connections: QuerySet[Connection], change: Callable[[Terms], Terms]) -> list[Interruption]:
    seen = _observed(connections)
    meant = set(connections.filter(pk__in=seen.terms).values_list("pk", flat=True))
    return seen.interrupted(
        {ident: change(terms) if ident in meant else terms for ident, terms in seen.terms.items()}
    )


def _observed(connections: QuerySet[Connection]) -> _Observed:
    """Where an IKE SA of an older form is up, also the others of its gateway, which may share it, and
    those of `connections` that are down."""
    up = list(_up(connections.filter(status="up")))
    known = {ident for ident, _ in up}
    mine = connections.values("gateway")
    older = Tunnel.objects.filter(status="up", negotiated__older=True, connection__gateway__in=mine)
    gateways = older.values("connection__gateway")
    up += _up(Connection.objects.filter(gateway__in=gateways, status="up").exclude(pk__in=known))
    idents = {ident for ident, _ in up}
    if any(tunnel.older for _, tunnel in up):
        idents |= set(connections.values_list("pk", flat=True))
    rows = list(_rows(idents))
    names = {row.pk: row.name for row in rows}
    return _Observed(_by_id(rows), names, [(ident, tunnel) for ident, tunnel in up if ident in names])


def _rows(idents: Iterable[UUID]) -> QuerySet[Connection]:
    rows = Connection.objects.filter(pk__in=idents).select_related("gateway", "ike_policy", "ipsec_policy")
    return rows.prefetch_related("cidrs").order_by("name")


def _by_id(rows: Iterable[Connection]) -> dict[UUID, Terms]:
    return {row.pk: _terms(row) for row in rows}


def _up(connections: QuerySet[Connection]) -> Iterator[tuple[UUID, UpTunnel]]:
    for row in Tunnel.objects.filter(connection__in=connections, status="up"):
        agreed = row.negotiated
        yield (
            row.connection_id,
            UpTunnel(
                version=int(agreed.get("ike_version") or 0),
                ike_suite=str(agreed.get("ike_suite", "")),
                esp_suite=str(agreed.get("esp_suite", "")),
                pairs=frozenset(_installed(row.pairs)),
                older=bool(agreed.get("older")),
            ),
        )


def _installed(pairs: Iterable[dict[str, Any]]) -> Iterator[Selector]:
    return (Selector(pair["local"], pair["remote"]) for pair in pairs if pair["state"] == "installed")


def _terms(row: Connection) -> Terms:
    local, peer = cidrs_of(row)
    off = "" if row.admin_state_up else "the connection is disabled"
    return Terms(
        off=_BEING_DELETED if row.gateway.deleted_at else off,
        peer=row.address,
        local_id=row.local_identity_text(),
        remote_id=row.peer_identity_text(),
        ike=row.ike_offer(),
        esp=row.esp_offer(),
        pairs=frozenset(Selector(one, other) for one in local for other in peer),
        gateway=row.gateway_id,
        restart_at=row.restart_at,
    )
