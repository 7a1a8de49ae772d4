"""How soon many tunnels of one gateway are back after a takeover: initiated together, and one by one.

Both in one run and on the same charons, so that the ratio does not depend on the machine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from statistics import median

from tests.bench.figures import Figure, until
from tests.dataplane.bare import BarePeer, bare_peer
from tests.dataplane.parts import installation
from tests.dataplane.watched_events import WatchedEvents, watched_events
from tests.dataplane.world import KEY, Side, World, connection, installed
from vpn.domain.actions import Initiate, Terminate
from vpn.domain.peers import PeerSpec
from vpn.domain.state import EventKind
from vpn.drivers.strongswan import netns
from vpn.drivers.strongswan.driver import StrongSwanDriver

LEFT = Side("left", "192.168.100.0/24", "198.18.0.2")
NOWHERE = Side("right", "192.168.0.0/24", "198.18.0.3")
Times = list[float]


def measure(*, tunnels: int = 24, rounds: int = 5) -> list[Figure]:
    """Each tunnel has a peer of its own; all of them are one bare charon that only answers."""
    found: dict[str, Times] = {"together": [], "one": []}
    with installation() as config, ExitStack() as stack:
        driver = StrongSwanDriver(config)
        world = World(driver, LEFT, NOWHERE)
        world.build()
        _answer(stack.enter_context(bare_peer(config.installation, "198.18.9.250", [])), tunnels)
        wanted = [
            connection(
                LEFT, NOWHERE, peer_address=_address(n), remote_id=_address(n), remote=[f"10.{n}.0.0/24"]
            )
            for n in range(1, tunnels + 1)
        ]
        peers = world.load(LEFT, *wanted)
        with watched_events(driver, LEFT.members[:1]) as events:
            events.wait(EventKind.FOUND, LEFT.members[0])
            for _ in range(rounds):
                found["one"].append(_round(world, peers, events, nullcontext))
                found["together"].append(_round(world, peers, events, driver.together))
        driver.remove_all()
    one, all_at_once = median(found["one"]), median(found["together"])
    how = f"{tunnels} peers, one tunnel each, {rounds} rounds in turn, load {os.getloadavg()[0]:.1f}"
    return [
        Figure("last of many tunnels up, initiated together", f"{all_at_once * 1000:.0f} ms", "", how),
        Figure("the same, initiated one by one", f"{one * 1000:.0f} ms", "", ""),
        Figure("together, as a share of one by one", f"{all_at_once / one:.2f}", "under 1", ""),
    ]


def _address(number: int) -> str:
    return f"198.18.9.{number}"


def _answer(far: BarePeer, tunnels: int) -> None:
    addresses = [f"addr add {_address(n)}/16 dev wan0" for n in range(1, tunnels + 1)]
    inner = [f"addr add 10.{n}.0.1/32 dev lo" for n in range(1, tunnels + 1)]
    netns.batch([*addresses, *inner], what="address the peers", namespace=far.namespace)
    connections = "".join(
        f"p{n} {{ local_addrs = {_address(n)}\n remote_addrs = {LEFT.public_address}\n"
        f" local {{ auth = psk\n id = {_address(n)} }}\n"
        f" remote {{ auth = psk\n id = {LEFT.public_address} }}\n"
        f" children {{ c {{ local_ts = 10.{n}.0.0/24\n remote_ts = {LEFT.cidr} }} }} }}\n"
        for n in range(1, tunnels + 1)
    )
    far.load(f'connections {{ {connections} }}\nsecrets {{ ike-all {{ secret = "{KEY}" }} }}\n')


def _round(
    world: World,
    peers: tuple[PeerSpec, ...],
    events: WatchedEvents,
    together: Callable[[], AbstractContextManager[None]],
) -> float:
    """Seconds from the first initiation to the last tunnel."""
    member = LEFT.members[0]
    began, before = time.perf_counter(), len(events.of(EventKind.UP, member))
    with together():
        world.do(member, *(Initiate(peer.name, peer.children[0].name) for peer in peers))
    until(lambda: len(events.of(EventKind.UP, member)) - before >= len(peers), every=0.001)
    lasted = time.perf_counter() - began
    world.do(member, *(Terminate(peer.name) for peer in peers))
    until(lambda: not installed(world.state(LEFT)))
    return lasted
