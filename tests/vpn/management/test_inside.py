"""`manage.py inside`: what it says where it cannot run a command."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from vpn.drivers.base import Inventory, InventoryInstance
from vpn.management.commands import inside


class Driver:
    """Only reports its inventory."""

    def __init__(self, driver: str) -> None:
        instance = InventoryInstance(uuid4(), "vsi-1", "", "192.168.100.10", uuid4())
        self._inventory = Inventory(driver, "", instances=(instance,))

    def inventory(self) -> Inventory:
        return self._inventory


def refusal(monkeypatch: pytest.MonkeyPatch, driver: str, name: str) -> str:
    monkeypatch.setattr(inside, "enter", lambda holder: None)
    monkeypatch.setattr(inside, "load_driver", lambda: Driver(driver))
    with pytest.raises(CommandError) as refused:
        call_command("inside", name, "ping", "192.0.2.1")
    return str(refused.value)


def test_the_simulated_driver_says_that_it_carries_no_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    output = refusal(monkeypatch, "simulated", "vsi-1")
    for words in ("is simulated", "vsi-1", "no packets are carried", "--driver strongswan"):
        assert words in output


def test_an_instance_that_does_not_exist_is_reported_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for driver, name in (("simulated", "vsi-9"), ("strongswan", "vsi-1")):
        assert refusal(monkeypatch, driver, name) == f"no instance {name} exists on this host"
