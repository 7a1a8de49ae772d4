"""VPCs, address prefixes, subnets, instances, regions and zones (contract sections 2.5 and 2.6)."""

from __future__ import annotations

from rest_framework import serializers

from console.core.api.responses import Reason, ResourceGroupReference, ResponseSchema, listed, paged
from console.core.api.versions import GENERATION_2


class RegionReference(ResponseSchema):
    name = serializers.CharField()
    href = serializers.URLField()


class Region(RegionReference):
    """The one region that is served here."""

    endpoint = serializers.URLField()
    status = serializers.ChoiceField(("available",))


class ZoneReference(ResponseSchema):
    name = serializers.CharField()
    href = serializers.URLField()


class Zone(ZoneReference):
    """A zone of the region."""

    region = RegionReference()
    status = serializers.ChoiceField(("available",))


class VPCReference(ResponseSchema):
    id = serializers.UUIDField()
    crn = serializers.CharField()
    href = serializers.URLField()
    name = serializers.CharField()
    resource_type = serializers.ChoiceField(("vpc",))


class InName(ResponseSchema):
    """What every VPC has in name only: all is let through."""

    id = serializers.UUIDField()
    crn = serializers.CharField()
    href = serializers.URLField()
    name = serializers.CharField()


class RoutingTable(InName):
    """In name only."""

    resource_type = serializers.ChoiceField(("routing_table",))


class Resolver(ResponseSchema):
    servers = serializers.ListField(child=serializers.IPAddressField(protocol="IPv4"))
    type = serializers.ChoiceField(("system",))
    configuration = serializers.ChoiceField(("default",))


class Dns(ResponseSchema):
    enable_hub = serializers.BooleanField()
    resolution_binding_count = serializers.IntegerField(min_value=0)
    resolver = Resolver()


_TODAY = (
    "health_state", "health_reasons", "cse_source_ips", "public_address_ranges", "dns",
    "default_routing_table",
)  # fmt: skip


class VPC(VPCReference):
    """A network of its own."""

    since = dict.fromkeys(_TODAY, GENERATION_2)

    created_at = serializers.DateTimeField()
    status = serializers.ChoiceField(("available", "failed"))
    classic_access = serializers.BooleanField()
    resource_group = ResourceGroupReference()
    health_state = serializers.ChoiceField(("ok", "faulted"))
    health_reasons = Reason(many=True)
    cse_source_ips = serializers.ListField(child=serializers.JSONField())
    public_address_ranges = serializers.ListField(child=serializers.JSONField())
    dns = Dns()
    default_network_acl = InName()
    default_security_group = InName()
    default_routing_table = RoutingTable()


class AddressPrefix(ResponseSchema):
    """Where subnets of a VPC may lie."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    href = serializers.URLField()
    created_at = serializers.DateTimeField()
    cidr = serializers.CharField()
    zone = ZoneReference()
    is_default = serializers.BooleanField()
    has_subnets = serializers.BooleanField()


class SubnetReference(ResponseSchema):
    id = serializers.UUIDField()
    name = serializers.CharField()
    href = serializers.URLField()
    crn = serializers.CharField()
    resource_type = serializers.ChoiceField(("subnet",))


class Subnet(SubnetReference):
    """A range of addresses in a zone of a VPC."""

    since = {"routing_table": GENERATION_2}

    created_at = serializers.DateTimeField()
    status = serializers.ChoiceField(("available",))
    ip_version = serializers.ChoiceField(("ipv4",))
    ipv4_cidr_block = serializers.CharField()
    total_ipv4_address_count = serializers.IntegerField(min_value=0)
    available_ipv4_address_count = serializers.IntegerField(min_value=0)
    zone = ZoneReference()
    vpc = VPCReference()
    resource_group = ResourceGroupReference()
    network_acl = InName()
    routing_table = RoutingTable()


class ReservedIP(ResponseSchema):
    """An address that the provider holds: of a gateway's member or an instance."""

    id = serializers.UUIDField()
    address = serializers.IPAddressField(protocol="IPv4")
    auto_delete = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    href = serializers.URLField()
    lifecycle_state = serializers.ChoiceField(("stable",))
    name = serializers.CharField()
    owner = serializers.ChoiceField(("provider",))
    resource_type = serializers.ChoiceField(("subnet_reserved_ip",))


class Named(ResponseSchema):
    name = serializers.CharField()


class Image(ResponseSchema):
    id = serializers.CharField()


class NetworkInterface(ResponseSchema):
    name = serializers.CharField()
    primary_ipv4_address = serializers.IPAddressField(protocol="IPv4")
    subnet = SubnetReference()


class Instance(ResponseSchema):
    """A host with an address in its subnet, to try connections with."""

    id = serializers.UUIDField()
    crn = serializers.CharField()
    href = serializers.URLField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    status = serializers.ChoiceField(("running",))
    profile = Named()
    image = Image()
    primary_network_interface = NetworkInterface()
    network_interfaces = NetworkInterface(many=True)
    zone = ZoneReference()
    vpc = VPCReference()
    resource_group = ResourceGroupReference()


RegionList = listed("regions", Region)
ZoneList = listed("zones", Zone)
VPCList = paged("vpcs", VPC)
AddressPrefixList = paged("address_prefixes", AddressPrefix)
ReservedIPList = paged("reserved_ips", ReservedIP)
SubnetList = paged("subnets", Subnet)
InstanceList = paged("instances", Instance)
