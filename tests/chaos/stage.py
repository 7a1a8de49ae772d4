"""An installation with two connected pairs of gateways: one that faults may affect, and one as a control."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import Signals
from uuid import UUID

from console.core.processes import Identity
from console.project.quickstart.datadir import DataDir
from tests.chaos.clock import Clock
from tests.e2e.product import LEFT, RIGHT, Pair, Product
from tests.e2e.test_redis_away import Server
from tests.waiting import wait_for
from vpn.drivers.base import DriverConfig, Inventory, InventoryMember
from vpn.drivers.strongswan.driver import StrongSwanDriver

CONTROL = ("10.61.0.0/24", "10.62.0.0/24")
CONTROL_HOSTS = ("10.61.0.10", "10.62.0.10")
PERIOD = 2  # seconds between dead peer detections at first; every edit makes it one more
# So that a process that hangs is started again, and a fault in the host found, within seconds.
_QUICK = {"ISTHMUS_HANG_SECONDS": "8", "ISTHMUS_SWEEP_SECONDS": "2"}


@dataclass
class Stage:
    """`target` is the pair that faults may hit, `subnet` where gateways are created and deleted.

    `created` and `deleted` are such gateways: the one made last, and the one before it while it is
    being deleted; empty where there is none.
    """

    product: Product
    broker: Server
    clock: Clock
    disk: Path
    target: Pair
    control: Pair
    random: Random
    subnet: str
    networks: frozenset[str]
    created: str = ""
    deleted: str = ""
    number: int = 0
    creating: bool = False
    period: int = PERIOD
    _before: tuple[InventoryMember, ...] = field(default=(), repr=False)

    def begin(self, *, changes: bool) -> None:
        """A round, in which a gateway is created, and the one of the last such round deleted."""
        self.creating = changes
        if changes:
            self.deleted, self.created = self.created, ""
            self.number += 1
        self._before = self.members()

    def inventory(self) -> Inventory:
        """What is found on the host."""
        place = DataDir(self.product.directory)
        config = DriverConfig(place.driver, self.product.installation_word(), "198.18.0.0/16")
        return StrongSwanDriver(config).inventory()

    def members(self) -> tuple[InventoryMember, ...]:
        return self.inventory().members

    def host(self, name: str) -> str:
        """The namespace of an instance."""
        return next(one.namespace for one in self.inventory().instances if one.name == name)

    def active(self) -> list[InventoryMember]:
        """Of the target pair's first gateway."""
        return _of(self.target.gateways[0], self.members())[:1]

    def hit(self, how: Callable[[list[InventoryMember]], bool]) -> None:
        """Each gateway that may be hit: those that existed before the round at once, the one that is
        being created as soon as there is something to hit.

        `how` is given a gateway's members, the active one first, and says whether it hit any.
        """
        assert how(_of(self.target.gateways[0], self._before)), "the target pair does not exist"
        for gateway in filter(None, (self.deleted, "" if self.creating else self.created)):
            how(_of(gateway, self._before))
        if self.creating:
            wait_for(lambda: how(_of(self.created, self.members())), 30)

    def signal(self, members: Iterable[InventoryMember], number: Signals) -> list[int]:
        """To their charons; the pids of those that were there still."""
        ours = set(self.product.charon_processes())
        found = [
            identity
            for member in members
            if member.pid in ours and (identity := Identity.of(member.pid or 0))
        ]
        for identity in found:
            identity.send(number)
        return [identity.pid for identity in found]


def _of(gateway: str, members: Iterable[InventoryMember]) -> list[InventoryMember]:
    found = [member for member in members if gateway and member.gateway_id == UUID(gateway)]
    return sorted(found, key=lambda one: one.role != "active")


@contextmanager
def staged(disk: Path, broker: Server, clock: Clock, seed: int) -> Iterator[Stage]:
    """Both pairs up; nothing of the installation exists afterwards."""
    settings = {"ISTHMUS_REDIS_URL": f"unix://{broker.socket}", "CHAOS": str(disk)}
    product = Product(disk / "data", settings=settings | _QUICK | clock.environment)
    product.start()
    try:
        make_control(product)
        lefts = ("subnet-1", LEFT), ("subnet-3", CONTROL[0])
        rights = ("subnet-2", RIGHT), ("subnet-4", CONTROL[1])
        with ThreadPoolExecutor() as pool:
            target, control = pool.map(product.join, lefts, rights)
        networks = frozenset(name for name in product.namespaces() if "-gw-" not in name)
        random = Random(seed)  # noqa: S311
        subnet = product.subnet("subnet-1")
        yield Stage(product, broker, clock, disk, target, control, random, subnet, networks)
    finally:
        # A fault may have ended it; what still exists is removed at the end of the next one.
        if product.process is None:
            product.start()
        product.end()
    assert product.namespaces() == []
    assert product.charon_processes() == []


def make_control(product: Product) -> None:
    """Two more VPCs with a subnet and an instance each."""
    zone = {"name": product.get("/subnets")["subnets"][0]["zone"]["name"]}
    for number, (block, host) in enumerate(zip(CONTROL, CONTROL_HOSTS, strict=True), 3):
        vpc = product.post("/vpcs", {"name": f"vpc-{number}"})["id"]
        product.post(f"/vpcs/{vpc}/address_prefixes", {"cidr": block, "zone": zone})
        wanted = {"name": f"subnet-{number}", "vpc": {"id": vpc}, "zone": zone, "ipv4_cidr_block": block}
        subnet = product.post("/subnets", wanted)["id"]
        interface = {"subnet": {"id": subnet}, "primary_ipv4_address": host}
        product.post("/instances", {"name": f"vsi-{number}", "primary_network_interface": interface})
