"""One charon per member: found, started, stopped. No pid files: the socket identifies the process.

`charon-systemd` runs without systemd, and unlike `charon` has no compiled-in pid file, so that many can
run side by side. It is started detached and outlives its parent process.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vpn.drivers.base import DriverError
from vpn.drivers.strongswan import esp, netns, routing, vici
from vpn.drivers.strongswan import files as locks
from vpn.drivers.strongswan.identity import Identities, let_read
from vpn.drivers.strongswan.launch import START_TIMEOUT, close_socket, launch
from vpn.drivers.strongswan.names import MemberFiles

STOP_TIMEOUT = 2.0
HALF_STARTED = 2.0
_POLL = 0.002
_LOG_LIMIT = 8_000_000
_USERSPACE = "nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici"
_KERNEL = "nonce openssl kdf kernel-netlink socket-default vici"

# Retransmission is charon's one setting for the death of an IKEv2 peer: 4 x 2 s. With an interval
# of 2 s and a timeout of 10 s both IKE versions then need 10 s. Under 10 threads charon with
# user-space ESP stops answering.
#
# Half-open IKE_SAs: from the 10th of one address or the 30th of all on, IKEv2 initiators must return
# a cookie, which a forged source never sees. IKEv1 has no cookies, so one address may hold 128; two
# gateways can have as many tunnels between them, and charon's default of 5 makes 100 of them take
# more than 90 s. The limit of all is the last resort and counts our own initiations too.
#
# The mark: charon's own packets, and its route lookups for peers, use only the underlay (see `routing`).
# So a peer's address may lie in its own peer CIDR, or be equal to it.
#
# IKEv1: charon drops the oldest exchange of an IKE SA beyond this limit, and then loses the SA. Its
# default of 3 is less than a peer with 2 x 2 CIDRs opens at the same time.
#
# With ESP in the kernel this driver makes the routes to the tunnel device; in user space charon makes
# them, whatever install_routes says.
_CONFIG = """\
charon-systemd {{
  load = {plugins}
  threads = 16
  install_routes = no
  dos_protection = yes
  cookie_threshold = 30
  cookie_threshold_ip = 10
  block_threshold = 128
  init_limit_half_open = 1000
  init_limit_job_load = 1000
  max_ikev1_exchanges = 64
  retransmit_tries = 3
  retransmit_timeout = 2.0
  retransmit_base = 1.0
  half_open_timeout = 15
  plugins {{
    vici {{
      socket = unix://{socket}
    }}
    socket-default {{
      fwmark = {mark}
    }}
    kernel-netlink {{
      fwmark = !{mark}
    }}
    kernel-libipsec {{
      allow_peer_ts = yes
    }}
  }}
  journal {{
    default = -1
  }}
  filelog {{
    log {{
      path = {log}
      append = yes
      time_format = %Y-%m-%dT%H:%M:%S%z
      ike_name = yes
      default = 1
      enc = 0
      net = 0
      flush_line = yes
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Process:
    """A charon that responds. `boot_id` differs for every start."""

    pid: int
    boot_id: str


def boot_id(pid: int) -> str:
    """Process id and start time, because process ids are reused. Empty if the process is gone."""
    with suppress(OSError, IndexError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return f"{pid}-{stat.rpartition(')')[2].split()[19]}"
    return ""


def is_ours(pid: int, files: MemberFiles, namespace: str) -> bool:
    """Whether the process is this member's charon: another charon could have taken over the socket."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        inode = Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return False
    return _variable(files) in environment and inode == netns.inode(namespace)


def _variable(files: MemberFiles) -> bytes:
    return f"STRONGSWAN_CONF={files.config}".encode()


def find(files: MemberFiles, namespace: str) -> Process | None:
    """The member's charon if it runs and responds."""
    try:
        return _ask(files, namespace)
    except vici.Hung:
        return None


def _ask(files: MemberFiles, namespace: str) -> Process | None:
    """Like find(), but raises Hung."""
    try:
        link = vici.connect(files.socket)
    except vici.Hung:
        raise
    except vici.NoAnswer:
        return None
    try:
        pid = vici.owner(link)
        vici.Charon(link).version()
    except vici.Hung:
        raise
    except vici.NoAnswer:
        return None
    finally:
        link.close()
    return Process(pid, boot_id(pid)) if is_ours(pid, files, namespace) else None


def ensure(
    program: Path,
    files: MemberFiles,
    namespace: str,
    *,
    kernel_esp: bool,
    identities: Identities | None = None,
) -> Process:
    """Adopt the running charon, whatever its user, else start `program` and wait until it responds. Raises
    DriverError. Without `identities` it runs as the user of this process.

    The caller holds the member's lock.
    """
    shorten_log(files.log)
    try:
        existing = _ask(files, namespace)
        # A charon whose starter was killed before it responded still holds its lock.
        if not existing and lives(files):
            existing = _await(files, namespace, HALF_STARTED)
    except vici.Hung:
        existing = None
    return existing or _start(program, files, namespace, identities, kernel_esp=kernel_esp)


def _start(
    program: Path, files: MemberFiles, namespace: str, identities: Identities | None, *, kernel_esp: bool
) -> Process:
    kill(files)
    alive = _take_over(files)
    if kernel_esp:
        netns.batch(esp.FLUSH, what="flush what the last charon left", namespace=namespace)
    plugins = _KERNEL if kernel_esp else _USERSPACE
    try:
        files.forget_sockets()
        uid = identities.of(files) if identities else None
        text = _CONFIG.format(plugins=plugins, socket=files.socket, log=files.log, mark=routing.MARK)
        locks.write_whole(files.config, text)
        if uid is not None:
            let_read(files.config, uid)
        launch(program, files, namespace, alive, uid=uid, kernel_esp=kernel_esp)
    finally:
        os.close(alive)
    started = _await(files, namespace)
    if not started:
        raise DriverError("start charon", f"it ended or never answered, see {files.log}")
    close_socket(files)
    return started


def _take_over(files: MemberFiles) -> int:
    """Acquire the lock that the new charon will hold."""
    alive = locks.take(files.alive)
    if alive is None and not processes(_variable(files)):
        # A process that was forked while the lock file was open holds the lock, not a charon.
        files.alive.unlink(missing_ok=True)
        alive = locks.take(files.alive)
    if alive is None:
        raise DriverError("start charon", "the old one cannot be ended")
    return alive


def _await(files: MemberFiles, namespace: str, seconds: float = START_TIMEOUT) -> Process | None:
    """Wait until charon responds; None if it exits or does not respond in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = _ask(files, namespace)
        if found:
            return found
        if not lives(files):
            return None
        time.sleep(_POLL)
    return None


def lives(files: MemberFiles) -> bool:
    """Whether a charon of this member runs, whether it responds or not. Zombies do not count."""
    try:
        handle = locks.take(files.alive)
    except FileNotFoundError:
        return False
    if handle is None:
        return True
    os.close(handle)
    return False


def kill(files: MemberFiles, *, politely: bool = False) -> None:
    """End every charon of this member; with `politely` it notifies its peers first (20 to 30 ms)."""
    if not lives(files):
        return
    pids = processes(_variable(files))
    if politely:
        end(pids, signal.SIGTERM)
    end(processes(_variable(files)), signal.SIGKILL)


def processes(variable: bytes) -> list[int]:
    """Processes whose environment has an entry that starts with `variable`."""
    found = []
    for entry in os.listdir("/proc"):
        with suppress(OSError):
            if entry.isdigit():
                environment = Path("/proc", entry, "environ").read_bytes()
                if any(item.startswith(variable) for item in environment.split(b"\0")):
                    found.append(int(entry))
    return found


def end(pids: list[int], how: signal.Signals) -> None:
    """Signal processes and wait (2 s) until they have exited; zombies count as exited."""
    handles = []
    for pid in pids:
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            handles.append(handle)
            signal.pidfd_send_signal(handle, how)
    until = time.monotonic() + STOP_TIMEOUT
    for handle in handles:
        gone = select.poll()
        gone.register(handle, select.POLLIN)
        gone.poll(max(0.0, until - time.monotonic()) * 1000)
        os.close(handle)


def shorten_log(log: Path) -> None:
    """Truncate a large log; charon opens it for appending and continues to write."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_LIMIT:
            os.truncate(log, 0)
