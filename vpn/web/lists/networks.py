"""The lists of VPCs, subnets and instances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from console.core.actor import Actor, Role
from console.core.identifiers import parse_uuid
from console.core.web.lists.declare import (
    Action,
    Column,
    Effect,
    Filter,
    Found,
    ListSpec,
    Rows,
    Search,
    created_column,
    fixed,
    name_column,
    natural,
)
from vpn.models import AddressPrefix, Gateway, Instance, Subnet, Vpc
from vpn.services import networks, subnets
from vpn.web.lists.cidr_search import address_key, at, block_key, block_of
from vpn.web.lists.network_filters import by_subnet, by_vpc
from vpn.web.lists.network_rows import SubnetShown, VpcShown, plain


def _vpcs(actor: Actor) -> Rows:
    rows = Vpc.objects.owned_by(actor).prefetch_related("address_prefixes")
    return rows.annotate(
        subnet_count=Count("subnets", distinct=True), gateway_count=Count("gateways", distinct=True)
    )


def _subnets(actor: Actor) -> Rows:
    rows = Subnet.objects.owned_by(actor).select_related("vpc")
    return rows.annotate(
        gateway_count=Count("gateways", distinct=True), instance_count=Count("instances", distinct=True)
    )


def _instances(actor: Actor) -> Rows:
    return Instance.objects.owned_by(actor).select_related("subnet__vpc")


def _find_vpc(rows: Rows, actor: Actor, text: str) -> Found:
    block = block_of(text)
    if block is None:
        return _named(rows, text, Q(), "VPCs with “{}” in their name:")
    prefixes = AddressPrefix.objects.owned_by(actor).values_list("vpc_id", "cidr")
    blocks = Subnet.objects.owned_by(actor).values_list("vpc_id", "ipv4_cidr_block")
    keys = {key for key, cidr in (*prefixes, *blocks) if block.overlaps(cidr)}
    description = (
        f"VPCs with an address prefix or a subnet that {_contain_or_overlap(block.single)} {block.text}:"
    )
    return Found(rows.filter(pk__in=keys), description)


def _find_subnet(rows: Rows, actor: Actor, text: str) -> Found:
    block = block_of(text)
    if block is None:
        return _named(
            rows, text, Q(vpc__name__icontains=text), "Subnets with “{}” in their name or their VPC's name:"
        )
    known = Subnet.objects.owned_by(actor).values_list("pk", "ipv4_cidr_block")
    keys = [key for key, cidr in known if block.overlaps(cidr)]
    return Found(
        rows.filter(pk__in=keys), f"Subnets that {_contain_or_overlap(block.single, many=True)} {block.text}:"
    )


def _find_instance(rows: Rows, actor: Actor, text: str) -> Found:
    block = block_of(text)
    if block is None:
        also = Q(address__startswith=text) | Q(subnet__name__icontains=text)
        return _named(rows, text, also, "Instances with “{}” in their name, address or subnet:")
    known = Instance.objects.owned_by(actor).values_list("pk", "address")
    return Found(rows.filter(at(("address",), block, known)), f"Instances with an address in {block.text}:")


def _named(rows: Rows, text: str, also: Q, description: str) -> Found:
    return Found(
        rows.filter(Q(name__icontains=text) | Q(pk=parse_uuid(text)) | also), description.format(text)
    )


def _contain_or_overlap(single: bool, *, many: bool = False) -> str:
    word = "contain" if single else "overlap"
    return word if many else f"{word}s"


def _shown_subnets(actor: Actor, rows: Sequence[Any], search: str) -> list[SubnetShown]:
    """Reads the gateways of all rows in one query."""
    gateways: dict[Any, list[Any]] = defaultdict(list)
    found = Gateway.objects.filter(subnet__in=[row.pk for row in rows]).only("id", "name", "subnet_id")
    for gateway in sorted(found, key=lambda one: natural(one.name)):
        gateways[gateway.subnet_id].append(gateway)
    return [SubnetShown(row, gateways[row.pk]) for row in rows]


def _blocked(parts: Iterable[tuple[int, str]]) -> Effect:
    """The effect of a deletion, which is refused while anything is inside."""
    left = [f"{count} {noun}{'s' if count != 1 else ''}" for count, noun in parts if count]
    return Effect(refusal=f"It contains {' and '.join(left)}.") if left else Effect(("it is empty",))


def _vpc_effects(actor: Actor, rows: Sequence[Any]) -> list[Effect]:
    return [_blocked([(row.subnet_count, "subnet")]) for row in rows]


def _subnet_effects(actor: Actor, rows: Sequence[Any]) -> list[Effect]:
    return [_blocked([(row.gateway_count, "gateway"), (row.instance_count, "instance")]) for row in rows]


def _instance_effects(actor: Actor, rows: Sequence[Any]) -> list[Effect]:
    return [Effect((f"its address {row.address} in {row.subnet.name} is released",)) for row in rows]


def _delete(run: Any, effects: Any, *stays: str) -> tuple[Action, ...]:
    action = Action(
        key="delete",
        label="Delete",
        role=Role.EDITOR,
        run=lambda actor, row: run(actor, row.pk),
        effects=effects,
        done="deleted",
        stays=stays,
        typed=True,
    )
    return (action,)


def _by_zone(path: str) -> Filter:
    return Filter(
        key="zone",
        label="Zone",
        options=lambda actor: [(zone, zone) for zone in settings.ZONES],
        narrow=lambda rows, actor, value: rows.filter(**{path: value}),
    )


VPCS = ListSpec(
    noun="VPC",
    plural="VPCs",
    url="networks",
    bulk="vpcs_bulk",
    rows=_vpcs,
    shown=lambda actor, rows, search: [VpcShown(row) for row in rows],
    default="name",
    columns=(
        name_column(),
        Column(key="prefixes", label="Address prefixes", text=lambda s: s.prefixes),
        Column(key="subnets", label="Subnets", text=lambda s: s.row.subnet_count, sort=("subnet_count",)),
        Column(key="gateways", label="Gateways", text=lambda s: s.row.gateway_count, sort=("gateway_count",)),
        created_column(),
    ),
    search=Search(hint="Name, an address, or a CIDR.", find=_find_vpc),
    filters=(
        fixed(
            "used",
            "Gateways",
            {"yes": ("with gateways", Q(gateway_count__gt=0)), "no": ("without", Q(gateway_count=0))},
        ),
    ),
    actions=_delete(networks.delete_vpc, _vpc_effects, "the audit trail"),
)
SUBNETS = ListSpec(
    noun="subnet",
    plural="subnets",
    url="subnets",
    bulk="subnets_bulk",
    rows=_subnets,
    shown=_shown_subnets,
    default="name",
    columns=(
        name_column(),
        Column(key="vpc", label="VPC", text=lambda s: s.row.vpc.name, value="vpc__name", by=natural),
        Column(
            key="cidr",
            label="CIDR",
            text=lambda s: s.row.ipv4_cidr_block,
            value="ipv4_cidr_block",
            by=block_key,
        ),
        Column(key="zone", label="Zone", text=lambda s: s.row.zone, sort=("zone",)),
        Column(
            key="gateways",
            label="Used by gateways",
            text=lambda s: [one.name for one in s.gateways],
            sort=("gateway_count",),
        ),
        Column(
            key="instances", label="Instances", text=lambda s: s.row.instance_count, sort=("instance_count",)
        ),
        created_column(),
    ),
    search=Search(hint="Name or VPC, an address, or a CIDR.", find=_find_subnet),
    filters=(
        by_vpc("vpc_id"),
        _by_zone("zone"),
        fixed(
            "used",
            "Gateways",
            {"yes": ("with gateways", Q(gateway_count__gt=0)), "no": ("without", Q(gateway_count=0))},
        ),
    ),
    actions=_delete(
        subnets.delete_subnet, _subnet_effects, "the VPC and its other subnets", "the audit trail"
    ),
)
INSTANCES = ListSpec(
    noun="instance",
    plural="instances",
    url="instances",
    bulk="instances_bulk",
    rows=_instances,
    shown=lambda actor, rows, search: plain(rows),
    default="name",
    columns=(
        name_column(),
        Column(key="address", label="Address", text=lambda s: s.row.address, value="address", by=address_key),
        Column(
            key="subnet",
            label="Subnet / VPC",
            text=lambda s: f"{s.row.subnet.name} / {s.row.subnet.vpc.name}",
            sort=("subnet__vpc__name", "subnet__name"),
        ),
        created_column(),
    ),
    search=Search(hint="Name or subnet, an address, or a CIDR.", find=_find_instance),
    filters=(
        by_vpc("subnet__vpc_id"),
        by_subnet("subnet_id"),
    ),
    actions=_delete(subnets.delete_instance, _instance_effects, "the subnet", "the audit trail"),
)
NETWORKS = {"vpc": VPCS, "subnet": SUBNETS, "instance": INSTANCES}
