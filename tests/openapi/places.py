"""An account with one of everything, and the values of the parameters in the document's paths."""

from __future__ import annotations

import re
from typing import Any

from tests.factories import (
    Party,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_instance,
    make_ipsec_policy,
    make_subnet,
    make_vpc,
    raise_quotas,
)
from vpn.models import Connection

LOCAL, PEER = "192.168.100.0/24", "10.9.0.0/24"


def populate(party: Party) -> Connection:
    """A connection with policies of its own, and an instance beside its gateway."""
    raise_quotas(party, vpcs=5000, subnets_per_vpc=5000, gateways=5000, gateways_per_zone=5000)
    subnet = make_subnet(party, make_vpc(party), LOCAL)
    make_instance(party, subnet)
    ike, ipsec = make_ike_policy(party), make_ipsec_policy(party)
    policies = {"ike_policy": {"id": str(ike.pk)}, "ipsec_policy": {"id": str(ipsec.pk)}}
    gateway = make_gateway(party, subnet)
    return make_connection(party, gateway, local_cidrs=[LOCAL], peer_cidrs=[PEER], **policies)


def places_of(row: Connection) -> dict[str, str]:
    """By the names of the path parameters."""
    gateway, subnet = row.gateway, row.gateway.subnet
    member = gateway.members.first()
    assert member is not None
    instance = subnet.instances.first()
    assert instance is not None
    return {
        "vpn_gateway_id": str(gateway.pk),
        "connection_id": str(row.pk),
        "member_id": str(member.pk),
        "ike_policy_id": str(row.ike_policy_id),
        "ipsec_policy_id": str(row.ipsec_policy_id),
        "vpc_id": str(gateway.vpc_id),
        "prefix_id": str(gateway.vpc.address_prefixes.first().pk),
        "subnet_id": str(subnet.pk),
        "reserved_ip_id": str(member.pk),
        "service_connection_id": str(member.pk),
        "instance_id": str(instance.pk),
        "region_name": "us-south",
        "zone_name": "us-south-1",
        "group_id": str(gateway.resource_group_id),
        "local": LOCAL,
        "peer": PEER,
    }


def filled(path: str, places: dict[str, str]) -> str:
    """The path with a value for every parameter; CIDRs are those of the path's side."""
    cidr = places.get("peer" if "/peer" in path else "local", "")
    address, _, length = cidr.partition("/")
    known = {"cidr": cidr, "prefix_address": address, "prefix_length": length, **places}
    return re.sub(r"{(\w+)}", lambda found: known[found[1]], path)


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """The document, in which no object may have undocumented fields."""
    for schema in document["components"]["schemas"].values():
        if schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    return document
