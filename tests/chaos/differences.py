"""Compares rows, processes, the kernel's networks and the configurations loaded in charons."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from console.core.processes import recall
from console.project.quickstart.datadir import DataDir
from tests.chaos.stage import Stage
from tests.e2e.product import RIGHT_HOST
from tests.e2e.traffic import passes
from tests.waiting import wait_for
from vpn.drivers.base import DriverError, InventoryMember
from vpn.drivers.strongswan import vici
from vpn.drivers.strongswan.names import member_end

# Connections by gateway, as the API has them.
Rows = Mapping[str, list[dict[str, Any]]]


def settle(stage: Stage) -> None:
    """Wait until the host has what the rows say and nothing else, and packets pass."""
    wrong: list[str] = []

    def is_settled() -> bool:
        wrong[:] = _found(stage)
        return not wrong

    try:
        wait_for(is_settled, 120, every=0.2)
    except AssertionError:
        raise AssertionError(f"still wrong: {wrong}") from None
    wait_for(partial(passes, stage.host("vsi-1"), RIGHT_HOST), 20)


def _found(stage: Stage) -> Iterable[str]:
    if not stage.product.answers():
        return ["the API does not answer"]
    try:
        return list(_differences(stage))
    except AssertionError as refused:
        # What was listed a moment ago may be gone when it is asked for.
        return [str(refused)]


def _differences(stage: Stage) -> Iterator[str]:
    product = stage.product
    gateways = product.get("/vpn_gateways")["vpn_gateways"]
    rows: Rows = {
        row["id"]: product.get(f"/vpn_gateways/{row['id']}/connections")["connections"] for row in gateways
    }
    pairs = {*stage.target.gateways, *stage.control.gateways}
    if set(rows) != (expected := {*pairs, *filter(None, [stage.created, stage.deleted])}):
        yield f"rows of gateways {set(rows)}, not {expected}"
    yield from (f"{row['id']} is {row['status']}" for row in gateways if row["status"] != "available")
    yield from (
        f"a connection of {one} is {row['status']}"
        for one in pairs.intersection(rows)
        for row in rows[one]
        if row["status"] != "up"
    )
    yield from _lost_changes(stage, rows)
    members = stage.members()
    recorded = {
        (one["private_ip"]["address"], one["role"]) for row in gateways for one in row.get("members", [])
    }
    if recorded != (roles := {(one.private_address, one.role) for one in members}):
        yield f"members are recorded as {recorded}, not {roles}"
    yield from _differing_processes(stage, members)
    yield from _differing_networks(stage, rows, members)
    for member in members:
        if member.pid:
            yield from _differing_loads(member, rows.get(str(member.gateway_id), []))


def _lost_changes(stage: Stage, rows: Rows) -> Iterator[str]:
    if {gateway: len(found) for gateway, found in rows.items() if len(found) != 1}:
        yield f"not one connection each: { {gateway: len(found) for gateway, found in rows.items()} }"
    for row in rows.get(stage.target.gateways[0], []):
        if (now := row["dead_peer_detection"]["interval"]) != stage.period:
            yield f"interval {now}, not {stage.period}"


def _differing_processes(stage: Stage, members: tuple[InventoryMember, ...]) -> Iterator[str]:
    charons = sorted(stage.product.charon_processes())
    if charons != sorted(member.pid or 0 for member in members):
        yield f"charons {charons} run, the members have {[member.pid for member in members]}"
    alive = recall(DataDir(stage.product.directory).processes)
    if missing := {"web", "worker", "listener", "beat"} - alive.keys():
        yield f"not running, or not recorded for the next start: {missing}"
    if strays := _strays(stage):
        yield f"processes without a supervisor: {strays}"


def _strays(stage: Stage) -> list[int]:
    """Processes of this installation that do not descend from its quickstart."""
    mark = f"CHAOS={stage.disk}\0".encode()
    ours = {pid: parent for pid, parent, has in _processes(mark) if has}
    return [pid for pid in ours if not _descends(pid, stage.product.pid, ours)]


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


def _differing_networks(stage: Stage, rows: Rows, members: tuple[InventoryMember, ...]) -> Iterator[str]:
    prefix = f"isth-{stage.product.installation_word()}-"
    names = set(stage.product.namespaces())
    wanted = stage.networks | {f"{prefix}gw-{one}-{index}" for one in rows for index in (0, 1)}
    if names != wanted:
        yield f"namespaces too many {names - wanted}, lacking {wanted - names}"
    ends = {member_end(UUID(one), index) for one in rows for index in (0, 1)}
    links = {row["ifname"] for row in _ip(f"{prefix}provider", "link") if row["ifname"].startswith("m")}
    if links != ends:
        yield f"links {links}, not {ends}"
    active = {str(one.gateway_id): one.private_address for one in members if one.role == "active"}
    expected = {
        (cidr, active.get(one))
        for one, theirs in rows.items()
        for row in theirs
        for cidr in row["peer_cidrs"]
    }
    routers = [name for name in names if name.startswith(f"{prefix}vpc-")]
    listed = [row for router in routers for row in _ip(router, "route", "table", "all")]
    routes = {(row["dst"], row["gateway"]) for row in listed if "gateway" in row}
    if routes != expected:
        yield f"routes {routes}, not {expected}"


def _ip(namespace: str, what: str, *which: str) -> list[dict[str, Any]]:
    command = ["ip", "-n", namespace, "-j", what, "show", *which]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def _differing_loads(member: InventoryMember, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Active or standby, a member's charon has all of its connections and their keys loaded, as the rows
    are now; tunnels has only the active one."""
    try:
        with vici.session(Path(member.vici_socket)) as charon:
            parts = charon.stream("list-conns", "list-conn")
            loaded = {name: body for part in parts for name, body in part.items()}
            keys, tunnels = charon.secrets(), {name for name, _ in charon.sas()}
    except DriverError as error:
        yield str(error)
        return
    children = {name.partition(".")[0] for one in loaded.values() for name in one.get("children", {})}
    if children != {row["id"] for row in rows}:
        yield f"{member.namespace} has loaded {children}"
    wanted = {str(row["dead_peer_detection"]["interval"]) for row in rows}
    if (delays := {one.get("dpd_delay", "") for one in loaded.values()}) != wanted:
        yield f"{member.namespace} has loaded the intervals {delays}, not {wanted}"
    if len(keys) != len(rows):
        yield f"{member.namespace} has loaded {len(keys)} keys for {len(rows)} connections"
    if strays := tunnels - (loaded.keys() if member.role == "active" else set()):
        yield f"{member.namespace}, {member.role}, has SAs of {strays}"
