"""Request bodies of VPCs, address prefixes, subnets and instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.core.api.fields import (
    IPV4,
    SOME_ID,
    Flag,
    Reference,
    RequestSchema,
    Text,
    Whole,
    Word,
    read_only,
    settled,
)
from console.core.api.versions import ApiVersion
from policies.api.requests import name_rule
from vpn.domain.checks.networks import SMALLEST_COUNT

NAME = name_rule(1)
CIDR = {"pattern": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"}
_ENVELOPE = read_only("id", "crn", "href", "created_at", "status", "resource_type")


class NamedRequest(RequestSchema):
    """A request whose name follows the rule of its generation."""

    @classmethod
    def for_version(cls, version: ApiVersion) -> Mapping[str, Mapping[str, Any]]:
        return {"name": name_rule(version.generation)}


class Zone(RequestSchema):
    is_plain = False
    one_of = (("name", "href"),)

    name = Text(rule=NAME)
    href = Text(style={"template": "rest_framework/omitted_field.html"})

    def to_internal_value(self, data: Any) -> Any:
        """The name of the zone, which is the last segment of its href."""
        given = super().to_internal_value(data)
        if "name" not in given and "href" in given:
            return {"name": given["href"].rstrip("/").rpartition("/")[2]}
        return given


class VpcPatch(NamedRequest):
    fixed = {**_ENVELOPE, **settled("address_prefix_management", "classic_access", "resource_group")}
    example = {"name": "my-vpc-2"}

    name = Text()


class VpcCreate(NamedRequest):
    fixed = _ENVELOPE
    example = {"name": "my-vpc"}

    name = Text()
    address_prefix_management = Word(("auto", "manual"))
    classic_access = Flag()
    resource_group = Reference()


class AddressPrefixPatch(NamedRequest):
    fixed = {**_ENVELOPE, **read_only("has_subnets"), **settled("cidr", "zone")}
    example = {"name": "my-prefix-2", "is_default": True}

    name = Text()
    is_default = Flag()


class AddressPrefixCreate(AddressPrefixPatch):
    fixed = {**_ENVELOPE, **read_only("has_subnets")}
    example = {"name": "my-prefix", "cidr": "10.20.0.0/16", "zone": {"name": "us-south-1"}}

    cidr = Text(required=True, rule=CIDR)
    zone = Zone(required=True)


_SUBNET = {**_ENVELOPE, **read_only("available_ipv4_address_count")}


class SubnetPatch(NamedRequest):
    fixed = {
        **_SUBNET,
        **settled(
            "vpc", "zone", "ipv4_cidr_block", "total_ipv4_address_count", "resource_group", "ip_version"
        ),
    }
    example = {"name": "my-subnet-2"}

    name = Text()


class SubnetCreate(NamedRequest):
    fixed = _SUBNET
    example = {"name": "my-subnet", "vpc": {"id": SOME_ID}, "ipv4_cidr_block": "10.240.9.0/24"}

    name = Text()
    vpc = Reference(required=True)
    ipv4_cidr_block = Text(rule=CIDR)
    total_ipv4_address_count = Whole(rule={"minimum": SMALLEST_COUNT})
    zone = Zone()
    ip_version = Word(("ipv4",))
    resource_group = Reference()


class Profile(RequestSchema):
    name = Text(rule=NAME)


class Image(RequestSchema):
    id = Text()


class Interface(RequestSchema):
    fixed = read_only("id", "href")

    name = Text(style={"template": "rest_framework/omitted_field.html"})
    subnet = Reference(required=True)
    primary_ipv4_address = Text(rule=IPV4)


class InstancePatch(NamedRequest):
    fixed = {
        **_ENVELOPE,
        **settled("vpc", "zone", "profile", "image", "primary_network_interface", "resource_group"),
        **read_only("network_interfaces"),
    }
    example = {"name": "my-host-2"}

    name = Text()


class InstanceCreate(NamedRequest):
    """The interface's subnet determines VPC and zone; if they are given, they have to match it."""

    fixed = {**_ENVELOPE, **read_only("network_interfaces")}
    example = {"name": "my-host", "primary_network_interface": {"subnet": {"id": SOME_ID}}}

    name = Text()
    primary_network_interface = Interface(required=True)
    vpc = Reference()
    zone = Zone()
    profile = Profile()
    image = Image()
    resource_group = Reference()
