"""The drivers by name, as in ISTHMUS_DRIVER. A driver is imported only when it is created."""

from __future__ import annotations

from importlib import import_module

from vpn.drivers.base import Driver, DriverConfig

DRIVERS = {
    "strongswan": ("vpn.drivers.strongswan.driver", "StrongSwanDriver"),
    "simulated": ("vpn.drivers.simulated.driver", "SimulatedDriver"),
}


def create_driver(name: str, config: DriverConfig) -> Driver:
    """KeyError if no driver has this name."""
    module, class_name = DRIVERS[name]
    driver: Driver = getattr(import_module(module), class_name)(config)
    return driver
