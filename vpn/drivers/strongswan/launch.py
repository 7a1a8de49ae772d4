"""Starts charon's process in its namespace, as its own user, detached from this process."""

from __future__ import annotations

import os
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

from vpn.drivers.base import DriverError
from vpn.drivers.strongswan import identity, netns
from vpn.drivers.strongswan.names import MemberFiles

START_TIMEOUT = 10.0


def launch(
    program: Path, files: MemberFiles, namespace: str, alive: int, *, uid: int | None, kernel_esp: bool
) -> None:
    """Start charon-systemd in a new session in the namespace; it inherits the lock `alive`. DriverError."""

    become = identity.becoming(uid, needs_tun=not kernel_esp) if uid is not None else []
    argv = ["setsid", "--fork", *become, str(program)]
    environment = {"STRONGSWAN_CONF": str(files.config), "PATH": os.environ.get("PATH", os.defpath)}

    def spawn() -> None:
        subprocess.run(
            argv,
            env=environment,
            pass_fds=[alive],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=START_TIMEOUT,
            check=True,
            umask=0o077,
        )

    try:
        netns.within(namespace, spawn)
    except (OSError, subprocess.SubprocessError) as error:
        raise DriverError("start charon", str(error)) from error


def close_socket(files: MemberFiles) -> None:
    """Restrict the socket to charon's own user; charon creates it with mode 0770."""
    with suppress(OSError):
        handle = os.open(files.socket, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if stat.S_ISSOCK(os.fstat(handle).st_mode):
                os.chmod(f"/proc/self/fd/{handle}", 0o700)
        finally:
            os.close(handle)
