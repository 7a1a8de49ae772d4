"""One run at a time over one gateway: a file lock on the host that carries it.

The kernel releases it when its holder dies, however that happens, so no clock has to decide whether a
holder still lives. It needs no database.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings

_POLL = 0.01


@contextmanager
def lease(gateway_id: UUID, *, seconds: float = 0) -> Iterator[bool]:
    """Whether the gateway is the caller's alone while the context lasts.

    `seconds` is how long to wait for a present holder. OSError if the directory cannot be used.
    """
    file = lease_file(gateway_id)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locks(handle, seconds)
    finally:
        os.close(handle)


def forget_lease(gateway_id: UUID) -> None:
    """Remove the lock's file, once the gateway is deleted."""
    lease_file(gateway_id).unlink(missing_ok=True)


def lease_file(gateway_id: UUID) -> Path:
    """In the driver's directory, which belongs to this host and this installation."""
    return Path(settings.DRIVER_DIR) / "leases" / gateway_id.hex


def _locks(handle: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_POLL)
        else:
            return True
