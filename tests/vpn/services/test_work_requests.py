"""Every change of the desired state increments the generation and requests one run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from console.core.actor import Actor
from console.core.errors import Refused
from policies import services as policies
from tests.factories import (
    Party,
    connection_fields,
    make_connection,
    make_gateway,
    make_ike_policy,
    make_instance,
    make_ipsec_policy,
    make_subnet,
    nested,
)
from vpn import triggers
from vpn.models import Connection, Gateway, Instance, Node, Subnet, Vpc
from vpn.services import cidrs, connections, gateways, networks, subnets

Sent = list[tuple[str, str, str]]
HOST = "elsewhere"
SPARE = "192.168.7.0/24"


@dataclass
class Row:
    """A connection of its own policies, on a host of its own, and what else may change there."""

    actor: Actor
    connection: Connection
    other: Connection
    spare: Subnet
    instance: Instance

    @property
    def gateway(self) -> Gateway:
        return self.connection.gateway

    @property
    def where(self) -> tuple[Actor, UUID, UUID]:
        return self.actor, self.gateway.pk, self.connection.pk

    def update(self, **fields: object) -> object:
        return connections.update_connection(*self.where, nested(fields))

    def create(self, number: int) -> object:
        fields = nested(connection_fields(number))
        return connections.create_connection(self.actor, self.gateway.pk, fields)


Call = Callable[[Row], object]


@pytest.fixture
def row(ana: Party) -> Row:
    Node.objects.create(name=HOST, driver="simulated")
    ike, ipsec = make_ike_policy(ana), make_ipsec_policy(ana)
    gateway = make_gateway(ana)
    both = {"ike_policy": {"id": str(ike.pk)}, "ipsec_policy": {"id": str(ipsec.pk)}}
    first = make_connection(ana, gateway, 1, local_cidrs=["192.168.100.0/25", "192.168.100.128/25"], **both)
    off = make_connection(ana, gateway, 2, admin_state_up=False)
    spare = make_subnet(ana, gateway.vpc, SPARE)
    return Row(ana.editor, first, off, spare, make_instance(ana, gateway.subnet))


GATEWAY: dict[str, Call] = {
    "peer": lambda r: r.update(peer_address="203.0.113.77"),
    "key": lambda r: r.update(psk="AnotherPassword1"),
    "state": lambda r: r.update(admin_state_up=False),
    "dead peer detection": lambda r: r.update(dead_peer_detection={"interval": 7}),
    "mode": lambda r: r.update(establish_mode="peer_only"),
    "IKE policy": lambda r: r.update(ike_policy=None),
    "IPsec policy": lambda r: r.update(ipsec_policy=None),
    "several": lambda r: r.update(psk="AnotherPassword1", admin_state_up=False),
    "restart": lambda r: connections.restart_connection(*r.where),
    "deletion": lambda r: connections.delete_connection(*r.where),
    "new connection": lambda r: connections.create_connection(
        r.actor, r.gateway.pk, nested(connection_fields(5))
    ),
    "new local CIDR": lambda r: cidrs.add_cidr(*r.where, "local", "192.168.101.0/24"),
    "new peer CIDR": lambda r: cidrs.add_cidr(*r.where, "peer", "10.77.0.0/16"),
    "local CIDR taken away": lambda r: cidrs.remove_cidr(*r.where, "local", "192.168.100.0/25"),
    "its IKE policy": lambda r: policies.update_ike_policy(
        r.actor, r.connection.ike_policy_id, {"dh_group": 19}
    ),
    "its IPsec policy": lambda r: policies.update_ipsec_policy(
        r.actor, r.connection.ipsec_policy_id, {"pfs": "disabled"}
    ),
    "gateway deleted": lambda r: gateways.delete_gateway(r.actor, r.gateway.pk),
}
NETWORK: dict[str, Call] = {
    "new subnet": lambda r: subnets.create_subnet(
        r.actor, {"vpc": {"id": str(r.gateway.vpc_id)}, "ipv4_cidr_block": "192.168.9.0/24"}
    ),
    "subnet deleted": lambda r: subnets.delete_subnet(r.actor, r.spare.pk),
    "new instance": lambda r: subnets.create_instance(r.actor, {"subnet": {"id": str(r.spare.pk)}}),
    "instance renamed": lambda r: subnets.update_instance(r.actor, r.instance.pk, {"name": "other"}),
    "instance deleted": lambda r: subnets.delete_instance(r.actor, r.instance.pk),
}
NOTHING: dict[str, Call] = {
    "the same again": lambda r: r.update(peer_address=r.connection.peer_address, admin_state_up=True),
    "a key too short": lambda r: r.update(psk="x"),
    "no such policy": lambda r: r.update(ike_policy={"id": str(uuid4())}),
    "a CIDR that is there": lambda r: cidrs.add_cidr(*r.where, "local", "192.168.100.0/25"),
    "a CIDR that is not": lambda r: cidrs.remove_cidr(*r.where, "peer", "10.200.0.0/16"),
    "the last CIDR": lambda r: cidrs.remove_cidr(*r.where, "peer", "10.1.0.0/24"),
    "a CIDR of another connection": lambda r: cidrs.add_cidr(*r.where, "peer", "10.2.0.0/24"),
    "restart while disabled": lambda r: connections.restart_connection(r.actor, r.gateway.pk, r.other.pk),
    "a peer twice": lambda r: connections.create_connection(
        r.actor, r.gateway.pk, nested(connection_fields(1))
    ),
    "only a name": lambda r: gateways.update_gateway(r.actor, r.gateway.pk, {"name": "other"}),
    "only a subnet's name": lambda r: subnets.update_subnet(r.actor, r.spare.pk, {"name": "other"}),
    "a subnet in use": lambda r: subnets.delete_subnet(r.actor, r.gateway.subnet_id),
    "a VPC in use": lambda r: networks.delete_vpc(r.actor, r.gateway.vpc_id),
    "an address in use": lambda r: subnets.create_instance(
        r.actor, {"subnet": {"id": str(r.instance.subnet_id)}, "address": r.instance.address}
    ),
    "a policy in use": lambda r: policies.delete_ike_policy(r.actor, r.connection.ike_policy_id),
    "the IKE policy as it is": lambda r: policies.update_ike_policy(
        r.actor, r.connection.ike_policy_id, {"dh_group": 14}
    ),
}


def generations() -> dict[UUID, int]:
    return {row.pk: row.generation for model in (Gateway, Vpc) for row in model.objects.all()}


@pytest.mark.parametrize("what", GATEWAY)
def test_a_change_of_a_gateway_asks_for_it(
    row: Row, sent: Sent, what: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    before, gateway = generations(), row.gateway
    requested = Gateway.objects.get(pk=gateway.pk).work_requested
    with django_capture_on_commit_callbacks(execute=True):
        GATEWAY[what](row)
    assert sent == [(triggers.RECONCILE_GATEWAY, str(gateway.pk), f"node.{HOST}")]
    assert generations() == before | {gateway.pk: before[gateway.pk] + 1}
    assert Gateway.objects.get(pk=gateway.pk).work_requested > requested


@pytest.mark.parametrize("what", NETWORK)
def test_a_change_of_a_network_asks_for_it(
    row: Row, sent: Sent, what: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    before, vpc = generations(), row.gateway.vpc_id
    with django_capture_on_commit_callbacks(execute=True):
        NETWORK[what](row)
    assert sent == [(triggers.RECONCILE_NETWORK, str(vpc), f"node.{HOST}")]
    assert generations() == before | {vpc: before[vpc] + 1}


@pytest.mark.parametrize("what", NOTHING)
def test_what_is_refused_or_changes_nothing_asks_for_nothing(
    row: Row, sent: Sent, what: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    before = generations()
    with django_capture_on_commit_callbacks(execute=True), suppress(Refused):
        NOTHING[what](row)
    assert (sent, generations()) == ([], before)


def test_what_is_new_is_asked_for(
    row: Row, sent: Sent, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        vpc = networks.create_vpc(row.actor, {"name": "another"})
    assert sent == [(triggers.RECONCILE_NETWORK, str(vpc.pk), f"node.{HOST}")]
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        gateway = gateways.create_gateway(row.actor, {"subnet": {"id": str(row.spare.pk)}})
    assert sent == [(triggers.RECONCILE_GATEWAY, str(gateway.pk), f"node.{HOST}")]
    assert gateway.observed_generation < gateway.generation


def test_what_is_gone_is_asked_for(
    row: Row, sent: Sent, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """A deleted gateway requests one run; a deleted VPC is found by what still exists of it."""
    gateways.delete_gateway(row.actor, row.gateway.pk)
    empty = networks.create_vpc(row.actor, {"name": "empty"})
    before = generations()
    with django_capture_on_commit_callbacks(execute=True):
        gateways.delete_gateway(row.actor, row.gateway.pk)
    assert (sent, generations()) == ([], before)
    with django_capture_on_commit_callbacks(execute=True):
        networks.delete_vpc(row.actor, empty.pk)
    assert sent == [(triggers.RECONCILE_NETWORK, str(empty.pk), f"node.{HOST}")]
