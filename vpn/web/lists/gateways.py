"""The list of gateways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, Q
from django.http import HttpResponse

from console.core.actor import Actor, Role
from console.core.identifiers import parse_uuid
from console.core.web.lists.declare import (
    LOWEST,
    Action,
    Column,
    Effect,
    Found,
    ListSpec,
    Rows,
    Search,
    created_column,
    fixed,
    name_column,
)
from console.core.web.lists.views import bulk_page, list_page
from console.core.web.pages import form_page, page
from console.core.web.requests import ConsoleRequest
from vpn.domain.states import HealthState, LifecycleState, label_of
from vpn.models import Connection, Gateway, GatewayMember, Subnet
from vpn.services.gateways import delete_gateway, gateways_of
from vpn.services.interruptions import interrupted_by_deleting_gateways
from vpn.web.lists.cidr_search import Block, address_key, at, block_of
from vpn.web.lists.network_filters import by_subnet, by_vpc
from vpn.web.page_versions import version_without_counters
from vpn.web.shown import GatewayShown

_DELETED = Q(deleted_at__isnull=False)


def with_label(label: str) -> Q:
    """Gateways with this label: those in the states that `label_of` calls so."""
    found = Q(pk__in=[])
    for lifecycle in LifecycleState:
        healths = [health for health in HealthState if label_of(lifecycle, health) == label]
        if healths:
            found |= Q(lifecycle_state=lifecycle, health_state__in=healths)
    return _DELETED | found if label == LifecycleState.DELETING else found & ~_DELETED


_STATUS = {
    label: (label, with_label(label)) for label in ("available", "degraded", "failed", "pending", "deleting")
}
_CONNECTIONS = {
    "down": ("some down", Q(total__gt=F("up") + F("off"))),
    "up": ("all up", Q(total__gt=0, total=F("up") + F("off"))),
    "none": ("none yet", Q(total=0)),
}


def _rows(actor: Actor) -> Rows:
    """With the number of connections of each: `up`, `off` (disabled) and `total`."""
    enabled = Q(connections__admin_state_up=True)
    return gateways_of(actor).annotate(
        total=Count("connections"),
        up=Count("connections", filter=Q(connections__status="up") & enabled),
        off=Count("connections", filter=~enabled & Q(connections__isnull=False)),
    )


def _shown(actor: Actor, rows: Sequence[Any], search: str) -> list[GatewayShown]:
    return [GatewayShown(row, row.up, row.total) for row in rows]


def _find(rows: Rows, actor: Actor, text: str) -> Found:
    block = block_of(text)
    if block is None:
        parts = Q(name__icontains=text) | Q(public_address__icontains=text)
        parts |= Q(subnet__name__icontains=text) | Q(vpc__name__icontains=text) | Q(pk=parse_uuid(text))
        return Found(rows.filter(parts), f"Gateways with “{text}” in their name, address, subnet or VPC:")
    mine = Gateway.objects.owned_by(actor)
    parts = at(("public_address",), block, mine.values_list("pk", "public_address"))
    parts |= Q(subnet__in=_subnets(actor, block)) | Q(pk__in=_of_members(actor, block))
    if block.single:
        description = f"Gateways that have the address {block.text}, or whose subnet contains it:"
    else:
        description = f"Gateways with an address in {block.text}, or with a subnet that overlaps it:"
    return Found(rows.filter(parts), description)


def _subnets(actor: Actor, block: Block) -> list[Any]:
    known = Subnet.objects.owned_by(actor).values_list("pk", "ipv4_cidr_block")
    return [key for key, cidr in known if block.overlaps(cidr)]


def _of_members(actor: Actor, block: Block) -> list[Any]:
    members = GatewayMember.objects.filter(gateway__account_id=actor.account_id)
    known = members.values_list("gateway_id", "private_address")
    return [key for key, address in known if block.contains(address)]


def _effects(actor: Actor, rows: Sequence[Any]) -> list[Effect]:
    connections: dict[Any, list[str]] = {row.pk: [] for row in rows}
    named = Connection.objects.filter(gateway__in=connections).order_by("name")
    for key, name, address, fqdn in named.values_list("gateway_id", "name", "peer_address", "peer_fqdn"):
        connections[key].append(f"the connection {name} to {fqdn or address}, with its pre-shared key")
    return [_effect(row, connections[row.pk]) for row in rows]


def _effect(row: Gateway, connections: list[str]) -> Effect:
    if row.deleted_at is not None:
        return Effect(("It is being deleted already: nothing changes.",))
    own = f"the gateway with its two members, its history and its public address {row.public_address}"
    return Effect((own, *(connections or ["no connections"])))


GATEWAYS = ListSpec(
    noun="gateway",
    plural="gateways",
    url="gateways",
    bulk="gateways_bulk",
    rows=_rows,
    shown=_shown,
    default="-created",
    columns=(
        name_column(),
        Column(
            key="status",
            label="Status",
            text=lambda shown: shown.word,
            sort=("deleted_at", "lifecycle_state", "health_state"),
        ),
        Column(key="health", label="Health", text=lambda s: s.row.health_state, sort=("health_state",)),
        Column(
            key="connections",
            label="Connections up",
            text=lambda shown: f"{shown.up} of {shown.total}",
            sort=("total",),
            ways=LOWEST,
        ),
        Column(
            key="address",
            label="Public IP",
            text=lambda shown: shown.row.public_address,
            value="public_address",
            by=address_key,
            ways=LOWEST,
        ),
        Column(
            key="subnet",
            label="Subnet / VPC",
            text=lambda shown: f"{shown.row.subnet.name} / {shown.row.vpc.name}",
            sort=("vpc__name", "subnet__name"),
        ),
        Column(key="mode", label="Mode", text=lambda shown: shown.row.mode, sort=("mode",)),
        created_column(),
    ),
    search=Search(hint="Name, VPC or subnet, an address, or a CIDR.", find=_find),
    filters=(
        fixed("status", "Status", _STATUS),
        fixed("connections", "Connections", _CONNECTIONS),
        by_vpc("vpc_id"),
        by_subnet("subnet_id"),
    ),
    actions=(
        Action(
            key="delete",
            label="Delete",
            role=Role.EDITOR,
            typed=True,
            run=lambda actor, row: delete_gateway(actor, row.pk),
            effects=_effects,
            done="is being deleted",
            interrupts=lambda actor, rows: interrupted_by_deleting_gateways(
                Gateway.objects.filter(pk__in=[row.pk for row in rows])
            ),
            stays=(
                "subnets, VPCs and their instances",
                "all IKE and IPsec policies",
                "the audit trail",
            ),
        ),
    ),
    page_version=version_without_counters,
    announce=lambda rows, total: (
        f"{total} gateways, {sum(r.up for r in rows)} of {sum(r.total for r in rows)} connections up."
    ),
)


@page()
def gateway_list(request: ConsoleRequest) -> HttpResponse:
    """All gateways of the account, with the filters and the order of the URL."""
    return list_page(request, GATEWAYS, "vpn/gateways/list.html")


@form_page(Role.EDITOR)
def gateways_bulk(request: ConsoleRequest) -> HttpResponse:
    return bulk_page(request, GATEWAYS)
