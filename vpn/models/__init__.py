from vpn.models.connections import Connection, ConnectionCidr, StatusChange, Tunnel
from vpn.models.drafts import WizardDraft
from vpn.models.gateways import Gateway, GatewayMember
from vpn.models.handoff import HandoffLink
from vpn.models.networks import AddressPrefix, Instance, Node, Subnet, SubnetAddress, Vpc
from vpn.models.traffic import TrafficSample

__all__ = [
    "AddressPrefix",
    "Connection",
    "ConnectionCidr",
    "Gateway",
    "GatewayMember",
    "HandoffLink",
    "Instance",
    "Node",
    "StatusChange",
    "Subnet",
    "SubnetAddress",
    "TrafficSample",
    "Tunnel",
    "Vpc",
    "WizardDraft",
]
