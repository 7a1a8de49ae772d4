"""Small specs and states for tests of the pure packages and of the simulated driver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, EspOffer, IkeOffer
from vpn.domain.actions import Action
from vpn.domain.peers import peers
from vpn.domain.plan import Plan, served_cidrs
from vpn.domain.spec import (
    ConnectionSpec,
    DeadPeerDetection,
    DpdAction,
    GatewaySpec,
    MemberRole,
    MemberSpec,
    Secret,
    Selector,
)
from vpn.domain.state import Attempt, ChildState, GatewayState, MemberState, SaState

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def ident(*words: object) -> UUID:
    """The same words give the same id."""
    return uuid5(SPACE, "/".join(map(str, words)))


def member(gateway: str, index: int, *, public: str) -> MemberSpec:
    return MemberSpec(
        id=ident(gateway, index),
        gateway_id=ident(gateway),
        index=index,
        vpc_id=ident(gateway, "vpc"),
        subnet_id=ident(gateway, "subnet"),
        subnet_cidr="192.168.100.0/24",
        router_address="192.168.100.1",
        private_address=f"192.168.100.{4 + index}",
        public_address=public,
    )


def connection(
    name: str = "c1",
    *,
    peer: str = "203.0.113.2",
    local: Iterable[str] = ("10.1.0.0/24",),
    remote: Iterable[str] = ("10.2.0.0/24",),
    own: str = "203.0.113.1",
    enabled: bool = True,
    initiate: bool = True,
    ike: IkeOffer = AUTO_IKE,
    esp: EspOffer = AUTO_ESP,
    psk: str = "VPNDemoPassword",
    psk_id: str = "k1",
    dpd: int = 0,
) -> ConnectionSpec:
    """`dpd` is the interval in seconds, 0 for none."""
    action = DpdAction.RESTART if dpd else DpdAction.NONE
    return ConnectionSpec(
        id=ident("connection", name, own),
        name=name,
        enabled=enabled,
        peer_address=peer,
        local_id=own,
        remote_id=peer,
        ike=ike,
        esp=esp,
        selectors=tuple(Selector(one, other) for one in local for other in remote),
        dpd=DeadPeerDetection(action, dpd or 30, 4 * dpd or 120),
        psk=Secret(psk_id, psk),
        initiate=initiate,
    )


def gateway(
    *connections: ConnectionSpec, name: str = "g1", public: str = "203.0.113.1", deleted: bool = False
) -> GatewaySpec:
    return GatewaySpec(
        id=ident(name),
        name=name,
        generation=1,
        members=(member(name, 0, public=public), member(name, 1, public=public)),
        connections=connections,
        deleted=deleted,
    )


def pair(
    one: ConnectionSpec | None = None, other: ConnectionSpec | None = None
) -> tuple[GatewaySpec, GatewaySpec]:
    """Two gateways whose connections mirror each other."""
    mirrored = connection(
        "back", peer="203.0.113.1", own="203.0.113.2", local=["10.2.0.0/24"], remote=["10.1.0.0/24"]
    )
    return (
        gateway(one or connection()),
        gateway(other or mirrored, name="g2", public="203.0.113.2"),
    )


def settled(spec: GatewaySpec, *, up: bool = True, active: int = 0) -> GatewayState:
    """The state in which nothing of `spec` remains to be done."""
    local, remote = served_cidrs(spec)
    loaded = {peer.name: peer.as_loaded() for peer in peers(spec)}
    states = {}
    for one in spec.members:
        is_active = one.index == active
        states[one.id] = MemberState(
            id=one.id,
            running=True,
            boot_id=f"boot-{one.index}",
            role=MemberRole.ACTIVE if is_active else MemberRole.STANDBY,
            local_cidrs=local,
            peer_cidrs=remote,
            loaded=loaded,
            sas=tuple(sa(peer.name, [c.name for c in peer.children]) for peer in peers(spec))
            if up and is_active
            else (),
            exists=True,
        )
    return GatewayState(NOW, states)


def with_member(state: GatewayState, member_id: UUID, **changes: object) -> GatewayState:
    changed = replace(state.members[member_id], **changes)
    return replace(state, members={**state.members, member_id: changed})


def sa(
    peer: str, children: Iterable[str | ChildState], *, state: str = "ESTABLISHED", age: int = 60
) -> SaState:
    return SaState(
        peer=peer,
        unique_id="1",
        version=2,
        state=state,
        initiator=True,
        local_id="203.0.113.1",
        remote_id="203.0.113.2",
        suite="aes256-sha256-modp2048",
        nat=False,
        established_for=age,
        rekey_in=1000,
        children=tuple(child(c) if isinstance(c, str) else c for c in children),
    )


def child(
    name: str, *, state: str = "INSTALLED", local: tuple[str, ...] = (), remote: tuple[str, ...] = ()
) -> ChildState:
    return ChildState(
        name=name,
        state=state,
        spi_in="c0000001",
        spi_out="c0000002",
        bytes_in=840,
        bytes_out=420,
        packets_in=10,
        packets_out=5,
        local=local,
        remote=remote,
        suite="aes256-sha256",
        installed_for=60,
        rekey_in=500,
    )


def shape(todo: Plan) -> list[tuple[int, str]]:
    return [(step.member.index, type(step.action).__name__) for step in todo.steps]


def actions(todo: Plan, index: int | None = None) -> list[Action]:
    return [step.action for step in todo.steps if index is None or step.member.index == index]


def nothing(spec: GatewaySpec) -> GatewayState:
    return GatewayState(NOW, {member.id: MemberState(member.id) for member in spec.members})


def edited(spec: GatewaySpec, **changes: object) -> GatewaySpec:
    """The first connection changed."""
    first, *others = spec.connections
    return replace(spec, connections=(replace(first, **changes), *others))


def names(spec: GatewaySpec) -> list[str]:
    return [c.name for peer in peers(spec) for c in peer.children]


def tried(spec: GatewaySpec, count: int, seconds_ago: float) -> GatewayState:
    attempt = Attempt(count, NOW - timedelta(seconds=seconds_ago))
    attempts = {peer.name: attempt for peer in peers(spec)}
    return with_member(settled(spec, up=False), spec.members[0].id, attempts=attempts)
