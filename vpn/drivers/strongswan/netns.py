"""Network namespaces: entering, making, removing, and running `ip` in them."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from vpn.drivers.base import DriverError

RUN = Path("/run/netns")
COMMAND_TIMEOUT = 20.0
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
IFF_UP = 1
# struct ifreq with ifr_flags.
_FLAGS = struct.Struct("16sh22x")
_FIRST_INDEX = 1_000_001
# To enter a namespace that is deleted or created at this moment.
_ATTEMPTS = 5
_libc = ctypes.CDLL(None, use_errno=True)

T = TypeVar("T")


def path(name: str) -> Path:
    return RUN / name


def exists(name: str) -> bool:
    """A namespace is a mount; a killed `ip netns add` leaves a plain file."""
    try:
        return path(name).stat().st_dev != RUN.stat().st_dev
    except FileNotFoundError:
        return False


def names(prefix: str) -> list[str]:
    """Namespaces, including incomplete ones, whose names start with `prefix`, sorted."""
    try:
        return sorted(name for name in os.listdir(RUN) if name.startswith(prefix))
    except FileNotFoundError:
        return []


def inode(name: str) -> int:
    """The inode of /proc/PID/ns/net of a process inside; 0 if there is no such namespace."""
    try:
        return path(name).stat().st_ino
    except FileNotFoundError:
        return 0


def within(name: str, call: Callable[[], T]) -> T:
    """Run `call` in the namespace, in a separate thread; the caller's thread stays where it is.

    OSError if there is no such namespace, else whatever `call` raises.
    """

    def moved() -> T:
        _enter(name)
        return call()

    return _apart(moved)


def within_existing(name: str, call: Callable[[], T], otherwise: T) -> T:
    """As `within`; `otherwise` if there is no such namespace. One may be deleted, and created again, between
    the question and the entry: then it is asked again."""
    for attempt in range(_ATTEMPTS):
        if not exists(name):
            break
        try:
            return within(name, call)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.ENOENT} or attempt == _ATTEMPTS - 1:
                raise
    return otherwise


def within_scratch(call: Callable[[], T]) -> T:
    """Run `call` in a nameless namespace that ends with it."""

    def moved() -> T:
        if _libc.unshare(_CLONE_NEWNET):
            _raise_errno("unshare")
        return call()

    return _apart(moved)


def _apart(call: Callable[[], T]) -> T:
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(call).result()


def _enter(name: str) -> None:
    handle = os.open(path(name), os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(handle, _CLONE_NEWNET):
            _raise_errno(f"enter {name}")
    finally:
        os.close(handle)


def _raise_errno(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")


def run(argv: Sequence[str], *, what: str, feed: str = "", namespace: str = "") -> str:
    """Run a command to its end (20 s) and give its output. DriverError on failure."""

    def call() -> subprocess.CompletedProcess[str]:
        # What `ip` creates below /run is readable by every user; what this process creates is not.
        return subprocess.run(
            argv,
            input=feed,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT,
            check=False,
            umask=0o022,
        )

    try:
        done = within(namespace, call) if namespace else call()
    except (OSError, subprocess.SubprocessError) as error:
        raise DriverError(what, str(error)) from error
    if done.returncode:
        raise DriverError(what, " / ".join(done.stderr.split("\n")[:3]).strip())
    return done.stdout


def batch(lines: Iterable[str], *, what: str, namespace: str = "") -> None:
    """Run `ip` commands in one process; the first error ends it. Without commands no process is started."""
    feed = "".join(f"{line}\n" for line in lines)
    if feed:
        run(["ip", "-batch", "-"], what=what, feed=feed, namespace=namespace)


def veth(link: str, far: str, into: str, number: int) -> list[str]:
    """Commands for a link whose far end is in another namespace.

    If both ends have the same index, the kernel treats the link as a standalone device and delays
    its carrier for up to a second, in which packets are lost: so this end gets a high index.
    """
    index = _FIRST_INDEX + number
    return [
        f"link add name {link} index {index} type veth peer name {far} netns {into}",
        f"link set {link} up",
    ]


def create(*wanted: str) -> set[str]:
    """Create the namespaces that do not exist; returns the names of those that were created.

    The caller's lock keeps others from the same names; `ip` itself keeps the first two
    `netns add` of a host apart.
    """
    missing = [name for name in wanted if not exists(name)]
    for name in missing:
        path(name).unlink(missing_ok=True)
    batch((f"netns add {name}" for name in missing), what="make namespaces")
    return set(missing)


def delete(*unwanted: str) -> None:
    """Remove namespaces, including incomplete ones; absent ones are no error."""
    batch((f"netns del {name}" for name in unwanted if exists(name)), what="remove namespaces")
    for name in unwanted:
        path(name).unlink(missing_ok=True)


# Settings that devices inherit must be set before the first device is created. IPv6 is disabled: nothing
# here routes it, so it cannot leak.
_BASE = {
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
}


def prepare(name: str, settings: Mapping[str, str]) -> None:
    """Set kernel settings (only those that differ are written) and bring the loopback up. DriverError."""

    def write() -> None:
        for file, value in differing(settings):
            file.write_text(value)
        _loopback_up()

    try:
        within(name, write)
    except OSError as error:
        raise DriverError(f"prepare namespace {name}", str(error)) from error


def differing(settings: Mapping[str, str]) -> list[tuple[Path, str]]:
    """Kernel settings of this namespace that differ from what `prepare` sets, with the right values.
    Call it inside `within`."""
    wanted = {Path("/proc/sys", key): value for key, value in (_BASE | dict(settings)).items()}
    return [(f, value) for f, value in wanted.items() if f.exists() and f.read_text().strip() != value]


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        up = _FLAGS.pack(b"lo", flags(probe, "lo") | IFF_UP)
        fcntl.ioctl(probe.fileno(), _SIOCSIFFLAGS, up)


def flags(probe: socket.socket, link: str) -> int:
    """The flags of a link (IFF_UP) in the namespace of the socket. OSError, ENODEV if there is none."""
    answer = fcntl.ioctl(probe.fileno(), _SIOCGIFFLAGS, _FLAGS.pack(link.encode(), 0))
    return int(_FLAGS.unpack(answer)[1])
