"""The drivers by name, as in ISTHMUS_DRIVER. A driver is imported only when it is created."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from vpn.drivers.base import Driver, DriverConfig


class DriverEntry(NamedTuple):
    """What is known of a driver before it is imported. `carries_packets` is False if its tunnels are only
    simulated; `runs_charon` if it starts charon-systemd."""

    module: str
    class_name: str
    carries_packets: bool
    runs_charon: bool


DRIVERS = {
    "strongswan": DriverEntry("vpn.drivers.strongswan.driver", "StrongSwanDriver", True, True),
    "simulated": DriverEntry("vpn.drivers.simulated.driver", "SimulatedDriver", False, False),
}


def create_driver(name: str, config: DriverConfig) -> Driver:
    """KeyError if no driver has this name."""
    entry = DRIVERS[name]
    driver: Driver = getattr(import_module(entry.module), entry.class_name)(config)
    return driver
