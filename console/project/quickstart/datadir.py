"""The data directory of one installation: settings, keys, credentials, lock.

Knows nothing of Django: `prepare` runs before settings are read.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from console.core.environment import DataDirError, given_directory, load_environment
from console.core.private_files import close_files, write_private
from console.project import renamed
from console.project.quickstart.listen import Listen

_HEADER = (
    "# Settings of this installation. quickstart keeps what is added here; the environment takes precedence."
)
# A Unix socket's name has at most 107 bytes; the longest below the directory is driver/m/<14>/run/vici.
_LONGEST_DIRECTORY = 70
# Bytes. Redis rewrites its log, SQLite its write-ahead log, each before the old one goes.
_MIN_FREE_BYTES = 64_000_000


@dataclass(slots=True)
class DataDir:
    """`directory` is absolute; `sockets` is the directory of Unix sockets and of the driver's files:
    the same, or another one if its name is too long for sockets, or if other users cannot traverse
    its parents."""

    directory: Path
    sockets: Path = field(init=False)
    _lock: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.directory = self.directory.resolve()
        self.sockets = self._place_of_sockets()

    def _place_of_sockets(self) -> Path:
        """As root, a directory that charons can reach, which have user ids of their own; but a data plane
        that an older release created stays where it is for as long as it exists."""
        if len(os.fsencode(self.directory)) > _LONGEST_DIRECTORY:
            return Path(tempfile.gettempdir()) / f"isthmus-{os.getuid()}-{self.installation}"
        exists = (self.directory / "driver" / "m").is_dir()
        if os.geteuid() == 0 and not exists and not all(map(_others_may_pass, self.directory.parents)):
            return Path("/run") / f"isthmus-{self.installation}"
        return self.directory

    @property
    def mode(self) -> int:
        """Of the directory: the charons of root's installation must traverse it, no other user reads it.
        Its files have modes of their own."""
        return 0o711 if os.geteuid() == 0 and self.sockets == self.directory else 0o700

    @property
    def installation(self) -> str:
        """Eight letters and digits that distinguish installations on one host."""
        digest = hashlib.sha256(os.fsencode(self.directory)).digest()
        return base64.b32encode(digest).decode().lower()[:8]

    @property
    def environment(self) -> Path:
        return self.directory / "environment"

    @property
    def credentials(self) -> Path:
        return self.directory / "credentials.json"

    @property
    def processes(self) -> Path:
        return self.directory / "processes.json"

    @property
    def holder(self) -> Path:
        return self.directory / "holder.json"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def heartbeats(self) -> Path:
        return self.directory / "heartbeats"

    @property
    def driver(self) -> Path:
        return self.sockets / "driver"

    def make(self) -> None:
        """Create what is missing, readable by the owner alone; files that this process and its children
        create from now on are private too. Raises DataDirError."""
        parts = (self.directory / name for name in ("redis", "static", "heartbeats"))
        modes = {self.sockets: 0o711 if os.geteuid() == 0 else 0o700, self.directory: self.mode}
        for directory in dict.fromkeys((self.directory, self.sockets, *parts)):
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                if directory.lstat().st_uid != os.getuid():
                    raise DataDirError(f"{directory} belongs to another user; choose another --data-dir")
                directory.chmod(modes.get(directory, 0o700))
            except OSError as error:
                raise DataDirError(f"{directory} cannot be used: {error.strerror}") from None
        # Not earlier: parent directories, which may be new, are not private to this installation.
        os.umask(0o077)
        for part in (self.directory / "redis", self.directory / "static"):
            close_files(part)
        for entry in self.directory.iterdir():
            if stat.S_ISREG(entry.lstat().st_mode) and entry.lstat().st_uid == os.getuid():
                entry.chmod(0o600)
            if entry.lstat().st_uid != os.getuid() and not os.access(entry, os.R_OK | os.W_OK):
                raise DataDirError(
                    f"{entry} belongs to another user; change its owner, or choose another --data-dir: "
                    f"sudo chown -R {os.getuid()} {self.directory}"
                )

    def tidy(self) -> None:
        """Remove the short directory unless it still has files in it."""
        if self.sockets == self.directory:
            return
        for directory in (self.driver, self.sockets):
            with suppress(OSError):
                directory.rmdir()

    def disk_space_problem(self) -> str:
        """A sentence when the file system is nearly full, else empty."""
        free = shutil.disk_usage(self.directory).free
        if free >= _MIN_FREE_BYTES:
            return ""
        return f"the file system of {self.directory} has only {free / 1e6:.1f} MB left"

    def lock(self) -> None:
        """Held until this process ends. Raises DataDirError when another quickstart holds it."""
        try:
            handle = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataDirError(f"{self.directory / 'lock'} cannot be opened: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode().strip() or "unknown"
            os.close(handle)
            raise DataDirError(
                f"a quickstart (process {holder}) already runs on {self.directory}; stop it, "
                "or give this one its own --data-dir and --listen"
            ) from None
        self._lock = handle
        # On a full disk the pid is missing, but the lock is held.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)

    def read_environment(self) -> dict[str, str]:
        if not self.environment.exists():
            return {}
        lines = self.environment.read_text(encoding="utf-8").splitlines()
        pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}

    def update_environment(self, values: dict[str, str]) -> None:
        """Write these settings into the file; the others stay, except earlier names. Raises DataDirError."""
        merged = self.read_environment() | values
        for old in renamed.RENAMED_SETTINGS:
            merged.pop(old, None)
        text = "\n".join([_HEADER, *(f"{name}={value}" for name, value in sorted(merged.items())), ""])
        self._write(self.environment, text)

    def read_credentials(self) -> dict[str, str]:
        try:
            stored: dict[str, str] = json.loads(self.credentials.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return stored

    def write_credentials(self, values: dict[str, str]) -> None:
        """Raises DataDirError."""
        self._write(self.credentials, json.dumps(values, indent=2) + "\n")

    def _write(self, path: Path, text: str) -> None:
        try:
            write_private(path, text)
        except OSError as error:
            raise DataDirError(f"{path} cannot be written: {error.strerror}") from None


def _others_may_pass(path: Path) -> bool:
    with suppress(OSError):
        return bool(path.stat().st_mode & stat.S_IXOTH)
    return True


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--listen", default="127.0.0.1:8000", metavar="HOST:PORT", help="default %(default)s")
    parser.add_argument("--data-dir", default=None, metavar="DIR", help="default .isthmus in this folder")


def prepare(argv: list[str]) -> None:
    """Before Django loads: make the directory, take its lock, and set the environment from it."""
    if {"-h", "--help", "--version"} & set(argv):
        return
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_options(parser)
    options, _ = parser.parse_known_args(argv[2:])
    listen = Listen.parse(options.listen)
    data_dir = DataDir(given_directory(options.data_dir or ""))
    data_dir.make()
    data_dir.lock()
    data_dir.update_environment(_settings(data_dir, listen))
    # Which driver is used, and its user namespace, is determined again by every start.
    kept = {name: os.environ.get(name, "") for name in ("ISTHMUS_DRIVER", "ISTHMUS_HOLDER_PID")}
    load_environment(data_dir.directory)
    os.environ |= kept | {"ISTHMUS_DATA_DIR": str(data_dir.directory)}
    _prepared.append(data_dir)


def _settings(data_dir: DataDir, listen: Listen) -> dict[str, str]:
    """The settings that quickstart decides; those in the environment take precedence."""
    stored = data_dir.read_environment()
    decided = {
        "ISTHMUS_ALLOWED_HOSTS": listen.allowed_hosts,
        "ISTHMUS_INSTALLATION": renamed.setting("ISTHMUS_INSTALLATION", data_dir.installation),
        "ISTHMUS_REDIS_URL": f"unix://{data_dir.redis_socket}",
        "ISTHMUS_DRIVER_DIR": str(data_dir.driver),
    }
    values = {name: os.environ.get(name) or value for name, value in decided.items()}
    values["ISTHMUS_DATA_DIR"] = str(data_dir.directory)
    once = {
        "ISTHMUS_SECRET_KEY": secrets.token_urlsafe(48),
        "ISTHMUS_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "ISTHMUS_NODE": os.environ.get("ISTHMUS_NODE") or socket.gethostname().split(".")[0],
    }
    return once | stored | values


_prepared: list[DataDir] = []


def prepared() -> DataDir:
    """The directory that `prepare` opened. Raises DataDirError outside of `manage.py quickstart`."""
    if not _prepared:
        sys.exit("isthmus: quickstart runs only from the command line: python manage.py quickstart")
    return _prepared[0]
