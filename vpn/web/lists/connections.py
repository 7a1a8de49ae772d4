"""The list of connections, of all gateways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse

from console.core.actor import Actor, Role
from console.core.identifiers import parse_uuid
from console.core.web.lists.declare import (
    LOWEST,
    OLDEST,
    Action,
    Column,
    Effect,
    ListSpec,
    Rows,
    Search,
    name_column,
    natural,
)
from console.core.web.lists.views import bulk_page, list_page
from console.core.web.pages import form_page, page
from console.core.web.requests import ConsoleRequest
from vpn.models import Connection, Gateway
from vpn.services.connections import delete_connection, update_connection
from vpn.services.interruptions import (
    interrupted_by_deleting,
    interrupted_by_disabling,
    interrupted_by_enabling,
)
from vpn.web.lists.cidr_search import address_key
from vpn.web.lists.connection_filters import FILTERS, find
from vpn.web.lists.connection_rows import Line, lines
from vpn.web.page_versions import version_with_counters

# Only the columns that are shown, and never the encrypted key.
_READ = (
    "account_id",
    "name",
    "peer_address",
    "peer_fqdn",
    "resolved_address",
    "admin_state_up",
    "status",
    "status_reasons",
    "status_changed_at",
)


def _rows(actor: Actor) -> Rows:
    rows = Connection.objects.owned_by(actor).select_related("gateway")
    return rows.only(*_READ, "gateway__name", "gateway__deleted_at")


def _shown(actor: Actor, rows: Sequence[Any], search: str) -> list[Line]:
    return lines(rows, search)


def _switch(actor: Actor, row: Any, *, on: bool) -> None:
    if row.admin_state_up != on:
        update_connection(actor, row.gateway_id, row.pk, {"admin_state_up": on})


def _enabled(actor: Actor, rows: Sequence[Any]) -> list[Effect]:
    return [_switch_effect(row, True, f"The tunnel to {row.peer} will be negotiated.") for row in rows]


def _disabled(actor: Actor, rows: Sequence[Any]) -> list[Effect]:
    return [_switch_effect(line.row, False, *_ends(line)) for line in lines(rows, "")]


def _switch_effect(row: Connection, on: bool, *effects: str) -> Effect:
    if (busy := _being_deleted(row)) is not None:
        return busy
    if row.admin_state_up == on:
        return Effect((f"It is {'enabled' if on else 'disabled'} already: nothing changes.",))
    return Effect(effects)


def _deleted(actor: Actor, rows: Sequence[Any]) -> list[Effect]:
    key = "Its pre-shared key and its history are deleted too."
    return [_being_deleted(line.row) or Effect((*_ends(line), key)) for line in lines(rows, "")]


def _ends(line: Line) -> tuple[str, ...]:
    row = line.row
    where = f"on gateway {row.gateway.name}, peer {row.peer}"
    carried = f"{', '.join(line.local)} to {', '.join(line.peer)}"
    now = "the tunnel ends, and with it traffic from" if line.word == "up" else "no tunnel is up from"
    return (f"{where}: {now} {carried}.",)


def _being_deleted(row: Connection) -> Effect | None:
    if row.gateway.deleted_at is None:
        return None
    return Effect(refusal=f"The gateway {row.gateway.name} is being deleted.")


def _chosen(rows: Sequence[Any]) -> Rows:
    return Connection.objects.filter(pk__in=[row.pk for row in rows])


def _announce(rows: Sequence[Any], total: int) -> str:
    down = [line.row.name for line in rows if line.word == "down"]
    names = f": {', '.join(down[:3])}{' and others' if len(down) > 3 else ''}" if down else ""
    return f"{total} connections, {len(down)} of those shown down{names}."


_COLUMNS = (
    name_column(),
    Column(
        key="gateway",
        label="Gateway",
        text=lambda line: line.row.gateway.name,
        value="gateway__name",
        by=natural,
    ),
    Column(
        key="peer",
        label="Peer",
        text=lambda line: line.row.peer,
        value="peer_address",
        by=address_key,
        ways=LOWEST,
    ),
    Column(
        key="admin",
        label="Admin state",
        text=lambda line: "enabled" if line.row.admin_state_up else "disabled",
        sort=("-admin_state_up",),
    ),
    Column(
        key="status",
        label="Status",
        text=lambda line: f"{line.word}: {line.why}" if line.why else line.word,
        sort=("-admin_state_up", "status"),
    ),
    Column(
        key="pairs",
        label="CIDR pairs up",
        text=lambda line: f"{len(line.up)} of {line.wanted}",
    ),
    Column(
        key="suite",
        label="IKE version and suite",
        text=lambda line: [line.version, line.suite] if line.version else "",
    ),
    Column(
        key="changed",
        label="Last change",
        text=lambda line: line.since.isoformat(timespec="seconds") if line.since else "",
        sort=("status_changed_at",),
        ways=OLDEST,
    ),
    Column(key="in", label="In", text=lambda line: line.bytes_in),
    Column(key="out", label="Out", text=lambda line: line.bytes_out),
)  # fmt: skip

CONNECTIONS = ListSpec(
    noun="connection",
    plural="connections",
    url="connections",
    bulk="connections_bulk",
    rows=_rows,
    shown=_shown,
    default="name",
    columns=_COLUMNS,
    search=Search(
        hint="Name, gateway or peer, an address, or a CIDR: 10.1.2.3 finds the tunnel that carries it.",
        find=find,
    ),
    filters=FILTERS,
    actions=(
        Action(
            key="enable",
            label="Enable",
            role=Role.OPERATOR,
            run=lambda actor, row: _switch(actor, row, on=True),
            effects=_enabled,
            done="enabled",
            interrupts=lambda actor, rows: interrupted_by_enabling(_chosen(rows)),
        ),
        Action(
            key="disable",
            label="Disable",
            role=Role.OPERATOR,
            run=lambda actor, row: _switch(actor, row, on=False),
            effects=_disabled,
            done="disabled",
            interrupts=lambda actor, rows: interrupted_by_disabling(_chosen(rows)),
            stays=("the connections with their keys, CIDRs and policies: they can be enabled again",),
        ),
        Action(
            key="delete",
            label="Delete",
            role=Role.EDITOR,
            typed=True,
            run=lambda actor, row: delete_connection(actor, row.gateway_id, row.pk),
            effects=_deleted,
            done="deleted",
            interrupts=lambda actor, rows: interrupted_by_deleting(_chosen(rows)),
            stays=("their gateways with all other connections", "IKE and IPsec policies", "the audit trail"),
        ),
    ),
    place=("Gateway", lambda row: row.gateway.name),
    page_version=version_with_counters,
    announce=_announce,
    size=50,
)


@page()
def connection_list(request: ConsoleRequest) -> HttpResponse:
    """All connections of the account, with the filters and the order of the URL."""
    gateway = parse_uuid(request.GET.get("gateway", ""))
    mine = Gateway.objects.owned_by(request.actor).filter(deleted_at__isnull=True)
    on_gateway = gateway if gateway and not request.htmx and mine.filter(pk=gateway).exists() else None
    return list_page(request, CONNECTIONS, "vpn/connections/list.html", {"on_gateway": on_gateway})


@form_page(Role.OPERATOR)
def connections_bulk(request: ConsoleRequest) -> HttpResponse:
    return bulk_page(request, CONNECTIONS)
