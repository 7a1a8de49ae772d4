"""A change made during a fault: retried until it is accepted, as a client would."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import httpx

from tests.chaos.stage import CONTROL_HOSTS, Stage
from tests.e2e.product import LEFT, Product
from tests.e2e.traffic import ping

Attempt = Callable[[Stage], bool]


class Change:
    """Under way in a thread from the start; `answered` is set when the first attempt has ended."""

    def __init__(self, stage: Stage, attempt: Attempt) -> None:
        self._name = attempt.__name__
        self.answered, self._stop = Event(), Event()
        pool = ThreadPoolExecutor(1)
        self._made = pool.submit(self._make, stage, attempt)
        pool.shutdown(wait=False)

    def _make(self, stage: Stage, attempt: Attempt) -> bool:
        try:
            while not (accepted := attempt(stage)) and not self._stop.is_set():
                self.answered.set()
                self._stop.wait(0.2)
            return accepted
        finally:
            self.answered.set()

    def wait_accepted(self, seconds: float) -> None:
        wait([self._made], seconds)
        self._stop.set()
        assert self._made.result(60), f"{self._name} was never accepted"


def ask(product: Product, method: str, path: str, body: object = None) -> Any:
    """The body of the response ({} if there is none), or None if the request must be retried."""
    try:
        answer = product.call(method, path, body, seconds=5)
    except httpx.TransportError:
        return None
    # An earlier attempt that nobody waited for may be made yet: then this one is refused as its double.
    if answer.status_code >= 400 and answer.status_code != 404:
        return None
    return answer.json() if answer.content and answer.status_code < 400 else {}


def create(stage: Stage) -> bool:
    """A gateway, and a connection to nobody. Whatever an attempt without an answer has made is used."""
    product, name = stage.product, f"subject-{stage.number}"
    if (found := ask(product, "GET", "/vpn_gateways")) is None:
        return False
    made = next((row for row in found["vpn_gateways"] if row["name"] == name), None)
    if made is None:
        wanted = {"name": name, "subnet": {"id": stage.subnet}}
        made = ask(product, "POST", "/vpn_gateways", wanted)
    if made is None:
        return False
    stage.created = made["id"]
    path = f"/vpn_gateways/{stage.created}/connections"
    if (found := ask(product, "GET", path)) is None:
        return False
    body = {
        "peer_address": "198.18.200.9",
        "psk": "lkj14b1oi0alcniejkso",
        "local_cidrs": [LEFT],
        # The one before may still be there: of one VPC's gateways, each has peer networks of its own.
        "peer_cidrs": [f"10.77.{stage.number}.0/24"],
        "dead_peer_detection": {"action": "restart", "interval": 30, "timeout": 120},
    }
    return bool(found["connections"]) or ask(product, "POST", path, body) is not None


def edit(stage: Stage) -> bool:
    """Of what need not end any tunnel; that it has come into charon is seen there."""
    path = f"/vpn_gateways/{stage.target.gateways[0]}/connections/{stage.target.connections[0]}"
    detection = {"action": "restart", "interval": stage.period + 1, "timeout": 60}
    if ask(stage.product, "PATCH", path, {"dead_peer_detection": detection}) is None:
        return False
    stage.period += 1
    return True


def delete(stage: Stage) -> bool:
    """The gateway that the round before has created."""
    if ask(stage.product, "DELETE", f"/vpn_gateways/{stage.deleted}") is None:
        return False
    stage.deleted = ""
    return True


def rest(stage: Stage) -> bool:
    """No change is made for two seconds (40 pings) on the tunnel that no fault affects."""
    return ping(stage.host("vsi-3"), CONTROL_HOSTS[1], times=40) == 40


# What is under way when a fault comes: the three changes side by side, each of a gateway of its own.
CHANGES: tuple[Attempt, ...] = (create, edit, delete)
AT_REST: tuple[Attempt, ...] = (rest,)
