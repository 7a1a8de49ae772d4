"""What frequent rekeying costs, and what part our own initiations play in it. IKEv1, pings every 10 ms.

Each case is measured by charon alone and with both ends reconciled as the listener does, in one run. The
API accepts no lifetime under 300 s, so the first case cannot be configured; in the second one only the
peer, a bare charon, has short lifetimes.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from unittest.mock import patch

from policies.domain.proposals import AUTO_ESP, AUTO_IKE, IkeVersion
from tests.bench.figures import Figure
from tests.dataplane.bare import BarePeer, bare_peer
from tests.dataplane.gateways import Gateways
from tests.dataplane.parts import installation
from tests.dataplane.reconciling import Reconciler
from tests.dataplane.world import KEY, Side, World, connection, ping, pinging
from tests.waiting import wait_for
from vpn.domain.spec import GatewaySpec
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import translate
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.names import MemberFiles

LEAST = 300
ADDRESS, NETWORK = "198.18.9.9", "10.9.0.0"
_BEGUN = re.compile(r"initiating Main Mode")


@dataclass(frozen=True, slots=True)
class Storm:
    """The result of pings. `begun`: main modes of either end; `initiated`: by our own plan."""

    lost: int
    sent: int
    begun: int
    initiated: int

    def __str__(self) -> str:
        return (
            f"{self.lost} of {self.sent} pings lost, {self.begun} main modes, "
            f"{self.initiated} of them initiated by the plan"
        )


def measure(*, count: int = 1200, seconds: int = 150) -> list[Figure]:
    """`seconds` is how long two pairs of gateways with lifetimes of 121 s are left alone."""
    figures = []
    for reconciled in (False, True):
        how = "both reconciled" if reconciled else "charon alone"
        both = _both_ends(3, reconciled=reconciled, count=count)
        figures.append(Figure(f"both ends rekey every 2 to 3 s, {how}", str(both), "", _load()))
        peer = busy_peer(reconciled=reconciled, count=count)
        name = f"only the peer does, our lifetimes {LEAST} s, {how}"
        figures.append(Figure(name, str(peer), "few lost" if reconciled else "", _load()))
    for name, first in (("at the same time", lambda *_: False), ("one after the other", None)):
        begun = _quiet(seconds, first)
        figures.append(Figure(f"main modes when both ends rekey {name}", str(begun), "", f"{seconds} s"))
    return figures


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


@contextmanager
def _world() -> Iterator[tuple[DriverConfig, World]]:
    with installation() as config:
        left, right = (
            Side("left", "192.168.100.0/24", "198.18.0.2"),
            Side("right", "192.168.0.0/24", "198.18.0.3"),
        )
        world = World(StrongSwanDriver(config), left, right)
        world.build()
        yield config, world


def _gateways(world: World, lifetime: int) -> Gateways:
    """One member each, settled."""
    made = Gateways(world)
    made.change(
        ike=replace(AUTO_IKE, version=IkeVersion.V1, lifetime=lifetime),
        esp=replace(AUTO_ESP, lifetime=lifetime),
    )
    made.left, made.right = (replace(g, members=g.members[:1]) for g in (made.left, made.right))
    made.settle(1)
    return made


def _both_ends(lifetime: int, *, reconciled: bool, count: int) -> Storm:
    with _world() as (config, world):
        gateways = _gateways(world, lifetime)
        reconciler = Reconciler(world.driver, [gateways.left, gateways.right])
        with reconciler.running() if reconciled else nullcontext():
            lost = _lost(world, world.right.host, count)
        begun = sum(_begun(_log(config, side)) for side in (world.left, world.right))
        return Storm(lost, count, begun, _initiated(reconciler))


def busy_peer(*, reconciled: bool, count: int) -> Storm:
    """Of a peer with lifetimes of 3 s, which starts its tunnel by itself, also when it was closed."""
    with _world() as (config, world), ExitStack() as stack:
        far = stack.enter_context(bare_peer(config.installation, ADDRESS, [NETWORK]))
        wanted = connection(
            world.left,
            world.right,
            peer_address=ADDRESS,
            remote_id=ADDRESS,
            remote=[f"{NETWORK}/24"],
            ike=replace(AUTO_IKE, version=IkeVersion.V1, lifetime=LEAST),
            esp=replace(AUTO_ESP, lifetime=LEAST),
        )
        spec = GatewaySpec(world.left.gateway_id, "left", 1, world.left.members[:1], (wanted,))
        target = f"{NETWORK.rpartition('.')[0]}.1"
        reconciler = Reconciler(world.driver, [spec])
        running = ExitStack()
        running.enter_context(reconciler.running())
        with running:
            far.load(_busy(world))
            wait_for(lambda: ping(world.namespace(world.left), target) == 1, 20)
            if not reconciled:
                running.close()
            lost = _lost(world, target, count)
        begun = _begun(_log(config, world.left)) + _begun(_far_log(far))
        return Storm(lost, count, begun, _initiated(reconciler))


def _busy(world: World) -> str:
    often = "rekey_time = 2s\n rand_time = 1s\n"
    return (
        f"connections {{ p {{ version = 1\n local_addrs = {ADDRESS}\n"
        f" remote_addrs = {world.left.public_address}\n proposals = aes256-sha256-modp2048\n {often}"
        f" over_time = 1s\n local {{ auth = psk\n id = {ADDRESS} }}\n"
        f" remote {{ auth = psk\n id = {world.left.public_address} }}\n"
        f" children {{ c {{ local_ts = {NETWORK}/24\n remote_ts = {world.left.cidr}\n {often}"
        f" life_time = 3s\n esp_proposals = aes256-sha256\n start_action = start\n"
        f" close_action = start }} }} }} }}\n"
        f'secrets {{ ike-all {{ secret = "{KEY}" }} }}\n'
    )


def _quiet(seconds: int, first: Callable[..., bool] | None) -> int:
    """Main modes of two gateways beyond the first, which are left alone for so long; `first` instead of
    the rule by which one end rekeys before the other."""
    # 11 s apart: the least with which an end is ready with an IKE SA before the other one's time comes.
    with _world() as (config, world), ExitStack() as stack:
        if first:
            stack.enter_context(patch.object(translate, "_rekeys_first", first))
        gateways = _gateways(world, 121)
        before = sum(_begun(_log(config, side)) for side in (world.left, world.right))
        until = time.monotonic() + seconds
        with Reconciler(world.driver, [gateways.left, gateways.right]).running():
            wait_for(lambda: time.monotonic() > until, seconds + 10, every=1.0)
        return sum(_begun(_log(config, side)) for side in (world.left, world.right)) - before


def _lost(world: World, target: str, count: int) -> int:
    output, _ = pinging(world.namespace(world.left), target, count).communicate()
    return count - int(output.partition(" packets transmitted, ")[2].split()[0])


def _log(config: DriverConfig, side: Side) -> str:
    return MemberFiles.of(config.directory, side.members[0]).log.read_text(errors="replace")


def _far_log(far: BarePeer) -> str:
    return (far.directory / "charon.log").read_text(errors="replace")


def _begun(log: str) -> int:
    return len(_BEGUN.findall(log))


def _initiated(reconciler: Reconciler) -> int:
    return sum(taken["Initiate"] for taken in reconciler.taken.values())
