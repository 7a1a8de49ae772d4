"""The rows that the rules of a new or changed connection refer to, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Network, collapse_addresses
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q

from vpn.domain.checks.common import Quotas, parse_address
from vpn.domain.cidrs import CidrError, bounds, parse_cidr
from vpn.domain.connection_drafts import ConnectionDraft, ConnectionFacts, GatewayTotals, Sibling
from vpn.domain.identities import IdentityType, name_key
from vpn.domain.spec import Secret
from vpn.models import Connection, ConnectionCidr, Gateway, Subnet
from vpn.services.connection_drafts import Policies
from vpn.services.quotas import quotas_of

# SQLite accepts only some hundred conditions in one expression.
_CONDITIONS_PER_QUERY = 200


def connection_facts(
    gateway: Gateway | None,
    draft: ConnectionDraft,
    *,
    existing: Connection | None = None,
    vpc_id: UUID | None = None,
    account_id: UUID | None = None,
    api_generation: int = 0,
    policies: Policies | None = None,
) -> ConnectionFacts:
    """The facts about `draft`, a connection of `gateway`, or of a new gateway in the VPC `vpc_id`.

    `existing` is the row of the connection, if it has one, and `policies` are those that it will have. Reads
    only the connections that the rules can refer to, so that the cost does not grow with the VPC.
    """
    vpc = gateway.vpc_id if gateway else vpc_id
    account = gateway.account_id if gateway else account_id
    siblings: list[Sibling] = []
    others: list[Sibling] = []
    for row in _relevant(gateway, vpc, draft, existing):
        near = gateway is not None and row.gateway_id == gateway.pk
        side = siblings if near else others
        side.append(_sibling(row, gateway if near else None, with_psk=row.peer_key == draft.peer))
    return ConnectionFacts(
        public_address=gateway.public_address if gateway else "",
        provider_cidr=settings.PROVIDER_CIDR,
        siblings=siblings,
        vpc_siblings=others,
        totals=_totals(gateway, existing) if gateway else None,
        subnets=list(Subnet.objects.filter(vpc_id=vpc).values_list("name", "ipv4_cidr_block")) if vpc else (),
        creating=existing is None,
        peer_cidrs_unique=settings.PEER_CIDRS_UNIQUE,
        lower_names=api_generation == 2,
        attached=policies.attached(existing) if policies and api_generation == 2 else (),
        quotas=quotas_of(account) if account else Quotas(),
    )


def _relevant(
    gateway: Gateway | None, vpc: UUID | None, draft: ConnectionDraft, existing: Connection | None
) -> list[Connection]:
    """Connections of the gateway with the same name, peer or peer identity, and connections of the VPC with
    a peer CIDR that overlaps one of the draft's."""
    if vpc is None:
        return []
    wanted = Q(pk__in=_overlapping(vpc, draft.peer_cidrs))
    if gateway is not None:
        wanted |= Q(gateway=gateway) & (Q(name=draft.name) | _same_identity(draft))
        if parse_address(draft.peer_address):
            wanted |= Q(gateway=gateway, peer_address=draft.peer_address)
        if draft.peer_fqdn:
            wanted |= Q(gateway=gateway, peer_fqdn__iexact=draft.peer)
            wanted |= Q(gateway=gateway, peer_fqdn__iexact=f"{draft.peer}.")
    rows = Connection.objects.filter(wanted).select_related("ike_policy").prefetch_related("cidrs")
    return list(rows.exclude(pk=existing.pk) if existing else rows)


def _same_identity(draft: ConnectionDraft) -> Q:
    """Connections whose peers may use the same identity as the draft's; the rules compare exactly."""
    identity = draft.remote_identity
    kinds = {identity.type}
    match identity.type:
        case IdentityType.FQDN | IdentityType.HOSTNAME:
            kinds = {IdentityType.FQDN, IdentityType.HOSTNAME}
            spellings = (name_key(identity.value), f"{name_key(identity.value)}.")
            given = Q(*(("peer_identity__value__iexact", one) for one in spellings), _connector=Q.OR)
            default = Q(*(("peer_fqdn__iexact", one) for one in spellings), _connector=Q.OR)
        case IdentityType.IPV4_ADDRESS if parse_address(identity.value):
            given = Q(peer_identity__value=identity.value)
            default = Q(peer_address=identity.value)
        case IdentityType.KEY_ID:
            # One key can be encoded in more than one way.
            return Q(peer_identity__type=identity.type)
        case _:
            return Q(pk__in=[])
    return Q(given, peer_identity__type__in=[*kinds]) | Q(default, peer_identity__isnull=True)


def _overlapping(vpc: UUID, cidrs: Sequence[str]) -> set[UUID]:
    """Ids of the VPC's connections with a peer CIDR that shares an address with one of `cidrs`."""
    rows = ConnectionCidr.objects.filter(
        side=ConnectionCidr.PEER,
        connection__gateway__vpc_id=vpc,
        connection__gateway__deleted_at__isnull=True,
    )
    spans = [bounds(network) for network in collapse_addresses(_blocks(cidrs))]
    found: set[UUID] = set()
    for start in range(0, len(spans), _CONDITIONS_PER_QUERY):
        overlapping = Q()
        for first, last in spans[start : start + _CONDITIONS_PER_QUERY]:
            overlapping |= Q(first__lte=last, last__gte=first)
        found.update(rows.filter(overlapping).order_by().values_list("connection_id", flat=True))
    return found


def _blocks(cidrs: Sequence[str]) -> Iterator[IPv4Network]:
    """The valid blocks."""
    for text in cidrs:
        with suppress(CidrError):
            yield parse_cidr(text)


def _totals(gateway: Gateway, existing: Connection | None) -> GatewayTotals:
    """Every connection has CIDRs, so counting them counts the connections too."""
    rows = ConnectionCidr.objects.filter(connection__gateway=gateway)
    counted = (rows.exclude(connection=existing) if existing else rows).aggregate(
        connections=Count("connection", distinct=True),
        local=Count("id", filter=Q(side=ConnectionCidr.LOCAL)),
        peer=Count("id", filter=Q(side=ConnectionCidr.PEER)),
    )
    return GatewayTotals(
        connections=counted["connections"], local_cidrs=counted["local"], peer_cidrs=counted["peer"]
    )


def _sibling(row: Connection, gateway: Gateway | None, *, with_psk: bool) -> Sibling:
    """`gateway` if it is the draft's gateway too."""
    cidrs = list(row.cidrs.all())
    key = row.known_psk() if gateway and with_psk and row.admin_state_up else None
    if gateway:
        row.gateway = gateway
    return Sibling(
        id=row.id,
        name=row.name,
        peer_address=row.peer_key,
        local_cidrs=tuple(c.cidr for c in cidrs if c.side == ConnectionCidr.LOCAL),
        peer_cidrs=tuple(c.cidr for c in cidrs if c.side == ConnectionCidr.PEER),
        admin_state_up=row.admin_state_up,
        ike=Policies(row.ike_policy, None).offer(row.api_generation),
        psk=Secret(row.psk_id, key) if key else None,
        identities=(row.local_identity_text(), row.peer_identity_text()) if gateway else ("", ""),
    )
