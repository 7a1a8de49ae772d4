from vpn.models.connections import Connection, ConnectionCidr, StatusChange, Tunnel
from vpn.models.drafts import WizardDraft
from vpn.models.gateways import Gateway, GatewayMember, Health, Lifecycle
from vpn.models.networks import AddressPrefix, Instance, Node, Subnet, SubnetAddress, Vpc

__all__ = [
    "AddressPrefix",
    "Connection",
    "ConnectionCidr",
    "Gateway",
    "GatewayMember",
    "Health",
    "Instance",
    "Lifecycle",
    "Node",
    "StatusChange",
    "Subnet",
    "SubnetAddress",
    "Tunnel",
    "Vpc",
    "WizardDraft",
]
