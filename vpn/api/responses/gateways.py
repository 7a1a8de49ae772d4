"""VPN gateways, their members and connections (contract sections 4.1 to 4.4)."""

from __future__ import annotations

from rest_framework import serializers

from console.core.api.responses import Reason, ResourceGroupReference, ResponseSchema, paged
from console.core.api.versions import GENERATION_2, HEALTH, OBJECTS, ROUTE_MODE
from policies.api.responses import ConnectionReference, PolicyReference
from vpn.api.responses.networks import SubnetReference, VPCReference
from vpn.domain.checks.connections import ESTABLISH_MODES
from vpn.domain.identities import IdentityType
from vpn.domain.spec import DpdAction
from vpn.models.gateways import Health, Lifecycle

_STATUSES = ("available", "deleting", "failed", "pending")


_PSK = (
    "Masked (********) unless an API key with the role editor or above asks and its account lets API keys "
    "read pre-shared keys."
)


class PublicIP(ResponseSchema):
    address = serializers.IPAddressField(protocol="IPv4")


class PrivateIP(ResponseSchema):
    since = dict.fromkeys(("href", "id", "name", "resource_type", "subnet"), GENERATION_2)

    address = serializers.IPAddressField(protocol="IPv4")
    href = serializers.URLField()
    id = serializers.UUIDField()
    name = serializers.CharField()
    resource_type = serializers.ChoiceField(("subnet_reserved_ip",))
    subnet = SubnetReference()


class VPNGatewayMember(ResponseSchema):
    """One of the two hosts behind a gateway. Both share the public address of the active one."""

    since = {"id": GENERATION_2, "href": GENERATION_2}
    until = {"status": HEALTH}

    id = serializers.UUIDField()
    href = serializers.URLField()
    role = serializers.ChoiceField(("active", "standby"))
    public_ip = PublicIP()
    private_ip = PrivateIP()
    status = serializers.ChoiceField(_STATUSES)
    health_state = serializers.ChoiceField(Health.values)
    health_reasons = Reason(many=True)
    lifecycle_state = serializers.ChoiceField(Lifecycle.values)
    lifecycle_reasons = Reason(many=True)


class VPNGateway(ResponseSchema):
    """An IPsec gateway in a subnet."""

    since = {"availability_mode": GENERATION_2}
    until = {"status": HEALTH, "public_ip": ROUTE_MODE}

    id = serializers.UUIDField()
    crn = serializers.CharField()
    name = serializers.CharField()
    href = serializers.URLField()
    created_at = serializers.DateTimeField()
    status = serializers.ChoiceField(_STATUSES)
    public_ip = PublicIP()
    subnet = SubnetReference()
    resource_group = ResourceGroupReference()
    resource_type = serializers.ChoiceField(("vpn_gateway",))
    mode = serializers.ChoiceField(("policy",))
    availability_mode = serializers.ChoiceField(("zonal",))
    vpc = VPCReference()
    members = VPNGatewayMember(many=True)
    connections = ConnectionReference(many=True)
    lifecycle_state = serializers.ChoiceField(Lifecycle.values)
    lifecycle_reasons = Reason(many=True)
    health_state = serializers.ChoiceField(Health.values)
    health_reasons = Reason(many=True)


class IKEIdentity(ResponseSchema):
    """How an end names itself in IKE; of a key_id the value is base64."""

    type = serializers.ChoiceField([kind.value for kind in IdentityType])
    value = serializers.CharField()


class LocalEnd(ResponseSchema):
    """This end."""

    cidrs = serializers.ListField(child=serializers.CharField())
    ike_identities = IKEIdentity(many=True)


class PeerEnd(ResponseSchema):
    """The other end, known by its address or its name."""

    type = serializers.ChoiceField(("address", "fqdn"))
    # Of a name: where it leads.
    address = serializers.IPAddressField(protocol="IPv4", required=False)
    fqdn = serializers.CharField(required=False)
    cidrs = serializers.ListField(child=serializers.CharField())
    ike_identity = IKEIdentity()


class DeadPeerDetectionState(ResponseSchema):
    """Seconds."""

    action = serializers.ChoiceField([action.value for action in DpdAction])
    interval = serializers.IntegerField()
    timeout = serializers.IntegerField()


class VPNGatewayConnection(ResponseSchema):
    """A tunnel to one peer. Without policies its algorithms are negotiated."""

    since = {"local": OBJECTS, "peer": OBJECTS}
    until = {
        **dict.fromkeys(("peer_address", "local_cidrs", "peer_cidrs"), OBJECTS),
        "route_mode": ROUTE_MODE,
    }

    id = serializers.UUIDField()
    name = serializers.CharField()
    href = serializers.URLField()
    local = LocalEnd()
    peer = PeerEnd()
    peer_address = serializers.IPAddressField(protocol="IPv4")
    local_cidrs = serializers.ListField(child=serializers.CharField())
    peer_cidrs = serializers.ListField(child=serializers.CharField())
    admin_state_up = serializers.BooleanField()
    psk = serializers.CharField(
        help_text="Masked (********) unless an API key with the role editor or above asks and its account "
        "lets API keys read pre-shared keys."
    )
    dead_peer_detection = DeadPeerDetectionState()
    created_at = serializers.DateTimeField()
    authentication_mode = serializers.ChoiceField(("psk",))
    status = serializers.ChoiceField(("down", "up"))
    status_reasons = Reason(many=True)
    mode = serializers.ChoiceField(("policy",))
    route_mode = serializers.ChoiceField(("policy",))
    resource_type = serializers.ChoiceField(("vpn_gateway_connection",))
    establish_mode = serializers.ChoiceField(ESTABLISH_MODES)
    ike_policy = PolicyReference(required=False)
    ipsec_policy = PolicyReference(required=False)


class AdvertisedCidrs(ResponseSchema):
    """What a gateway of route mode advertises; others nothing."""

    advertised_cidrs = serializers.ListField(child=serializers.CharField())


class ServiceCreator(ResponseSchema):
    """The other service's object."""

    crn = serializers.CharField()
    id = serializers.CharField()
    resource_type = serializers.CharField()


class ServiceConnection(ResponseSchema):
    """What another service has connected to a gateway; there are none here."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    creator = ServiceCreator()
    lifecycle_state = serializers.ChoiceField(Lifecycle.values)
    lifecycle_reasons = Reason(many=True)
    status = serializers.ChoiceField(("degraded", "down", "up"))
    status_reasons = Reason(many=True)


class LocalCidrs(ResponseSchema):
    """The local CIDRs of a connection."""

    since = {"cidrs": OBJECTS}
    until = {"local_cidrs": OBJECTS}

    cidrs = serializers.ListField(child=serializers.CharField())
    local_cidrs = serializers.ListField(child=serializers.CharField())


class PeerCidrs(ResponseSchema):
    """The peer CIDRs of a connection."""

    since = {"cidrs": OBJECTS}
    until = {"peer_cidrs": OBJECTS}

    cidrs = serializers.ListField(child=serializers.CharField())
    peer_cidrs = serializers.ListField(child=serializers.CharField())


VPNGatewayList = paged("vpn_gateways", VPNGateway)
VPNGatewayConnectionList = paged("connections", VPNGatewayConnection)
ServiceConnectionList = paged("service_connections", ServiceConnection)
VPNGatewayMemberList = paged("members", VPNGatewayMember)
