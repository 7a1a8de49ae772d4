"""The speed of the API with the simulated driver: latency by operation, and throughput with eight clients."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.bench.client import Client
from tests.bench.figures import Figure, milliseconds, timed, until
from vpn.domain.initiation import BACK_OFF

REPEATS = 60
CLIENTS = 8
PER_GATEWAY = 50
SECONDS = 4.0


class Scene:
    """Gateways of 50 connections each, every connection with a peer and a CIDR of its own."""

    def __init__(self, client: Client, credentials: dict[str, str]) -> None:
        self.client = client
        self.credentials = credentials
        self._numbers, self._cidrs = count(), count()
        self._subnet = client.subnet("subnet-1")
        self.gateways: list[str] = []
        self.connections: list[str] = []

    def add_gateway(self) -> None:
        made = self.client.call("POST", "/vpn_gateways", {"subnet": {"id": self._subnet}})
        self.gateways.append(f"/vpn_gateways/{made['id']}")

    def cidr(self) -> str:
        number = next(self._cidrs)
        return f"10.{200 + number // 250}.{number % 250}.0/24"

    def body(self, number: int) -> dict[str, Any]:
        return {
            "name": f"connection-{number}",
            "peer_address": f"100.20.{number // 250}.{number % 250 + 1}",
            "psk": "lkj14b1oi0alcniejkso",
            "local_cidrs": ["192.168.100.0/24"],
            "peer_cidrs": [f"10.{number // 250}.{number % 250}.0/24"],
        }

    def create(self, client: Client | None = None) -> None:
        """Distributed over the gateways in turn."""
        number = next(self._numbers)
        path = f"{self.gateways[number % len(self.gateways)]}/connections"
        made = (client or self.client).call("POST", path, self.body(number))
        self.connections.append(f"{path}/{made['id']}")

    def one(self) -> str:
        # No secret: any row will do.
        return random.choice(self.connections)  # noqa: S311

    def any_gateway(self) -> str:
        # No secret: any row will do.
        return random.choice(self.gateways)  # noqa: S311

    def clear(self) -> None:
        for path in self.gateways:
            self.client.call("DELETE", path)


def measure(client: Client, credentials: dict[str, str], sizes: tuple[int, ...]) -> list[Figure]:
    scene = Scene(client, credentials)
    figures: list[Figure] = []
    try:
        for size in sizes:
            fill(scene, size)
            figures += _operations(scene, size)
            if size in {sizes[0], sizes[-1]}:
                figures += _throughput(scene, size)
        figures += _pages(client)
    finally:
        scene.clear()
    return figures


def fill(scene: Scene, size: int) -> None:
    """Up to so many connections, by four clients at once; then the workers are let finish, and the
    peers, which never answer, be tried as seldom as they will be from then on."""
    while len(scene.gateways) * PER_GATEWAY < size:
        scene.add_gateway()
    missing = size - len(scene.connections)

    def work(client: Client, share: int) -> None:
        for _ in range(share):
            scene.create(client)

    with ThreadPoolExecutor(4) as pool:
        clients = [Client(scene.credentials) for _ in range(4)]
        list(pool.map(work, clients, [(missing + place) // 4 for place in range(4)]))
    until(lambda: _all_stable(scene), seconds=300, every=0.5)
    time.sleep(sum(BACK_OFF[:-1]))


def _all_stable(scene: Scene) -> bool:
    """Nothing is left to be done for any gateway."""
    return all(scene.client.call("GET", path)["lifecycle_state"] == "stable" for path in scene.gateways)


def _operations(scene: Scene, size: int) -> Iterator[Figure]:
    def of(action: Callable[[], object]) -> str:
        return milliseconds(timed(action) for _ in range(REPEATS))

    client, method = scene.client, "one client, one connection kept"
    yield Figure(
        f"GET a connection, of {size}", of(lambda: client.call("GET", scene.one())), "4.5 ms", method
    )
    yield Figure(
        f"GET a gateway's connections (up to 50), of {size}",
        of(lambda: client.call("GET", f"{scene.any_gateway()}/connections?limit=50")),
        "18 ms",
        method,
    )
    yield Figure(f"GET a gateway, of {size}", of(lambda: client.call("GET", scene.any_gateway())), "", method)
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
        of(lambda: client.call("DELETE", scene.connections.pop())),
        "",
        method,
    )


def _pages(client: Client) -> Iterator[Figure]:
    """A list that grows without any work for the data plane shows what a page alone costs."""
    body = {"authentication_algorithm": "sha256", "encryption_algorithm": "aes256", "dh_group": 14}
    made = 0
    for size in (100, 1000):
        while made < size:
            client.call("POST", "/ike_policies", body | {"ike_version": 2, "name": f"policy-{made}"})
            made += 1
        first = milliseconds(
            timed(lambda: client.call("GET", "/ike_policies?limit=50")) for _ in range(REPEATS)
        )
        yield Figure(f"GET the first page of 50 policies, of {size}", first, "18 ms", "one client")
        read_last = partial(client.call, "GET", _last_page(client))
        last = milliseconds(timed(read_last) for _ in range(REPEATS))
        yield Figure(f"GET the last page of 50 policies, of {size}", last, "18 ms, flat", "one client")


def _last_page(client: Client) -> str:
    path = "/ike_policies?limit=50"
    while following := client.call("GET", path).get("next"):
        token = parse_qs(urlsplit(following["href"]).query)["start"][0]
        path = f"/ike_policies?limit=50&start={token}"
    return path


def _throughput(scene: Scene, size: int) -> Iterator[Figure]:
    method = f"{CLIENTS} clients in one process for {SECONDS:g} s, each with a kept connection"
    reads = _rate(scene, lambda client: client.send("GET", scene.one()))
    yield Figure(f"GETs of a connection, of {size}", f"{reads:.0f} per second", "400 per second", method)
    writes = _rate(scene, scene.create)
    yield Figure(f"POSTs of a connection, at {size}", f"{writes:.0f} per second", "44 per second", method)


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
