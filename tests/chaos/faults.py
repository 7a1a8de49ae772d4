"""Faults as context managers: they last as long as the block, unless they are momentary."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import redis

from tests.chaos.stage import Stage
from tests.dataplane.parts import filled
from tests.locking import locked_file
from tests.waiting import wait_for
from vpn.drivers.base import DriverError, InventoryMember
from vpn.drivers.strongswan import netns, vici

Fault = Callable[[Stage], AbstractContextManager[None]]
_HOUR = timedelta(hours=1)


def _restarted(stage: Stage, before: dict[str, int]) -> None:
    wait_for(lambda: all(stage.product.pids.get(name, pid) != pid for name, pid in before.items()), 90)


@contextmanager
def every_process_killed(stage: Stage) -> Iterator[None]:
    """One after another, in any order, the Redis and a charon among them."""
    before = stage.product.pids
    steps = [lambda pid=pid: os.kill(pid, signal.SIGKILL) for pid in before.values()]
    steps += [stage.broker.kill, lambda: stage.signal(stage.active(), signal.SIGKILL)]
    stage.random.shuffle(steps)
    for step in steps:
        step()
    yield
    stage.broker.start()
    _restarted(stage, before)


@contextmanager
def quickstart_killed(stage: Stage) -> Iterator[None]:
    stage.product.end(signal.SIGKILL)
    yield
    stage.product.start()


@contextmanager
def every_process_hung(stage: Stage) -> Iterator[None]:
    """SIGSTOP, those of the web's own workers and the Redis too. The supervisor starts them again; the
    Redis is not its own, and goes on."""
    before = stage.product.pids
    for pid in before.values():
        os.killpg(pid, signal.SIGSTOP)
    stage.broker.signal(signal.SIGSTOP)
    yield
    stage.broker.signal(signal.SIGCONT)
    _restarted(stage, before)


@contextmanager
def disk_full(stage: Stage) -> Iterator[None]:
    """Database, Redis, beat, charons' files and quickstart's own log are on it."""
    with filled(stage.disk):
        yield


@contextmanager
def database_locked(stage: Stage) -> Iterator[None]:
    with locked_file(stage.product.directory / "isthmus.sqlite3"):
        yield


@contextmanager
def redis_gone(stage: Stage) -> Iterator[None]:
    stage.broker.kill()
    yield
    stage.broker.start()


@contextmanager
def redis_full(stage: Stage) -> Iterator[None]:
    with redis.Redis(unix_socket_path=str(stage.broker.socket)) as client:
        client.config_set("maxmemory", "1")
        try:
            with pytest.raises(redis.exceptions.OutOfMemoryError):
                client.set("chaos", "full")
            yield
        finally:
            client.config_set("maxmemory", "0")


@contextmanager
def clock_stepped(stage: Stage) -> Iterator[None]:
    """By an hour, on or back; it stays so until the next one steps it back."""
    by = stage.random.choice([-_HOUR, _HOUR]) if not stage.clock.shows else timedelta(0)
    stage.clock.step(by)
    wait_for(lambda: abs(_shown(stage) - datetime.now(UTC) - by) < _HOUR / 4, 20)
    yield


def _shown(stage: Stage) -> datetime:
    """By the clock of the web process."""
    return parsedate_to_datetime(stage.product.call("GET", "/vpn_gateways").headers["Date"])


@contextmanager
def charon_hung(stage: Stage) -> Iterator[None]:
    hung: list[int] = []

    def stop_active(members: list[InventoryMember]) -> bool:
        hung.extend(stage.signal(members[:1], signal.SIGSTOP))
        return bool(members)

    stage.hit(stop_active)
    yield
    # They are not asked to go on: the product ends them.
    wait_for(lambda: not set(hung).intersection(stage.product.charon_processes()), 30)


@contextmanager
def both_charons_killed(stage: Stage) -> Iterator[None]:
    stage.hit(lambda members: bool(stage.signal(members, signal.SIGKILL)))
    yield


@contextmanager
def namespace_deleted(stage: Stage) -> Iterator[None]:
    def delete_one(members: list[InventoryMember]) -> bool:
        existing = [member.namespace for member in members if netns.exists(member.namespace)]
        if existing:
            netns.delete(stage.random.choice(existing))
        return bool(existing)

    stage.hit(delete_one)
    yield


@contextmanager
def configuration_unloaded(stage: Stage) -> Iterator[None]:
    stage.hit(lambda members: bool(members) and _unload(members[0]))
    yield


def _unload(member: InventoryMember) -> bool:
    """Like an administrator: `swanctl --unload-conn`, unknown to the product."""
    try:
        with vici.session(Path(member.vici_socket)) as charon:
            names = charon.connections()
            for name in names:
                charon.request("unload-conn", {"name": name})
    except DriverError:
        # It is deleted at this moment, or not ready yet.
        return False
    return bool(names)


# None of these touches a charon: no tunnel may lose a packet.
BESIDE_TUNNELS: tuple[Fault, ...] = (
    quickstart_killed,
    every_process_hung,
    disk_full,
    database_locked,
    redis_gone,
    redis_full,
    clock_stepped,
)
IN_TUNNELS: tuple[Fault, ...] = (
    every_process_killed,
    charon_hung,
    namespace_deleted,
    configuration_unloaded,
    both_charons_killed,
)
