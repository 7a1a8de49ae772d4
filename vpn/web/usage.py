"""How much of an account's limits is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Count

from console.actor import Actor
from vpn.domain.checks import Quotas
from vpn.models import ConnectionCidr, Instance
from vpn.services.defaults import quotas_of
from vpn.web.snapshot import Snapshot


class Usage(NamedTuple):
    """`place` is empty, or the gateway, zone or VPC that the limit is about."""

    noun: str
    used: int
    limit: int
    place: str = ""

    @property
    def near(self) -> bool:
        """Four fifths or more."""
        return self.used * 5 >= self.limit * 4


def usage(actor: Actor, seen: Snapshot) -> list[Usage]:
    """Every limit that can be reached, those of the whole account first."""
    limits = quotas_of(actor.account_id)
    return [
        Usage("gateways", len(seen.gateways), limits.gateways),
        Usage("VPCs", len(seen.vpcs), limits.vpcs),
        Usage("instances", Instance.objects.owned_by(actor).count(), limits.instances),
        Usage("IKE policies", seen.policies[0], limits.ike_policies),
        Usage("IPsec policies", seen.policies[1], limits.ipsec_policies),
        *_within(seen, limits),
        *_cidrs(actor, seen, limits),
    ]


def _within(seen: Snapshot, limits: Quotas) -> Iterator[Usage]:
    zone_of = {subnet.pk: subnet.zone for subnet in seen.subnets}
    zones = Counter(zone_of[gateway.subnet_id] for gateway in seen.gateways)
    for zone, used in sorted(zones.items()):
        yield Usage("gateways", used, limits.gateways_per_zone, zone)
    in_vpc = Counter(subnet.vpc_id for subnet in seen.subnets)
    for vpc in seen.vpcs:
        yield Usage("subnets", in_vpc[vpc.pk], limits.subnets_per_vpc, vpc.name)
    on_gateway = Counter(connection.gateway_id for connection in seen.connections)
    for gateway in seen.gateways:
        yield Usage("connections", on_gateway[gateway.pk], limits.connections_per_gateway, gateway.name)


def _cidrs(actor: Actor, seen: Snapshot, limits: Quotas) -> Iterator[Usage]:
    """A gateway's CIDRs of each side, over all its connections."""
    rows = ConnectionCidr.objects.filter(connection__account_id=actor.account_id)
    counted = rows.values_list("connection__gateway_id", "side").annotate(used=Count("id"))
    names = {gateway.pk: gateway.name for gateway in seen.gateways}
    for ident, side, used in counted.order_by("connection__gateway_id", "side"):
        if ident in names:
            yield Usage(f"{side} CIDRs", used, limits.cidrs_per_gateway, names[ident])
