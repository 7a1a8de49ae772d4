"""Real tunnels: how soon gateways and connections are up, compared with a bare charon."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from vici import Session

from tests.bench.client import Client
from tests.bench.figures import Figure, milliseconds, timed, until

ROOT = Path(__file__).resolve().parents[2]
LEFT, RIGHT = "192.168.100.0/24", "192.168.0.0/24"
LONG_OVER = 2.0
Gateway = dict[str, Any]


@dataclass
class Times:
    """In seconds."""

    available: list[float] = field(default_factory=list)
    up: list[float] = field(default_factory=list)
    ike: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)
    terminated: list[float] = field(default_factory=list)


def measure(client: Client, data_dir: Path, *, rounds: int) -> list[Figure]:
    """Each round makes two gateways, joins them, parts them."""
    times = Times()
    for _ in range(rounds):
        _round(client, data_dir, times)
    polled = "from sending the {} until a GET every 5 ms says so"
    return [
        Figure("gateway to `available`", milliseconds(times.available), "1 s", polled.format("POST")),
        Figure(
            "second connection to both `up`",
            milliseconds(times.up),
            "0.5 s",
            polled.format("POST") + "; IKEv2, auto-negotiated",
        ),
        Figure(
            "its IKE exchange alone",
            milliseconds(times.ike),
            "",
            "on the wire of the provider's network, from IKE_SA_INIT's request to IKE_AUTH's answer",
        ),
        Figure(
            "the same exchange by bare swanctl",
            milliseconds(times.bare),
            "",
            "`swanctl --initiate` on the same pair, terminated before, worker and listener halted",
        ),
        Figure(
            "both `up`, as a multiple of bare swanctl", f"{median(times.up) / median(times.bare):.1f}", "", ""
        ),
        Figure(
            "the IKE exchange alone, as a multiple of bare swanctl",
            f"{median(times.ike) / median(times.bare):.1f}",
            "small",
            "",
        ),
        Figure(
            "tunnel terminated at the peer to `down`",
            milliseconds(times.terminated),
            "0.25 s",
            "from VICI's `terminate` to the peer's charon until a GET, one after the other, says so",
        ),
        Figure(
            "peer disables the connection to `down`",
            milliseconds(times.down),
            "0.25 s",
            polled.format("peer's PATCH `admin_state_up` false") + "; its own reconcile run included",
        ),
    ]


def _round(client: Client, data_dir: Path, times: Times) -> None:
    gateways = []
    for name in ("subnet-1", "subnet-2"):
        subnet = client.subnet(name)
        began = time.perf_counter()
        gateway = client.call("POST", "/vpn_gateways", {"subnet": {"id": subnet}})
        until(lambda made=gateway: _available(client, made["id"]))
        times.available.append(time.perf_counter() - began)
        gateways.append(gateway)
    left, right = gateways
    try:
        _connect(client, left, right, LEFT, RIGHT)
        with _ike_on_the_wire(data_dir, times.ike):
            began = time.perf_counter()
            _connect(client, right, left, RIGHT, LEFT)
            until(lambda: all(_status(client, gateway) == "up" for gateway in gateways))
            times.up.append(time.perf_counter() - began)
        with _halted(data_dir, "worker", "listener"):
            times.bare += _bare(data_dir, left["id"])
        times.terminated += _terminated(client, data_dir, left, right)
        times.down.append(_peer_ends(client, data_dir, left, right))
    finally:
        for gateway in gateways:
            client.call("DELETE", f"/vpn_gateways/{gateway['id']}")
        until(lambda: all(client.send("GET", f"/vpn_gateways/{g['id']}")[0] == 404 for g in gateways))


@contextmanager
def _ike_on_the_wire(data_dir: Path, times: list[float]) -> Iterator[None]:
    """Adds how long the exchange took that came to an end meanwhile: two messages each way, the
    second pair on port 4500."""
    provider = dataplane(data_dir)["provider"]
    command = ["ip", "netns", "exec", provider["namespace"], "tcpdump", "-ttnl", "--immediate-mode"]
    wanted = "udp port 500 or (udp port 4500 and udp[8:4] = 0)"
    capture = subprocess.Popen(
        [*command, "-i", provider["bridge"], wanted],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        next(line for line in capture.stderr or () if "listening on" in line)
        yield
    finally:
        capture.terminate()
        output, _ = capture.communicate(timeout=10)
    seen = [(float(line.split()[0]), ".4500 >" in line) for line in output.splitlines() if " IP " in line]
    second = next((place for place, (_, later) in enumerate(seen) if later), 0)
    if 2 <= second < len(seen) - 1:
        times.append(seen[second + 1][0] - seen[second - 2][0])


def _connect(client: Client, here: Gateway, there: Gateway, local: str, remote: str) -> None:
    body = {
        "peer_address": there["public_ip"]["address"],
        "psk": "lkj14b1oi0alcniejkso",
        "local_cidrs": [local],
        "peer_cidrs": [remote],
    }
    client.call("POST", f"/vpn_gateways/{here['id']}/connections", body)


def _available(client: Client, gateway_id: str) -> bool:
    return bool(client.call("GET", f"/vpn_gateways/{gateway_id}")["status"] == "available")


def _connection(client: Client, gateway: Gateway) -> dict[str, Any]:
    rows: list[dict[str, Any]] = client.call("GET", f"/vpn_gateways/{gateway['id']}/connections")[
        "connections"
    ]
    return rows[0]


def _status(client: Client, gateway: Gateway) -> str:
    return str(_connection(client, gateway)["status"])


def _peer_ends(client: Client, data_dir: Path, left: Gateway, right: Gateway) -> float:
    _settled(client, data_dir, left, right)
    path = f"/vpn_gateways/{right['id']}/connections/{_connection(client, right)['id']}"
    began = time.perf_counter()
    client.call("PATCH", path, {"admin_state_up": False})
    until(lambda: _status(client, left) == "down")
    return time.perf_counter() - began


def _terminated(client: Client, data_dir: Path, left: Gateway, right: Gateway) -> list[float]:
    """Both ends open it again at once, so that `down` is seen only by who asks often: one that
    was not seen gives no figure."""
    _settled(client, data_dir, left, right)
    path = _socket(data_dir, right["id"])
    peer, _ = _names(path)
    with _control(path) as charon:
        began = time.perf_counter()
        charon.request("terminate", {"ike": peer, "timeout": "-1"})
        while time.perf_counter() - began < LONG_OVER:
            if _status(client, left) == "down":
                return [time.perf_counter() - began]
    return []


def _settled(client: Client, data_dir: Path, *gateways: Gateway) -> None:
    """Up, and what both ends may have opened at once is one again (vpn.domain.collisions)."""
    until(lambda: all(_status(client, gateway) == "up" for gateway in gateways))
    paths = [_socket(data_dir, gateway["id"]) for gateway in gateways]
    until(lambda: len({tuple(_open(path)) for path in paths}) == 1 and len(_open(paths[0])) == 1)


def dataplane(data_dir: Path) -> dict[str, Any]:
    """What exists on the host, by `manage.py dataplane --json`."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "dataplane", "--json", "--data-dir", str(data_dir)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def _halted(data_dir: Path, *names: str) -> Iterator[None]:
    """So that no other end initiates meanwhile."""
    processes = json.loads((data_dir / "processes.json").read_text())
    pids = [processes[name][0] for name in names]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _bare(data_dir: Path, gateway_id: str, *, times: int = 3) -> list[float]:
    """Seconds of the bare exchange, the start of swanctl itself included."""
    path = _socket(data_dir, gateway_id)
    peer, child = _names(path)
    initiate = ["swanctl", "--initiate", "--ike", peer, "--child", child, "--uri", f"unix://{path}"]
    terminate = ["swanctl", "--terminate", "--ike", peer, "--uri", f"unix://{path}"]
    found = []
    for _ in range(times):
        _quietly(terminate)
        found.append(timed(lambda: _quietly(initiate)))
    return found


def _socket(data_dir: Path, gateway_id: str) -> str:
    """Of the gateway's active charon."""
    members = dataplane(data_dir)["members"]
    found = (m["vici_socket"] for m in members if m["gateway_id"] == gateway_id and m["role"] == "active")
    return str(next(found))


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@contextmanager
def _control(path: str) -> Iterator[Session]:
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(5)
        wire.connect(path)
        yield Session(wire)


def _open(path: str) -> list[str]:
    """The IKE SAs of a charon, by what both ends call them."""
    with _control(path) as charon:
        return [sa["initiator-spi"].decode() for sas in charon.list_sas() for sa in sas.values()]


def _names(path: str) -> tuple[str, str]:
    """charon's names of the only tunnel and of its child."""
    with _control(path) as charon:
        for sas in charon.list_sas():
            for peer, sa in sas.items():
                for child in sa["child-sas"].values():
                    return peer, child["name"].decode()
    raise SystemExit("bench: the tunnel is gone")
