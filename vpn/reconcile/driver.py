"""The driver of this host, by setting."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import cast

from django.conf import settings

from vpn.drivers.base import Driver, DriverConfig, Esp

DRIVERS = {
    "strongswan": ("vpn.drivers.strongswan.driver", "StrongSwanDriver"),
    "simulated": ("vpn.drivers.simulated.driver", "SimulatedDriver"),
}


def driver_config() -> DriverConfig:
    return DriverConfig(
        directory=Path(settings.DRIVER_DIR),
        installation=settings.INSTALLATION,
        provider_cidr=settings.PROVIDER_CIDR,
        esp=cast(Esp, settings.ESP),
        holder_pid=settings.HOLDER_PID or None,
        charon_uid=settings.CHARON_UID,
        charon=Path(settings.CHARON),
    )


def load_driver(name: str = "") -> Driver:
    """The driver of that name, or of the setting ISTHMUS_DRIVER."""
    return _load(name or settings.DRIVER, driver_config())


@lru_cache(maxsize=4)
def _load(name: str, config: DriverConfig) -> Driver:
    module, word = DRIVERS[name]
    driver: Driver = getattr(import_module(module), word)(config)
    return driver
