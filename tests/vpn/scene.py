"""A tenant with two VPCs, made through the services as a user would make them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from console.core.actor import Actor, Role, Via
from console.core.services import create_account
from tests.factories import nested
from vpn.drivers.base import Driver
from vpn.models import Connection, Gateway, Subnet
from vpn.reconcile.controller import observe_gateway, reconcile
from vpn.services import connections, gateways, networks, subnets

PSK = "VPNDemoPassword"
LEFT, RIGHT = "192.168.100.0/24", "192.168.0.0/24"


@dataclass
class Scene:
    actor: Actor
    left: Subnet
    right: Subnet

    def gateway(self, subnet: Subnet, name: str = "") -> Gateway:
        fields = {"name": name} if name else {}
        return gateways.create_gateway(self.actor, {"subnet": {"id": str(subnet.id)}, **fields})

    def connect(self, here: Gateway, there: Gateway | str, **fields: object) -> Connection:
        """A connection between the two subnets, seen from `here`; `fields` change it."""
        peer = there if isinstance(there, str) else there.public_address
        mirrored = here.subnet_id == self.right.id
        body = {
            "peer_address": peer,
            "psk": PSK,
            "local_cidrs": [RIGHT if mirrored else LEFT],
            "peer_cidrs": [LEFT if mirrored else RIGHT],
            **fields,
        }
        return connections.create_connection(self.actor, here.id, nested(body))


def make_scene(name: str = "") -> Scene:
    account = create_account(name or f"account-{uuid4().hex[:8]}", who="tests")
    actor = Actor(account.id, "tests", Role.ADMINISTRATOR, Via.COMMAND)
    sides = [_subnet(actor, f"vpc-{n}", f"subnet-{n}", cidr) for n, cidr in ((1, LEFT), (2, RIGHT))]
    return Scene(actor, *sides)


def _subnet(actor: Actor, vpc_name: str, name: str, cidr: str) -> Subnet:
    vpc = networks.create_vpc(actor, {"name": vpc_name})
    networks.create_address_prefix(actor, vpc.id, {"cidr": cidr, "zone": {"name": "us-south-1"}})
    reference = {"id": str(vpc.id)}
    return subnets.create_subnet(actor, {"name": name, "vpc": reference, "ipv4_cidr_block": cidr})


def settle(driver: Driver, *rows: Gateway) -> None:
    """As the workers after a change: reconcile each gateway twice, because it depends on its peer's state."""
    for _ in range(2):
        for row in rows:
            reconcile(row.id, driver=driver)
    for row in rows:
        observe_gateway(row.id, driver=driver)


def status_of(connection: Connection) -> str:
    return Connection.objects.get(pk=connection.pk).status
