"""Without root: a user namespace in which this user may create network namespaces.

A holder process keeps the namespace open. It is detached on purpose: charons and namespaces inside
outlive a killed quickstart, and the next one finds the holder by pid and start time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from console.core.processes import Identity, end, recall, remember

# `ip netns` keeps its names below /run, which belongs to root outside.
_INSIDE = "mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/netns && ip link set lo up"
_TRIAL = f"{_INSIDE} && ip link add probe0 type veth peer name probe1"
_HOLD = f"{_INSIDE} && echo ready && exec sleep infinity"
_NAMESPACES = ("--user", "--map-root-user", "--net", "--mount")


def missing() -> str:
    """Why this user cannot create the namespace, as a sentence; empty if it can."""
    if not (shutil.which("unshare") and shutil.which("nsenter") and shutil.which("ip")):
        return "unshare, nsenter or ip are missing (packages util-linux and iproute2)"
    probe = [
        "unshare",
        *_NAMESPACES,
        "sh",
        "-c",
        _TRIAL,
    ]
    try:
        result = subprocess.run(probe, capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return "an attempt to create network namespaces took longer than 10 seconds"
    if result.returncode == 0:
        return ""
    reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
    return f"this host does not let ordinary users create network namespaces ({reason})"


def hold(path: Path) -> Identity:
    """The running holder recorded in `path`, or a new one. Raises OSError when none can be created."""
    running = recall(path).get("holder")
    if running:
        return running
    process = subprocess.Popen(
        ["unshare", *_NAMESPACES, "sh", "-c", _HOLD],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    if process.stdout is None or process.stdout.readline() != b"ready\n":
        raise OSError("the user namespace could not be created")
    process.stdout.close()
    identity = Identity.of(process.pid)
    if identity is None:
        raise OSError("the holder of the user namespace exited at once")
    remember(path, {"holder": identity})
    return identity


def release(path: Path) -> None:
    """Terminate the holder; the kernel removes what its namespaces contain."""
    end(recall(path).values(), seconds=1)
    path.unlink(missing_ok=True)


def entering(holder_pid: int) -> list[str]:
    """The prefix of a command that is to run inside; the working directory becomes `/`."""
    if not holder_pid:
        return []
    return ["nsenter", "-U", "-n", "-m", "--preserve-credentials", "-t", str(holder_pid), "--"]


def inside(holder_pid: int) -> bool:
    """Whether this process already is in the holder's namespace, or none is needed."""
    if not holder_pid:
        return True
    try:
        return Path(f"/proc/{holder_pid}/ns/user").readlink() == Path("/proc/self/ns/user").readlink()
    except OSError:
        return False


def enter(holder_pid: int) -> None:
    """Replace this process with the same command inside the namespace."""
    if inside(holder_pid):
        return
    if not Path(f"/proc/{holder_pid}/ns/user").exists():
        sys.exit("isthmus: the user namespace of this installation is gone; start quickstart again")
    script = str(Path(sys.argv[0]).resolve())
    command = [*entering(holder_pid), sys.executable, script, *sys.argv[1:]]
    # Replaces this process; no shell is involved.
    os.execvp(command[0], command)  # noqa: S606
