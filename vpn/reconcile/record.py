"""Records what was observed; the only writer of observed columns.

Observations carry the moment at which they began, by the host's monotonic clock. An older one
never overwrites a newer one, so reconcile and listener need no order between them.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import fields as fields_of
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from django.db import transaction
from django.db.models import F

from vpn.domain.spec import GatewaySpec
from vpn.domain.state import GatewayState, Reason
from vpn.domain.states import HealthState, LifecycleState
from vpn.domain.status import (
    ConnectionStatus,
    GatewayStatus,
    PairStatus,
    TunnelStatus,
    derive_status,
)
from vpn.models import Connection, Gateway, StatusChange, Tunnel
from vpn.reconcile.clock import as_ticks, boot, ticks
from vpn.reconcile.desired import load_gateway
from vpn.reconcile.restart import last_recorded
from vpn.reconcile.traffic import Traffic, record_traffic, traffic_between

# When the next run is due if no timer requires an earlier one; changes, events and the sweep come anyway.
IDLE_INTERVAL = timedelta(hours=1)
_PAIR = tuple(field.name for field in fields_of(PairStatus) if field.name != "rekey_in")
_pair_values = attrgetter(*_PAIR)


def record_state(
    gateway: Gateway,
    spec: GatewaySpec,
    state: GatewayState,
    *,
    applied: bool,
    requeue_after: timedelta | None = None,
) -> GatewayStatus | None:
    """Derive the status and write it; `applied` says that no step of this spec remained.

    `gateway` is as `load_gateway` gives it. Changes are computed against rows read before
    the transaction, so that it blocks other writers of the database only for its own few writes; if
    another process has recorded since, they are computed again. None if a newer observation is already
    recorded, or the gateway is gone.
    """
    now: Gateway | None = gateway
    while now is not None and (now.observed_boot != boot() or now.observed_ticks < state.ticks):
        status = _derived(now, spec, state, applied=applied)
        before = {(t.connection_id, t.member_id): t for t in Tunnel.objects.filter(connection__gateway=now)}
        with transaction.atomic():
            if _claim(now, state, requeue_after or IDLE_INTERVAL, work_done=gateway.work_requested):
                changed = _record_connections(now, before, status, state.at)
                changed |= _record_members(now, status)
                _record_gateway(now, spec, status, state.at, applied=applied, changed=changed)
                return status
        now = load_gateway(gateway.pk)
    return None


def _derived(gateway: Gateway, spec: GatewaySpec, state: GatewayState, *, applied: bool) -> GatewayStatus:
    return derive_status(
        spec,
        state,
        now=state.at,
        provisioned=gateway.available_at is not None,
        failures=0 if applied else gateway.failures,
        failure=_last_failure(gateway),
    )


def record_failure(gateway: Gateway, message: str, *, requeue_after: timedelta) -> None:
    """Count a failure of the driver; its message is shown until a run succeeds."""
    Gateway.objects.filter(pk=gateway.pk).update(
        failures=F("failures") + 1,
        lifecycle_reasons=[{"code": "internal_error", "message": message}],
        due_ticks=ticks() + as_ticks(requeue_after),
        stamp=F("stamp") + 1,
    )


def _claim(gateway: Gateway, state: GatewayState, requeue_after: timedelta, *, work_done: int) -> bool:
    """Record the observation, unless another one was recorded since the rows were read; whether it was.
    If nothing has changed, this is all that is written.

    `work_done` is the number of runs requested before this observation began: later requests get
    another run.
    """
    same = Gateway.objects.filter(
        pk=gateway.pk, observed_boot=gateway.observed_boot, observed_ticks=gateway.observed_ticks
    )
    return bool(
        same.update(
            observed_at=state.at,
            observed_boot=boot(),
            observed_ticks=state.ticks,
            due_ticks=state.ticks + as_ticks(requeue_after),
            work_done=work_done,
        )
    )


def _last_failure(gateway: Gateway) -> str:
    return gateway.lifecycle_reasons[0]["message"] if gateway.lifecycle_reasons else ""


def _reasons(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    return [reason.body() for reason in reasons]


def _record_connections(
    gateway: Gateway, before: dict[tuple[UUID, UUID], Tunnel], status: GatewayStatus, at: datetime
) -> bool:
    """A connection that was deleted since is left out, one created since keeps its first status."""
    rows = {row.id: row for row in gateway.connections.all()}
    changed = False
    traffic: dict[UUID, Traffic] = {}
    new: list[Tunnel] = []
    for connection in status.connections.values():
        row = rows.get(connection.id)
        if row is None:
            continue
        changed |= _record_connection(gateway, row, connection, at)
        for tunnel in connection.tunnels:
            known = before.get((tunnel.connection_id, tunnel.member_id))
            if known is None:
                new.append(_new_tunnel(tunnel, at))
            else:
                changed |= _record_tunnel(known, tunnel, at)
            if added := traffic_between(known.pairs if known else (), tunnel.pairs):
                traffic[row.id] = traffic.get(row.id, Traffic()) + added
    if new or traffic:
        existing = set(Connection.objects.filter(gateway=gateway).values_list("id", flat=True))
        Tunnel.objects.bulk_create([t for t in new if t.connection_id in existing], ignore_conflicts=True)
        carried_here = {ident: added for ident, added in traffic.items() if ident in existing}
        record_traffic(carried_here, at, gateway.observed_at)
    return changed or bool(new)


def _record_connection(gateway: Gateway, row: Connection, status: ConnectionStatus, at: datetime) -> bool:
    reasons = _reasons(status.reasons)
    if row.status == status.status and row.status_reasons == reasons:
        return False
    fields: dict[str, object] = {"status": status.status, "status_reasons": reasons}
    if row.status != status.status or row.status_changed_at is None:
        fields["status_changed_at"] = at
    message = " ".join(reason.message for reason in status.reasons)
    previous = last_recorded(gateway, row, row.status_reasons)
    is_new = previous is None or (previous.status, previous.message) != (status.status, message)
    if previous and previous.status == status.status:
        fields["status_changed_at"] = previous.at
    updated = Connection.objects.filter(pk=row.pk).update(**fields)
    if updated and is_new and (row.status != status.status or reasons):
        StatusChange.objects.create(
            gateway=gateway, connection=row, at=at, status=status.status, message=message
        )
    return bool(updated)


def _new_tunnel(tunnel: TunnelStatus, at: datetime) -> Tunnel:
    ids = {"connection_id": tunnel.connection_id, "member_id": tunnel.member_id}
    return Tunnel(**ids, changed_at=at, **_tunnel_fields(None, tunnel, at))


def _record_tunnel(row: Tunnel, tunnel: TunnelStatus, at: datetime) -> bool:
    """Counters are written too, but only a change of state makes a page redraw."""
    fields = _tunnel_fields(row, tunnel, at)
    if all(getattr(row, name) == value for name, value in fields.items()):
        return False
    if row.status != tunnel.status:
        fields["changed_at"] = at
    Tunnel.objects.filter(pk=row.pk).update(**fields)
    return True


def _tunnel_fields(row: Tunnel | None, tunnel: TunnelStatus, at: datetime) -> dict[str, object]:
    return {
        "status": tunnel.status,
        "reasons": _reasons(tunnel.reasons),
        "negotiated": _negotiated(row.negotiated if row else {}, tunnel, at),
        "pairs": _pairs(row.pairs if row else [], tunnel, at),
    }


def _pairs(before: list[dict[str, object]], tunnel: TunnelStatus, at: datetime) -> list[dict[str, object]]:
    known = {pair["spi_in"]: pair.get("rekey_at") for pair in before}
    return [
        dict(zip(_PAIR, _pair_values(pair), strict=True))
        | {"rekey_at": _stable_time(known.get(pair.spi_in), _due(at, pair.rekey_in))}
        for pair in tunnel.pairs
    ]


def _negotiated(before: dict[str, object], tunnel: TunnelStatus, at: datetime) -> dict[str, object]:
    if tunnel.negotiated is None:
        return {}
    now = asdict(tunnel.negotiated)
    due = _due(at, now.pop("rekey_in"))
    return now | {
        "established_at": _stable_time(before.get("established_at"), tunnel.negotiated.established_at),
        "rekey_at": _stable_time(before.get("rekey_at"), due),
    }


def _due(at: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else at + timedelta(seconds=seconds)


def _stable_time(before: object, now: datetime | None) -> str | None:
    """`before` if it differs by at most two seconds: times are computed from ages in whole seconds, so the
    same moment varies a little with every observation."""
    known = datetime.fromisoformat(str(before)) if before else None
    if known and now and abs(known - now) <= timedelta(seconds=2):
        return known.isoformat()
    return now.replace(microsecond=0).isoformat() if now else None


def _record_members(gateway: Gateway, status: GatewayStatus) -> bool:
    changed = False
    for member in gateway.members.all():
        seen = status.members[member.id]
        fields = {
            "role": seen.role.value,
            "health_state": seen.health_state.value,
            "health_reasons": _reasons(seen.health_reasons),
        }
        if any(getattr(member, name) != value for name, value in fields.items()):
            type(member).objects.filter(pk=member.pk).update(**fields)
            changed = True
    return changed


def _record_gateway(
    gateway: Gateway,
    spec: GatewaySpec,
    status: GatewayStatus,
    at: datetime,
    *,
    applied: bool,
    changed: bool,
) -> None:
    fields: dict[str, object] = {
        "lifecycle_state": status.lifecycle_state.value,
        "health_state": status.health_state.value,
        "lifecycle_reasons": _reasons(status.lifecycle_reasons),
        "health_reasons": _reasons(status.health_reasons),
    }
    if applied:
        fields["observed_generation"] = spec.generation
        fields["failures"] = 0
    else:
        fields.pop("lifecycle_reasons")
    if status.lifecycle_state is LifecycleState.STABLE and gateway.available_at is None:
        fields["available_at"] = at
    if (gateway.lifecycle_state, gateway.health_state) != (
        fields["lifecycle_state"],
        fields["health_state"],
    ):
        message = " ".join(r.message for r in (*status.lifecycle_reasons, *status.health_reasons))
        previous = last_recorded(gateway, None, gateway.health_reasons)
        if previous is None or (previous.status, previous.message) != (_history_word(status), message):
            StatusChange.objects.create(gateway=gateway, at=at, status=_history_word(status), message=message)
    changed |= any(getattr(gateway, name) != value for name, value in fields.items())
    if changed:
        Gateway.objects.filter(pk=gateway.pk).update(**fields, stamp=F("stamp") + 1)


def _history_word(status: GatewayStatus) -> str:
    """The status that the history shows: the lifecycle state or, once stable, the health state."""
    if status.lifecycle_state is not LifecycleState.STABLE:
        return status.lifecycle_state.value
    return "available" if status.health_state is HealthState.OK else status.health_state.value
