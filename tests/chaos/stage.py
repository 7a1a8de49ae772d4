"""An installation with two joined pairs of gateways: one that faults may hit, one that only witnesses."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from console.quickstart.datadir import DataDir
from tests.chaos.clock import Clock
from tests.e2e.product import RIGHT_HOST, Pair, Product
from tests.e2e.test_redis_away import Server
from tests.e2e.traffic import passes
from tests.waiting import wait_for
from vpn.drivers.base import DriverConfig, StandingMember
from vpn.drivers.strongswan import vici
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.names import member_end

WITNESS = ("10.61.0.0/24", "10.62.0.0/24")
WITNESS_HOSTS = ("10.61.0.10", "10.62.0.10")
SUBJECT = "subject"
PERIOD = 2  # seconds between dead peer detections at first; every edit makes it one more


@dataclass
class Stage:
    """`struck` is the pair that faults may hit, `subject` a gateway that is created and deleted."""

    product: Product
    broker: Server
    clock: Clock
    disk: Path
    struck: Pair
    witness: Pair
    random: Random
    subject: str = ""
    period: int = PERIOD
    wrong: tuple[str, ...] = ()

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Connections by gateway, as the API has them."""
        gateways = [row["id"] for row in self.product.get("/vpn_gateways")["vpn_gateways"]]
        return {one: self.product.get(f"/vpn_gateways/{one}/connections")["connections"] for one in gateways}

    def members(self) -> tuple[StandingMember, ...]:
        place = DataDir(self.product.directory)
        config = DriverConfig(place.driver, self.product.instance_word(), "198.18.0.0/16")
        return StrongSwanDriver(config).standing().members

    def target(self) -> list[StandingMember]:
        """The members of a gateway that may be hit and runs, the active one first."""
        running = [member for member in self.members() if member.pid]
        choice = [UUID(one) for one in (self.struck.gateways[0], self.subject) if one]
        standing = [one for one in choice if sum(member.gateway_id == one for member in running) == 2]
        chosen = self.random.choice(standing)
        return sorted((one for one in running if one.gateway_id == chosen), key=lambda one: one.role)

    def settle(self) -> None:
        """Wait until the host has what the rows say and nothing else, and packets pass."""
        try:
            wait_for(self._is_settled, 90, every=0.2)
        except AssertionError:
            raise AssertionError(f"still wrong: {self.wrong}") from None
        left = self.product.host("vsi-1")
        wait_for(lambda: passes(left, RIGHT_HOST), 20)

    def _is_settled(self) -> bool:
        if not self.product.answers():
            self.wrong = ("the API does not answer",)
            return False
        try:
            self.wrong = tuple(self._differences())
        except AssertionError as refused:
            # What was listed a moment ago may be gone when it is asked for.
            self.wrong = (str(refused),)
        return not self.wrong

    def _differences(self) -> Iterator[str]:
        rows, members = self.rows(), self.members()
        expected = {*self.struck.gateways, *self.witness.gateways, *filter(None, [self.subject])}
        if set(rows) != expected:
            yield f"rows of gateways {set(rows)}, not {expected}"
        yield from (f"{one} is not available" for one in rows if not self.product.available(one))
        yield from (
            f"{pair} is not up" for pair in (self.struck, self.witness) if not self.product.is_up(pair)
        )
        yield from self._lost_changes(rows)
        yield from self._differing_processes(members)
        yield from self._differing_networks(rows, members)
        for member in members:
            if member.pid:
                yield from self._differing_loads(member, rows.get(str(member.gateway_id), []))

    def _lost_changes(self, rows: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
        for row in rows.get(self.struck.gateways[0], []):
            if (now := row["dead_peer_detection"]["interval"]) != self.period:
                yield f"interval {now}, not {self.period}"
        if self.subject and len(rows.get(self.subject, [])) != 1:
            yield "the connection of the subject is lost"

    def _differing_processes(self, members: tuple[StandingMember, ...]) -> Iterator[str]:
        charons = sorted(self.product.charon_processes())
        if charons != sorted(member.pid or 0 for member in members):
            yield f"charons {charons} run, the members have {[member.pid for member in members]}"
        if missing := {"web", "worker", "listener", "beat"} - set(self.product.pids):
            yield f"not running: {missing}"
        if strays := self._strays():
            yield f"processes without a supervisor: {strays}"

    def _strays(self) -> list[int]:
        """Processes of this installation that do not descend from its quickstart."""
        mark = f"CHAOS={self.disk}\0".encode()
        ours = {pid: parent for pid, parent, has in _processes(mark) if has}
        return [pid for pid in ours if not _descends(pid, self.product.pid, ours)]

    def _differing_networks(
        self, rows: dict[str, list[dict[str, Any]]], members: tuple[StandingMember, ...]
    ) -> Iterator[str]:
        prefix = f"isth-{self.product.instance_word()}-"
        names = self.product.namespaces()
        gateways = {f"{prefix}gw-{one}-{index}" for one in rows for index in (0, 1)}
        if (found := {name for name in names if name.startswith(f"{prefix}gw-")}) != gateways:
            yield f"namespaces {found}, not {gateways}"
        ends = {member_end(UUID(one), index) for one in rows for index in (0, 1)}
        links = {row["ifname"] for row in _ip(f"{prefix}provider", "link") if row["ifname"].startswith("m")}
        if links != ends:
            yield f"links {links}, not {ends}"
        active = {str(one.gateway_id): one.private_address for one in members if one.role == "active"}
        wanted = {
            (cidr, active.get(one))
            for one, theirs in rows.items()
            for row in theirs
            for cidr in row["peer_cidrs"]
        }
        routers = [name for name in names if name.startswith(f"{prefix}vpc-")]
        routes = {
            (row["dst"], row["gateway"]) for one in routers for row in _ip(one, "route") if "gateway" in row
        }
        if routes != wanted:
            yield f"routes {routes}, not {wanted}"

    def _differing_loads(self, member: StandingMember, rows: list[dict[str, Any]]) -> Iterator[str]:
        if member.role != "active":
            return
        try:
            loaded = list_connections(member)
        except vici.NoAnswer as error:
            yield str(error)
            return
        children = {name.partition(".")[0] for one in loaded.values() for name in one.get("children", {})}
        if children != {row["id"] for row in rows}:
            yield f"{member.namespace} has loaded {children}"
        wanted = {str(row["dead_peer_detection"]["interval"]) for row in rows}
        if (delays := {one.get("dpd_delay", "") for one in loaded.values()}) != wanted:
            yield f"{member.namespace} has loaded the intervals {delays}, not {wanted}"


def list_connections(member: StandingMember) -> dict[str, Any]:
    """What the member's charon itself says that it has loaded."""
    with vici.connect(Path(member.vici_socket)) as link:
        parts = vici.Charon(link).stream("list-conns", "list-conn")
        return {name: body for part in parts for name, body in part.items()}


def unload_connections(member: StandingMember) -> None:
    """As somebody would by hand: `swanctl --unload-conn`, unknown to the product."""
    with vici.connect(Path(member.vici_socket)) as link:
        charon = vici.Charon(link)
        for name in charon.connections():
            charon.request("unload-conn", {"name": name})


def _ip(namespace: str, what: str) -> list[dict[str, Any]]:
    command = ["ip", "-n", namespace, "-j", what, "show"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def _processes(mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Pid, parent, and whether the mark is in the environment."""
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            yield pid, int(stat[1]), mark in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != ancestor:
        pid = parents[pid]
    return pid == ancestor


@contextmanager
def staged(disk: Path, broker: Server, clock: Clock, seed: int) -> Iterator[Stage]:
    """Both pairs up; nothing of the installation stands afterwards."""
    settings = {"ISTHMUS_REDIS_URL": f"unix://{broker.socket}", "ISTHMUS_HANG_SECONDS": "10"}
    product = Product(disk / "data", settings=settings | {"CHAOS": str(disk)} | clock.environment)
    product.start()
    try:
        struck = product.join()
        witness = join_witness(product)
        yield Stage(product, broker, clock, disk, struck, witness, Random(seed))  # noqa: S311
    finally:
        # A fault may have ended it; what still stands is taken down by the next one's end.
        if product.process is None:
            product.start()
        product.end()
    assert product.namespaces() == []
    assert product.charon_processes() == []


def join_witness(product: Product) -> Pair:
    """Two more VPCs with an instance each, and gateways between them."""
    zone = {"name": product.get("/subnets")["subnets"][0]["zone"]["name"]}
    for number, (block, host) in enumerate(zip(WITNESS, WITNESS_HOSTS, strict=True), 3):
        vpc = product.post("/vpcs", {"name": f"vpc-{number}"})["id"]
        product.post(f"/vpcs/{vpc}/address_prefixes", {"cidr": block, "zone": zone})
        wanted = {"name": f"subnet-{number}", "vpc": {"id": vpc}, "zone": zone, "ipv4_cidr_block": block}
        subnet = product.post("/subnets", wanted)["id"]
        interface = {"subnet": {"id": subnet}, "primary_ipv4_address": host}
        product.post("/instances", {"name": f"vsi-{number}", "primary_network_interface": interface})
    return product.join(("subnet-3", WITNESS[0]), ("subnet-4", WITNESS[1]))
