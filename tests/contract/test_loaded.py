"""The loaded configuration is observed: manual changes are reverted, and unknown connections removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.contract.faults import Hand
from tests.contract.test_restart import apply_plan
from tests.dataplane.world import World, installed
from vpn.domain.spec import ConnectionSpec
from vpn.drivers.base import DriverConfig

STRAY: Mapping[str, Any] = {
    "version": "2",
    "local_addrs": ["198.18.0.2"],
    "remote_addrs": ["198.18.0.99"],
    "local": {"auth": "psk", "id": "198.18.0.2"},
    "remote": {"auth": "psk", "id": "198.18.0.99"},
    "children": {"stray": {"local_ts": ["10.66.0.0/16"], "remote_ts": ["10.67.0.0/16"]}},
}


Tunnel = tuple[World, Hand, ConnectionSpec]


@pytest.fixture
def tunnel(world: World, driver_config: DriverConfig) -> Tunnel:
    """Up, with nothing to do."""
    world.build()
    there, _ = world.connect()
    assert apply_plan(world, there) == 0
    return world, Hand(world, driver_config.directory), there


def repaired_in(tunnel: Tunnel, steps: int = 1) -> None:
    """The next runs repair it, and the tunnel stays up."""
    world, _, there = tunnel
    before = installed(world.state(world.left))
    assert before and apply_plan(world, there) == steps
    assert apply_plan(world, there) == 0
    assert installed(world.state(world.left)) == before


def test_a_connection_that_was_unloaded_comes_back(tunnel: Tunnel) -> None:
    world, hand, _ = tunnel
    (name,) = world.state(world.left).loaded
    hand.change(lambda charon: charon.unload(name), lambda document: document["loaded"].pop(name))
    repaired_in(tunnel)
    assert list(world.state(world.left).loaded) == [name]


def test_a_stray_connection_goes(tunnel: Tunnel) -> None:
    world, hand, _ = tunnel
    (name,) = before = set(world.state(world.left).loaded)
    hand.change(
        lambda charon: charon.load({"stray": STRAY}),
        lambda document: document["loaded"].update(stray=document["loaded"][name]),
    )
    assert set(world.state(world.left).loaded) == {name, "stray"}
    repaired_in(tunnel)
    assert set(world.state(world.left).loaded) == before


def test_a_changed_child_is_loaded_as_it_should_be(tunnel: Tunnel) -> None:
    world, hand, _ = tunnel
    (name,) = world.state(world.left).loaded
    changed = {**STRAY, "remote_addrs": ["198.18.0.3"]}
    hand.change(
        lambda charon: charon.load({name: changed}),
        lambda document: document["loaded"][name].update(form="another"),
    )
    repaired_in(tunnel)
