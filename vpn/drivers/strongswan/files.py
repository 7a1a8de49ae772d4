"""Files that survive a kill at any line: whole or not at all, and locks that die with their holder."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path, *, make: bool = True) -> Iterator[None]:
    """Hold the file's lock; waits for other holders. A removed and remade file is a new lock, so
    the one that was waited for is checked to be the one that stands.

    FileNotFoundError when its directory is gone and not to be made."""
    while True:
        if make:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _stands(file, handle):
            break
        os.close(handle)
    try:
        yield
    finally:
        os.close(handle)


def _stands(file: Path, handle: int) -> bool:
    try:
        return file.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def take(file: Path) -> int | None:
    """The lock's handle if nobody holds it, else None. The caller closes it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def write_whole(file: Path, text: str) -> None:
    """Replace a file's content at once, 0600."""
    aside = file.with_name(f".{file.name}.{threading.get_native_id()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
    aside.replace(file)
