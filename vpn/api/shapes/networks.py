"""Request bodies of VPCs, address prefixes, subnets and instances."""

from __future__ import annotations

from typing import Any

from console.api.fields import Flag, Reference, Shape, Text, Whole, Word, read_only, settled

_ENVELOPE = read_only("id", "crn", "href", "created_at", "status", "resource_type")


class Zone(Shape):
    is_plain = False

    name = Text()
    href = Text(style={"template": "rest_framework/left_out.html"})

    def to_internal_value(self, data: Any) -> Any:
        """A zone's name is the last word of its href."""
        given = super().to_internal_value(data)
        if "name" not in given and "href" in given:
            return {"name": given["href"].rstrip("/").rpartition("/")[2]}
        return given


class VpcPatch(Shape):
    fixed = {**_ENVELOPE, **settled("address_prefix_management", "classic_access", "resource_group")}

    name = Text()


class VpcCreate(Shape):
    fixed = _ENVELOPE

    name = Text()
    address_prefix_management = Word(("auto", "manual"))
    classic_access = Flag()
    resource_group = Reference()


class AddressPrefixPatch(Shape):
    fixed = {**_ENVELOPE, **read_only("has_subnets"), **settled("cidr", "zone")}

    name = Text()
    is_default = Flag()


class AddressPrefixCreate(AddressPrefixPatch):
    fixed = {**_ENVELOPE, **read_only("has_subnets")}

    cidr = Text(required=True)
    zone = Zone(required=True)


_SUBNET = {**_ENVELOPE, **read_only("available_ipv4_address_count")}


class SubnetPatch(Shape):
    fixed = {
        **_SUBNET,
        **settled(
            "vpc", "zone", "ipv4_cidr_block", "total_ipv4_address_count", "resource_group", "ip_version"
        ),
    }

    name = Text()


class SubnetCreate(Shape):
    fixed = _SUBNET

    name = Text()
    vpc = Reference(required=True)
    ipv4_cidr_block = Text()
    total_ipv4_address_count = Whole()
    zone = Zone()
    ip_version = Word(("ipv4",))
    resource_group = Reference()


class Profile(Shape):
    name = Text()


class Image(Shape):
    id = Text()


class Interface(Shape):
    fixed = read_only("id", "href")

    name = Text(style={"template": "rest_framework/left_out.html"})
    subnet = Reference(required=True)
    primary_ipv4_address = Text()


class InstancePatch(Shape):
    fixed = {
        **_ENVELOPE,
        **settled("vpc", "zone", "profile", "image", "primary_network_interface", "resource_group"),
        **read_only("network_interfaces"),
    }

    name = Text()


class InstanceCreate(Shape):
    """The interface's subnet decides; VPC and zone may be said as well and must then agree."""

    fixed = {**_ENVELOPE, **read_only("network_interfaces")}

    name = Text()
    primary_network_interface = Interface(required=True)
    vpc = Reference()
    zone = Zone()
    profile = Profile()
    image = Image()
    resource_group = Reference()
