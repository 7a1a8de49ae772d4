"""Faults as context managers: on from the first line of the block to its last, where they last at all."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import redis

from tests.chaos.stage import Stage, unload_connections
from tests.e2e.test_failover import locked_database
from tests.waiting import wait_for
from vpn.drivers.base import StandingMember
from vpn.drivers.strongswan import netns

Fault = Callable[[Stage], AbstractContextManager[None]]
_HOUR = timedelta(hours=1)


def _signal(member: StandingMember, number: signal.Signals) -> None:
    if member.pid:
        os.kill(member.pid, number)


def _restarted(stage: Stage, before: dict[str, int]) -> None:
    wait_for(lambda: all(stage.product.pids.get(name, pid) != pid for name, pid in before.items()), 90)


@contextmanager
def every_process_killed(stage: Stage) -> Iterator[None]:
    """One after another, in any order, the Redis and a charon among them."""
    before = stage.product.pids
    steps = [lambda pid=pid: os.kill(pid, signal.SIGKILL) for pid in before.values()]
    steps += [stage.broker.kill, lambda: _signal(stage.target()[0], signal.SIGKILL)]
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
    """SIGSTOP, Redis too. The supervisor starts them again; the Redis is not its own, and goes on."""
    before = stage.product.pids
    for pid in before.values():
        os.kill(pid, signal.SIGSTOP)
    stage.broker.signal(signal.SIGSTOP)
    yield
    stage.broker.signal(signal.SIGCONT)
    _restarted(stage, before)


@contextmanager
def charon_hung(stage: Stage) -> Iterator[None]:
    active, _ = stage.target()
    _signal(active, signal.SIGSTOP)
    yield
    # It is not asked to go on: the product ends it.
    wait_for(lambda: active.pid not in stage.product.charon_processes(), 30)


@contextmanager
def disk_full(stage: Stage) -> Iterator[None]:
    """Database, Redis, beat, charons' files and quickstart's own log are on it."""
    ballast = stage.disk / "ballast"
    with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def database_locked(stage: Stage) -> Iterator[None]:
    with locked_database(stage.product):
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
    """By an hour, on or back; it stays so until the next round."""
    by = stage.random.choice([-_HOUR, _HOUR]) if not stage.clock.shows else timedelta(0)
    stage.clock.step(by)
    wait_for(lambda: abs(_shown(stage) - datetime.now(UTC) - by) < _HOUR / 4, 20)
    yield


def _shown(stage: Stage) -> datetime:
    """By the clock of the web process."""
    return parsedate_to_datetime(stage.product.call("GET", "/vpn_gateways").headers["Date"])


@contextmanager
def namespace_deleted(stage: Stage) -> Iterator[None]:
    netns.delete(stage.random.choice(stage.target()).namespace)
    yield


@contextmanager
def configuration_unloaded(stage: Stage) -> Iterator[None]:
    unload_connections(stage.target()[0])
    yield


@contextmanager
def both_charons_killed(stage: Stage) -> Iterator[None]:
    for member in stage.target():
        _signal(member, signal.SIGKILL)
    yield


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
