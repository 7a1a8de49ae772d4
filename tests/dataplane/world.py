"""Two VPCs, each with an instance and a gateway of two members, built from values by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from uuid import UUID, uuid4

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, EspOffer, IkeOffer
from tests.waiting import PATIENCE, wait_for
from vpn.domain.actions import Action, ConfigureNetwork, Initiate, LoadPeer, StartMember
from vpn.domain.peers import PeerSpec, peers
from vpn.domain.spec import (
    ConnectionSpec,
    DeadPeerDetection,
    DpdAction,
    GatewaySpec,
    InstanceSpec,
    MemberRole,
    MemberSpec,
    NetworkSpec,
    Secret,
    Selector,
    SubnetSpec,
)
from vpn.domain.state import MemberState
from vpn.drivers.base import Driver

NO_DPD = DeadPeerDetection(DpdAction.NONE, 30, 120)
KEY = "lkj14b1oi0alcniejkso"


@dataclass
class Side:
    """One VPC: `cidr` its subnet; the instance has .10, the members .4 and .5."""

    name: str
    cidr: str
    public_address: str
    vpc_id: UUID = field(default_factory=uuid4)
    subnet_id: UUID = field(default_factory=uuid4)
    gateway_id: UUID = field(default_factory=uuid4)
    instance_id: UUID = field(default_factory=uuid4)
    member_ids: tuple[UUID, UUID] = field(default_factory=lambda: (uuid4(), uuid4()))

    def address(self, last: int) -> str:
        return f"{self.cidr.rpartition('.')[0]}.{last}"

    @property
    def host(self) -> str:
        return self.address(10)

    @property
    def members(self) -> tuple[MemberSpec, MemberSpec]:
        first, second = (
            MemberSpec(
                id=self.member_ids[index],
                gateway_id=self.gateway_id,
                index=index,
                vpc_id=self.vpc_id,
                subnet_id=self.subnet_id,
                subnet_cidr=self.cidr,
                router_address=self.address(1),
                private_address=self.address(4 + index),
                public_address=self.public_address,
            )
            for index in (0, 1)
        )
        return first, second

    def network(self) -> NetworkSpec:
        return NetworkSpec(
            self.vpc_id,
            (SubnetSpec(self.subnet_id, self.cidr, self.address(1)),),
            (InstanceSpec(self.instance_id, f"vsi-{self.name}", self.subnet_id, self.host),),
        )


def connection(
    here: Side,
    there: Side,
    *,
    ike: IkeOffer = AUTO_IKE,
    esp: EspOffer = AUTO_ESP,
    key: str = KEY,
    local: Sequence[str] = (),
    remote: Sequence[str] = (),
    dpd: DeadPeerDetection = NO_DPD,
    connection_id: UUID | None = None,
    **other: str,
) -> ConnectionSpec:
    pairs = product(local or [here.cidr], remote or [there.cidr])
    return ConnectionSpec(
        id=connection_id or uuid4(),
        name=f"{here.name}-{there.name}",
        enabled=True,
        peer_address=other.get("peer_address", there.public_address),
        local_id=other.get("local_id", here.public_address),
        remote_id=other.get("remote_id", there.public_address),
        ike=ike,
        esp=esp,
        selectors=tuple(Selector(*pair) for pair in pairs),
        dpd=dpd,
        psk=Secret(f"{key}-version", key),
    )


@dataclass
class World:
    """A driver, two sides, and the actions that a plan would take."""

    driver: Driver
    left: Side
    right: Side
    generation: int = 1
    connections: dict[str, list[ConnectionSpec]] = field(default_factory=dict)

    def do(self, member: MemberSpec, *actions: Action) -> None:
        for action in actions:
            self.driver.apply(member, action, generation=self.generation)

    def build(self, members: int = 1) -> None:
        """Networks and started members; the first of each side active, serving both CIDRs."""
        for side, other in ((self.left, self.right), (self.right, self.left)):
            self.driver.apply_network(side.network())
            for member in side.members[:members]:
                role = MemberRole.ACTIVE if member.index == 0 else MemberRole.STANDBY
                configure_network = ConfigureNetwork(role, frozenset({side.cidr}), frozenset({other.cidr}))
                self.do(member, StartMember(), configure_network)

    def load(self, side: Side, *wanted: ConnectionSpec, index: int = 0) -> tuple[PeerSpec, ...]:
        """Configure and load what the connections need; returns the resulting peers."""
        self.connections[side.name] = list(wanted)
        gateway = GatewaySpec(side.gateway_id, side.name, self.generation, side.members, wanted)
        member = side.members[index]
        pairs = [selector for one in wanted for selector in one.selectors]
        local, remote = frozenset(p.local for p in pairs), frozenset(p.remote for p in pairs)
        role = MemberRole.ACTIVE if index == 0 else MemberRole.STANDBY
        self.do(member, ConfigureNetwork(role, local, remote))
        made = peers(gateway)
        self.do(member, *(LoadPeer(peer) for peer in made))
        return made

    def initiate(self, side: Side, *made: PeerSpec, ike_version: int = 2, index: int = 0) -> None:
        self.do(
            side.members[index],
            *(Initiate(peer.name, child.name, ike_version) for peer in made for child in peer.children),
        )

    def state(self, side: Side, index: int = 0) -> MemberState:
        member = side.members[index]
        return self.driver.observe([member])[member.id]

    def up(self, side: Side, children: int = 1, index: int = 0) -> bool:
        return len(installed(self.state(side, index))) >= children

    def connect(self, **options: object) -> tuple[ConnectionSpec, ConnectionSpec]:
        """One connection both ways, initiated from the left, up on both sides."""
        there = connection(self.left, self.right, **options)
        back = connection(self.right, self.left, **mirrored(options))
        self.load(self.right, back)
        made = self.load(self.left, there)
        self.initiate(self.left, *made)
        count = sum(len(peer.children) for peer in made)
        self.wait_up(count)
        return there, back

    def wait_up(self, children: int = 1, seconds: float = 10.0) -> None:
        for side in (self.left, self.right):
            wait_for(partial(self.up, side, children), seconds)

    def namespace(self, side: Side) -> str:
        return host_namespace(self.driver, side)


def mirrored(options: dict[str, object]) -> dict[str, object]:
    swapped = dict(options)
    swapped["local"], swapped["remote"] = options.get("remote", ()), options.get("local", ())
    return swapped


def host_namespace(driver: Driver, side: Side) -> str:
    return next(i.namespace for i in driver.inventory().instances if i.id == side.instance_id)


def installed(state: MemberState) -> dict[str, tuple[str, str]]:
    """Child name -> SPIs, of what passes traffic."""
    return {
        child.name: (child.spi_in, child.spi_out)
        for sa in state.sas
        if sa.established
        for child in sa.children
        if child.installed
    }


def in_namespace(namespace: str, *argv: str, timeout: float = 20.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ip", "netns", "exec", namespace, *argv],
        capture_output=True,
        text=True,
        timeout=timeout * PATIENCE,
        check=False,
    )


def ping(namespace: str, target: str, *options: str, count: int = 1) -> int:
    """How many of `count` pings were answered (1 s each at most)."""
    done = in_namespace(
        namespace, "ping", "-n", "-q", "-c", str(count), "-W", "1", "-i", "0.01", *options, target
    )
    received = done.stdout.partition(" packets transmitted, ")[2].partition(" ")[0]
    return int(received or 0)


def passes(namespace: str, target: str) -> None:
    """Three pings without a loss, within ten seconds: charon with user-space ESP now and then keeps a
    packet back until the next one comes, when the machine is busy."""
    wait_for(lambda: ping(namespace, target, count=3) == 3)


def pinging(namespace: str, target: str, count: int) -> subprocess.Popen[str]:
    """One every 10 ms, under way; `communicate` gives what came of them."""
    return subprocess.Popen(
        ["ip", "netns", "exec", namespace, "ping", "-n", "-q", "-i", "0.01", "-c", str(count), target],
        stdout=subprocess.PIPE,
        text=True,
    )
