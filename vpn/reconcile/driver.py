"""The driver of this host, by setting."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import cast

from django.conf import settings

from vpn.drivers.base import Driver, DriverConfig, Esp
from vpn.drivers.registry import create_driver

_create = lru_cache(maxsize=4)(create_driver)


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
    return _create(name or settings.DRIVER, driver_config())
