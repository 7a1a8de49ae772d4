"""The user ids of charons: one per member, of a block that belongs to the installation.

Numbers alone: no entry in /etc/passwd is needed. The default blocks lie above those that systemd
and container managers hand out (1879048192 to 2147483647 is unused by them). The group of a member
has the same number as its user.

If other ids are not available, charons keep the id of the process that starts them: in a user namespace
with one id, and if other users cannot reach the driver's directory.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vpn.drivers.strongswan.files import locked, write_whole
from vpn.drivers.strongswan.names import MemberFiles, members_directory

BLOCK = 65_536
_FIRST, _BLOCKS = 1_879_048_192, 4_095
TUN = Path("/dev/net/tun")
_UID_FILE = "charon-uid"


@dataclass(frozen=True, slots=True)
class Identities:
    """`configured` is the first id of the block; 0: one is derived from `installation`."""

    directory: Path
    installation: str
    configured: int = 0

    def hindrance(self) -> str:
        """Why charons cannot have ids of their own, as a sentence; empty if they can."""
        if os.geteuid() != 0:
            return "this user is not root"
        last = (self.configured or _FIRST) + BLOCK - 1
        if not _is_mapped(last):
            return f"user id {last} does not exist in this user namespace"
        if not shutil.which("setpriv"):
            return "the command setpriv is missing (package util-linux)"
        closed = next((path for path in self.directory.parents if not _others_may_pass(path)), None)
        if closed:
            return f"only its owner may pass {closed}; choose a directory elsewhere, or chmod o+x {closed}"
        return ""

    def first(self) -> int:
        """The first id of this installation's block, chosen once and written down."""
        if self.configured:
            return self.configured
        file = self.directory / _UID_FILE
        with suppress(OSError, ValueError):
            return int(file.read_text())
        with locked(self.directory / f"{_UID_FILE}.lock"):
            with suppress(OSError, ValueError):
                return int(file.read_text())
            chosen = choose_block(self.installation, ids_in_use())
            write_whole(file, f"{chosen}\n")
            return chosen

    def of(self, files: MemberFiles) -> int | None:
        """The member's id, after giving it its files; None if it cannot have its own.

        The caller holds the member's lock.
        """
        if self.hindrance():
            return None
        first = self.first()
        for directory in (self.directory, members_directory(self.directory)):
            directory.chmod(0o711)
        with locked(self.directory / f"{_UID_FILE}.lock"):
            uid = _owner(files.run)
            if uid is None or not first < uid < first + BLOCK:
                uid = _free(first, files, self.directory)
            hand_over(files, uid)
        return uid


def choose_block(installation: str, taken: set[int]) -> int:
    """The first id of the installation's block: derived from its name, or the next block that is unused."""
    begin = int.from_bytes(hashlib.sha256(installation.encode()).digest()[:4], "big")
    blocks = {(ident - _FIRST) // BLOCK for ident in taken if ident >= _FIRST}
    places = ((begin + step) % _BLOCKS for step in range(_BLOCKS))
    return _FIRST + BLOCK * next(place for place in places if place not in blocks)


def ids_in_use() -> set[int]:
    """The ids of all users and groups with a name, and of every process."""
    found = {entry.pw_uid for entry in pwd.getpwall()} | {entry.gr_gid for entry in grp.getgrall()}
    for entry in os.listdir("/proc"):
        with suppress(OSError):
            if entry.isdigit():
                found.add(os.stat(f"/proc/{entry}").st_uid)
    return found


def _free(first: int, files: MemberFiles, root: Path) -> int:
    """Derived from the member's name; the next one if another member has it."""
    taken = {_owner(MemberFiles(home).run) for home in members_directory(root).glob("*")}
    begin = int.from_bytes(hashlib.sha256(files.directory.name.encode()).digest()[:4], "big")
    steps = (first + 1 + (begin + step) % (BLOCK - 1) for step in range(BLOCK - 1))
    return next(uid for uid in steps if uid not in taken)


def hand_over(files: MemberFiles, uid: int) -> None:
    """The member's user may traverse its directory, write its log and create files in `run`; nothing else.

    charon may create files only in `run`: otherwise it could replace a file that root writes by a link.
    """
    os.chown(files.directory, 0, uid)
    files.directory.chmod(0o710)
    files.run.mkdir(mode=0o700, exist_ok=True)
    os.chown(files.run, uid, uid, follow_symlinks=False)
    handle = os.open(files.log, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchown(handle, uid, uid)
        os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def let_read(file: Path, gid: int) -> None:
    """Let a member's charon read a file of root."""
    os.chown(file, -1, gid)
    file.chmod(0o640)


def _owner(path: Path) -> int | None:
    with suppress(OSError):
        return path.lstat().st_uid
    return None


def _is_mapped(uid: int) -> bool:
    """Whether the id exists in this user namespace (/proc/self/uid_map: inside, outside, count)."""
    lines = (line.split() for line in Path("/proc/self/uid_map").read_text().splitlines())
    return any(int(begin) <= uid < int(begin) + int(count) for begin, _, count in lines)


def _others_may_pass(path: Path) -> bool:
    with suppress(OSError):
        return bool(path.stat().st_mode & stat.S_IXOTH)
    return True


def tun_is_open() -> bool:
    """Whether any user may open the device, which is the default with udev."""
    with suppress(OSError):
        return TUN.stat().st_mode & 0o006 == 0o006
    return False


# A private device that is gone with charon. Network namespaces are unmounted, because the new mount
# namespace would keep them alive.
_OWN_TUN = (
    "umount -l -R /run/netns 2>/dev/null; mount -t tmpfs -o mode=0755,size=16k none /dev/net && "
    'mknod -m 0600 /dev/net/tun c 10 200 && chown "$1" /dev/net/tun && shift && exec "$@"'
)
_CAPABILITIES = "-all,+net_admin,+net_bind_service"


def becoming(uid: int, *, needs_tun: bool) -> list[str]:
    """The command prefix that runs a command as this user with only the capabilities that charon needs."""
    words = [
        *("setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--no-new-privs"),
        *("--inh-caps", _CAPABILITIES, "--ambient-caps", _CAPABILITIES, "--bounding-set", _CAPABILITIES),
        "--",
    ]
    if not needs_tun or tun_is_open():
        return words
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", _OWN_TUN, "sh", str(uid), *words]
