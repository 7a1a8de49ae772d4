"""The host's requirements for real tunnels. Without them a test is skipped, or fails where it must run."""

from __future__ import annotations

import os
import secrets
import shutil
import string
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.waiting import PATIENCE
from vpn.drivers.base import CHARON, DriverConfig
from vpn.drivers.strongswan import esp, host, netns, vici
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.programs import installed_version


def lacking() -> list[str]:
    found = [f"{check.name} ({check.message})" for check in host.checks("auto") if not check.ok]
    # In `.ci/kernel` a silent fall-back to user space would prove nothing.
    if os.environ.get("ISTHMUS_TEST_ESP") == "kernel" and not esp.probe():
        found.append("ESP in the kernel")
    # The same of the version in `.ci/strongswan6`.
    version = os.environ.get("ISTHMUS_TEST_STRONGSWAN")
    if version and installed_version(CHARON) != version:
        found.append(f"strongSwan {version}")
    return found + [f"command {name}" for name in ("ping", "tcpdump") if not shutil.which(name)]


def require_parts() -> None:
    if missing := lacking():
        without(f"real tunnels need: {', '.join(missing)}; {host.INSTALL} iputils-ping tcpdump")


def without(text: str) -> NoReturn:
    """What this host lacks: the test is skipped by name, or fails where it must run."""
    if os.environ.get("ISTHMUS_REQUIRE_ALL") == "1":
        pytest.fail(text)
    pytest.skip(text)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of so many, to be filled; others may pass it, so that charons' files can lie on it.

    A process that has the parts above may mount: a network namespace is a mount, too.
    """
    require_parts()
    # Short, for the sockets in it.
    with tempfile.TemporaryDirectory(prefix="isth-", dir="/tmp") as name:
        options = f"size={megabytes}m,mode=711"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """To the last byte, as long as the block lasts."""
    ballast = disk / "ballast"
    try:
        with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        yield
    finally:
        ballast.unlink()


@contextmanager
def installation() -> Iterator[DriverConfig]:
    """A separate configuration, of which nothing may exist afterwards."""
    word = "".join(secrets.choice(string.ascii_lowercase) for _ in range(8))
    # Short, for the sockets in it.
    with tempfile.TemporaryDirectory(prefix="isth-", dir="/tmp") as directory:
        config = DriverConfig(Path(directory), word, "198.18.0.0/16")
        usual = vici.TIMEOUT
        vici.TIMEOUT = usual * PATIENCE
        try:
            yield config
        finally:
            vici.TIMEOUT = usual
            StrongSwanDriver(config).remove_all()
            assert netns.names(f"isth-{word}-") == []
