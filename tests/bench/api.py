"""The API's own speed, on the simulated driver: latency by operation, and what eight clients get."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from tests.bench.client import Client
from tests.bench.figures import Figure, milliseconds, timed

REPEATS = 60
CLIENTS = 8
SECONDS = 4.0


class Scene:
    """One gateway that gets more and more connections, each with a peer and a CIDR of its own."""

    def __init__(self, client: Client, credentials: dict[str, str]) -> None:
        self.client = client
        self.credentials = credentials
        self._numbers, self._cidrs = count(), count()
        gateway = client.call("POST", "/vpn_gateways", {"subnet": {"id": client.subnet("subnet-1")}})
        self.path = f"/vpn_gateways/{gateway['id']}"
        self.connections: list[str] = []

    def cidr(self) -> str:
        number = next(self._cidrs)
        return f"10.{200 + number // 250}.{number % 250}.0/24"

    def body(self) -> dict[str, Any]:
        number = next(self._numbers)
        return {
            "name": f"connection-{number}",
            "peer_address": f"100.20.{number // 250}.{number % 250 + 1}",
            "psk": "lkj14b1oi0alcniejkso",
            "local_cidrs": ["192.168.100.0/24"],
            "peer_cidrs": [f"10.{number // 250}.{number % 250}.0/24"],
        }

    def create(self, client: Client | None = None) -> None:
        made = (client or self.client).call("POST", f"{self.path}/connections", self.body())
        self.connections.append(made["id"])

    def one(self) -> str:
        return f"{self.path}/connections/{random.choice(self.connections)}"  # noqa: S311

    def clear(self) -> None:
        self.client.call("DELETE", self.path)


def measure(client: Client, credentials: dict[str, str], sizes: tuple[int, ...]) -> list[Figure]:
    scene = Scene(client, credentials)
    figures: list[Figure] = []
    try:
        for size in sizes:
            fill(scene, size)
            figures += _operations(scene, size)
        figures += _throughput(scene)
    finally:
        scene.clear()
    return figures


def fill(scene: Scene, size: int) -> None:
    missing = size - len(scene.connections)

    def work(client: Client, share: int) -> None:
        for _ in range(share):
            scene.create(client)

    with ThreadPoolExecutor(4) as pool:
        clients = [Client(scene.credentials) for _ in range(4)]
        list(pool.map(work, clients, [(missing + place) // 4 for place in range(4)]))


def _operations(scene: Scene, size: int) -> Iterator[Figure]:
    def of(action: Callable[[], object]) -> str:
        return milliseconds(timed(action) for _ in range(REPEATS))

    client, method = scene.client, "one client, one connection kept"
    yield Figure(
        f"GET a connection, of {size}", of(lambda: client.call("GET", scene.one())), "4.5 ms", method
    )
    page = f"{scene.path}/connections?limit=50"
    yield Figure(f"GET a page of 50, of {size}", of(lambda: client.call("GET", page)), "18 ms", method)
    yield Figure(f"GET the gateway, of {size}", of(lambda: client.call("GET", scene.path)), "", method)
    yield Figure(f"GET all gateways, of {size}", of(lambda: client.call("GET", "/vpn_gateways")), "", method)
    yield Figure(f"POST a connection, at {size}", of(scene.create), "25 ms", method)
    rename = count()
    yield Figure(
        f"PATCH a connection, of {size}",
        of(lambda: client.call("PATCH", scene.one(), {"name": f"renamed-{size}-{next(rename)}"})),
        "",
        method,
    )
    yield Figure(
        f"PUT a peer CIDR, at {size}",
        of(lambda: client.call("PUT", f"{scene.one()}/peer_cidrs/{scene.cidr()}")),
        "",
        method,
    )
    yield Figure(
        f"DELETE a connection, of {size}",
        of(lambda: client.call("DELETE", f"{scene.path}/connections/{scene.connections.pop()}")),
        "",
        method,
    )


def _throughput(scene: Scene) -> Iterator[Figure]:
    method = f"{CLIENTS} clients in one process for {SECONDS:g} s, each with a kept connection"
    reads = _rate(scene, lambda client: client.send("GET", scene.one()))
    yield Figure("GETs of a connection", f"{reads:.0f} per second", "400 per second", method)
    writes = _rate(scene, scene.create)
    yield Figure("POSTs of a connection", f"{writes:.0f} per second", "44 per second", method)


def _rate(scene: Scene, action: Callable[[Client], object]) -> float:
    limit = time.perf_counter() + SECONDS

    def work(client: Client) -> int:
        done = 0
        while time.perf_counter() < limit:
            action(client)
            done += 1
        return done

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = sum(pool.map(work, [Client(scene.credentials) for _ in range(CLIENTS)]))
    return done / (time.perf_counter() - began)
