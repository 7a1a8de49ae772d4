"""The search and the filters of the list of connections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from console.core.actor import Actor
from console.core.identifiers import parse_uuid
from console.core.web.lists.declare import Filter, Found, Rows, fixed, reference
from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION
from policies.domain.verdicts import Strength
from policies.models import IKEPolicy, IPsecPolicy
from policies.strength import warnings_of
from vpn.domain.reasons import SENTENCES
from vpn.models import Connection, ConnectionCidr, Gateway, Tunnel
from vpn.web.lists.cidr_search import Block, at, block_of
from vpn.web.lists.network_filters import by_vpc

_AGES = {"90": "older than 90 days", "365": "older than a year"}


def find(rows: Rows, actor: Actor, text: str) -> Found:
    """An address or CIDR finds the tunnels that carry it; other texts are searched for in names."""
    block = block_of(text)
    if block is None:
        cidrs = ConnectionCidr.objects.filter(connection__account=actor.account_id, cidr__startswith=text)
        parts = Q(name__icontains=text) | Q(pk=parse_uuid(text))
        parts |= Q(peer_address__icontains=text) | Q(peer_fqdn__icontains=text)
        parts |= Q(gateway__name__icontains=text) | Q(pk__in=cidrs.values("connection"))
        return Found(rows.filter(parts), f"Connections with “{text}” in their name, gateway, peer or CIDRs:")
    return Found(rows.filter(_carries(actor, block)), _describe(block))


def _carries(actor: Actor, block: Block) -> Q:
    mine = Connection.objects.owned_by(actor)
    # Not a correlated subquery: the database would scan the index of bounds once per connection.
    cidrs = ConnectionCidr.objects.filter(first__lte=block.last, last__gte=block.first)
    keys = cidrs.filter(connection__account=actor.account_id).values("connection")
    columns = ("peer_address", "resolved_address")
    found = Q(pk__in=keys) | at(columns, block, mine.values_list("pk", *columns))
    gateways = Gateway.objects.owned_by(actor)
    near = [pk for pk, address in gateways.values_list("pk", "public_address") if block.contains(address)]
    return found | Q(gateway__in=near)


def _describe(block: Block) -> str:
    if block.single:
        return (
            f"Connections that carry {block.text} (a local or peer CIDR contains it), "
            "or whose peer or gateway has that address:"
        )
    return (
        f"Connections with a local or peer CIDR that overlaps {block.text}, "
        "or with a peer or gateway address in it:"
    )


def _weak_words() -> Iterator[Q]:
    """Matches negotiated suites that contain an algorithm that is not recommended."""
    yield Q(negotiated__ike_version=1)
    for one in (*ENCRYPTION.values(), *AUTHENTICATION.values(), *DH_GROUPS.values()):
        for name, verdict in (("ike_suite", one.ike), ("esp_suite", one.esp)):
            if verdict.strength is not Strength.OK:
                yield Q(**{f"negotiated__{name}__icontains": one.keyword})


def _weak(rows: Rows, actor: Actor, value: str) -> Rows:
    tunnels = Tunnel.objects.filter(reduce(or_, _weak_words()), connection=OuterRef("pk"))
    ike = [p.pk for p in IKEPolicy.objects.owned_by(actor) if warnings_of(p)]
    ipsec = [p.pk for p in IPsecPolicy.objects.owned_by(actor) if warnings_of(p)]
    chosen = Q(ike_policy__in=ike) | Q(ipsec_policy__in=ipsec)
    ways = {"used": Q(Exists(tunnels)), "chosen": chosen, "any": Q(Exists(tunnels)) | chosen}
    if value == "none":
        plain = (Q(ike_policy=None) | ~Q(ike_policy__in=ike)) & (
            Q(ipsec_policy=None) | ~Q(ipsec_policy__in=ipsec)
        )
        return rows.filter(plain & ~Exists(tunnels))
    return rows.filter(ways[value]) if value in ways else rows.none()


def _older(rows: Rows, actor: Actor, value: str) -> Rows:
    if value not in _AGES:
        return rows.none()
    return rows.filter(psk_changed_at__lt=timezone.now() - timedelta(days=int(value)))


def _gateways(actor: Actor) -> list[tuple[UUID, str]]:
    rows = Gateway.objects.owned_by(actor).values_list("pk", "name", "vpc__name")
    return [(pk, f"{name} ({vpc})") for pk, name, vpc in rows]


FILTERS: tuple[Filter, ...] = (
    fixed(
        "status",
        "Status",
        {
            "down": ("down", Q(admin_state_up=True, status="down")),
            "up": ("up", Q(admin_state_up=True, status="up")),
        },
    ),
    fixed(
        "admin",
        "Admin state",
        {"on": ("enabled", Q(admin_state_up=True)), "off": ("disabled", Q(admin_state_up=False))},
    ),
    reference("gateway", "Gateway", "gateway_id", _gateways),
    by_vpc("gateway__vpc_id"),
    fixed(
        "reason",
        "Reason",
        {
            code.value: (text, Q(admin_state_up=True, status_reasons__0__code=code.value))
            for code, text in SENTENCES.items()
        },
    ),
    reference(
        "ike_policy",
        "IKE policy",
        "ike_policy_id",
        lambda a: IKEPolicy.objects.owned_by(a).values_list("pk", "name"),
        without="auto-negotiation",
    ),
    reference(
        "ipsec_policy",
        "IPsec policy",
        "ipsec_policy_id",
        lambda a: IPsecPolicy.objects.owned_by(a).values_list("pk", "name"),
        without="auto-negotiation",
    ),
    Filter(
        key="weak",
        label="Weak algorithms",
        options=lambda actor: [
            ("any", "negotiated or fixed by a policy"),
            ("used", "negotiated now"),
            ("chosen", "fixed by a policy"),
            ("none", "none"),
        ],
        narrow=_weak,
    ),
    Filter(
        key="key", label="Pre-shared key", options=lambda actor: list(_AGES.items()), narrow=_older
    ),
)  # fmt: skip
