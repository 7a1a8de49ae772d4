"""Predicted interruptions match what a change does to the SAs of real charons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.gateways import Gateways
from tests.dataplane.world import World, connection, installed
from vpn.domain.interruptions import Terms, UpTunnel, endings
from vpn.domain.peers import child_name, connection_of
from vpn.domain.spec import ConnectionSpec, GatewaySpec, Selector
from vpn.domain.state import GatewayState
from vpn.domain.status import derive_status

pytestmark = pytest.mark.dataplane

IKE = Proposal(("aes256",), ("sha256",), (14,))
ESP = Proposal(("aes256",), ("sha256",))
OTHER_ESP = Proposal(("aes128",), ("sha256",))
A, B, LATER = "10.8.0.0/24", "10.9.0.0/24", "10.10.0.0/24"


def terms_of(spec: GatewaySpec) -> dict[UUID, Terms]:
    return {
        c.id: Terms(
            off="" if c.enabled else "the connection is disabled",
            peer=c.peer_address,
            local_id=c.local_id,
            remote_id=c.remote_id,
            ike=c.ike,
            esp=c.esp,
            pairs=frozenset(c.selectors),
            restart_at=c.restart_at,
        )
        for c in spec.connections
    }


def tunnels_of(world: World, spec: GatewaySpec) -> list[tuple[UUID, UpTunnel]]:
    """As they are recorded."""
    now = datetime.now(UTC)
    state = GatewayState(now, world.driver.observe(spec.members))
    connections = derive_status(spec, state, now=now).connections.values()
    return [
        (
            one.connection_id,
            UpTunnel(
                agreed.ike_version,
                agreed.ike_suite,
                agreed.esp_suite,
                frozenset(Selector(pair.local, pair.remote) for pair in one.pairs if pair.installed),
                agreed.older,
            ),
        )
        for status in connections
        for one in status.tunnels
        if (agreed := one.negotiated)
    ]


class Shared:
    """Two connections of one gateway that share an IKE SA; the left side is asked."""

    def __init__(self, world: World, version: IkeVersion) -> None:
        self.world, self.gateways = world, Gateways(world)
        options = {"ike": IkeOffer(version, IKE, 7200), "esp": EspOffer(ESP, 3600)}
        left = [connection(world.left, world.right, remote=[net], **options) for net in (A, B)]
        right = [connection(world.right, world.left, local=[net], **options) for net in (A, B)]
        self.gateways.left = replace(self.gateways.left, connections=tuple(left))
        self.gateways.right = replace(self.gateways.right, connections=tuple(right))
        self.gateways.settle(2)

    def edited(self, side: str, chosen: int | None, **changes: Any) -> GatewaySpec:
        """One of the connections changed, or both."""
        spec: GatewaySpec = getattr(self.gateways, side)
        connections = [
            replace(one, **changes) if chosen in (None, number) else one
            for number, one in enumerate(spec.connections)
        ]
        return replace(spec, generation=spec.generation + 1, connections=tuple(connections))

    def far(self, chosen: int | None, **changes: Any) -> None:
        self.gateways.right = self.edited("right", chosen, **changes)

    def change(self, children: int, chosen: int | None, **changes: Any) -> tuple[set[int], set[int]]:
        """The connections predicted to be interrupted, and those of which a pair has ended."""
        before = self.gateways.left
        after = self.edited("left", chosen, **changes)
        predicted = endings(terms_of(before), terms_of(after), tunnels_of(self.world, before))
        existing = installed(self.world.state(self.world.left))
        self.gateways.left = after
        self.gateways.settle(children)
        now = installed(self.world.state(self.world.left))
        places = {str(one.id): number for number, one in enumerate(before.connections)}
        ended = {places[connection_of(name)] for name, spis in existing.items() if now.get(name) != spis}
        return {places[str(ident)] for ident in predicted}, ended


def pairs(connections: tuple[ConnectionSpec, ...], chosen: int, *nets: str) -> Iterator[Selector]:
    (local,) = {one.local for one in connections[chosen].selectors}
    return (Selector(local, net) for net in nets)


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
def test_what_is_predicted_is_what_ends(world: World, version: IkeVersion) -> None:
    both = Shared(world, version)
    ours, theirs = both.gateways.left.connections, both.gateways.right.connections
    wider = tuple(pairs(ours, 0, A, LATER))
    both.far(0, selectors=(*theirs[0].selectors, Selector(LATER, world.left.cidr)))
    assert both.change(3, 0, selectors=wider) == (set(), set()), "a CIDR is added"
    assert both.change(2, 0, selectors=tuple(pairs(ours, 0, A))) == ({0}, {0}), "and removed"
    both.far(0, selectors=theirs[0].selectors)
    assert both.change(2, 0, restart_at=datetime.now(UTC)) == ({0}, {0}), "one is restarted"

    shorter = {"ike": IkeOffer(version, IKE, 3600)}
    assert both.change(2, None, **shorter) == (set(), set()), "the lifetime of the IKE SA"
    # The IKE SA was negotiated from another configuration: what is negotiated again replaces it as well.
    both.far(0, esp=EspOffer(OTHER_ESP, 3600))
    assert both.change(2, 0, esp=EspOffer(OTHER_ESP, 3600)) == ({0, 1}, {0, 1}), "under an older form"
    assert both.change(2, 0, restart_at=datetime.now(UTC)) == ({0}, {0}), "and under the present one"
    assert both.change(1, 0, enabled=False) == ({0}, {0}), "one is disabled"
    assert both.change(2, 0, enabled=True) == (set(), set()), "and enabled"
    names = {child_name(one.id, one.selectors[0]) for one in both.gateways.left.connections}
    assert installed(world.state(world.left)).keys() == names
