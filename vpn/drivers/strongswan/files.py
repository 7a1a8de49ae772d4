"""Atomic files that survive a kill at any point, and locks that are released with their process."""

from __future__ import annotations

import ctypes
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_BLOCK = 4096
# renameat2(2)
_HERE, _EXCHANGE = -100, 2
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def locked(file: Path, *, make: bool = True) -> Iterator[None]:
    """Hold the file's lock; waits for other holders. A file that was removed and created again is a new
    lock, so the locked file is checked to be the existing one.

    FileNotFoundError if its directory does not exist and `make` is False."""
    with _held(file, make=make):
        yield


def _is_current(file: Path, handle: int) -> bool:
    try:
        return file.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def take(file: Path) -> int | None:
    """The lock's file descriptor if it is free, else None. The caller closes it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def write_whole(file: Path, text: str) -> None:
    """Replace a file's content atomically, mode 0600; the file is padded with newlines.

    A file that has been written before can be written again on a full disk: a spare file beside it has
    space for twice as much, and the two are exchanged. OSError if there is no space.
    """
    spare = _spare(file)
    with _held(spare) as handle:
        room = _write(handle, text.encode())
        _put_in_place(spare, file)
    with suppress(OSError), _held(spare) as handle:
        if os.fstat(handle).st_size < room:
            os.posix_fallocate(handle, 0, room)


def read_whole(file: Path) -> str:
    """What `write_whole` wrote, never a mixture: a file that was just exchanged may be overwritten already.
    OSError if there is no such file."""
    while True:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(handle) as text:
            fcntl.flock(handle, fcntl.LOCK_SH)
            if _is_current(file, handle):
                return text.read()


def remove(file: Path) -> None:
    """Remove a file that `write_whole` may have written, and its spare."""
    for each in (file, _spare(file)):
        each.unlink(missing_ok=True)


def _spare(file: Path) -> Path:
    return file.with_name(f".{file.name}.spare")


@contextmanager
def _held(file: Path, *, make: bool = False) -> Iterator[int]:
    """Open, create if necessary, and lock; the file still has that name once it is locked."""
    while True:
        if make:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _is_current(file, handle):
            break
        os.close(handle)
    try:
        yield handle
    finally:
        os.close(handle)


def _write(handle: int, content: bytes) -> int:
    """Overwrite, so that no new space is needed while the file is long enough; returns its size."""
    room = os.fstat(handle).st_size
    if room < len(content):
        room = _rounded(2 * len(content))
        os.posix_fallocate(handle, 0, room)
    rest, at = memoryview(content.ljust(room, b"\n")), 0
    while rest:
        written = os.pwrite(handle, rest, at)
        rest, at = rest[written:], at + written
    return room


def _rounded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _put_in_place(spare: Path, file: Path) -> None:
    """Exchange the files if `file` exists and the file system supports it, else rename."""
    exchanged = _libc.renameat2(_HERE, os.fsencode(spare), _HERE, os.fsencode(file), _EXCHANGE)
    if exchanged != 0:
        spare.replace(file)
