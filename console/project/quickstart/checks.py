"""The checks of `manage.py doctor`: each reports what it found and how to fix it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from console.core.encryption import DecryptionError, key_ring
from console.core.environment import LEAST_SIGNING_KEY
from console.core.queues import node_queue
from console.project.celery import app
from console.project.health import redis_state, silent_part
from console.project.quickstart import apparmor
from console.project.quickstart.datadir import DataDir
from console.project.quickstart.services import manage
from console.project.renamed import SETTINGS_MODULE, renamed_settings, renamed_settings_module
from console.project.settings import redis_url
from vpn.drivers.registry import DRIVERS
from vpn.models import Connection, Node

_START = "start it: python manage.py quickstart"
_CLOCK_DRIFT = timedelta(seconds=5)
# Nothing of this installation can be older than its first release.
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)


class Finding(NamedTuple):
    """`fix` is a command or a sentence, empty when all is well."""

    name: str
    ok: bool
    message: str
    fix: str = ""


def all_findings() -> Iterator[Finding]:
    """Checks in the order in which they depend on each other; each is bounded in time."""
    yield from data_directory()
    yield disk_space()
    yield from database_and_what_it_holds()
    broker = redis()
    yield broker
    if broker.ok:
        yield worker()
    yield from web()
    yield from driver()
    yield from confinement()
    yield from earlier_names()


def earlier_names() -> Iterator[Finding]:
    """Names that this installation still uses although a later version will not know them."""
    if old := renamed_settings_module():
        fix = f"set {SETTINGS_MODULE} to console.project.settings, or remove it"
        yield Finding(
            "names", False, f"{SETTINGS_MODULE} is {old}, which the next version does not have", fix
        )
    for old, new in renamed_settings().items():
        yield Finding("names", False, f"the setting {old} is now {new}", f"set {new} instead of {old}")


def data_directory() -> Iterator[Finding]:
    """Only the owner may read keys and credentials."""
    data_dir = DataDir(Path(settings.DATA_DIR))
    for path in (data_dir.directory, data_dir.environment, data_dir.credentials):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        except PermissionError:
            yield Finding("permissions", False, f"{path} belongs to another user", "run this as its owner")
            return
        mode = data_dir.mode if path == data_dir.directory else 0o600
        ok = stat.S_IMODE(found.st_mode) & ~mode == 0 and found.st_uid == os.getuid()
        message = f"{path} has mode {stat.S_IMODE(found.st_mode):04o}, owner {found.st_uid}"
        yield Finding(
            "permissions", ok, message, "" if ok else f"chown {os.getuid()} {path}; chmod {mode:o} {path}"
        )


def disk_space() -> Finding:
    """A full disk stops Redis and every change first."""
    data_dir = DataDir(Path(settings.DATA_DIR))
    try:
        problem = data_dir.disk_space_problem()
    except OSError:
        return Finding("disk", True, f"{data_dir.directory} is not used")
    if problem:
        return Finding("disk", False, problem, "free space there; waiting work resumes by itself")
    return Finding("disk", True, f"the file system of {data_dir.directory} has free space")


def database_and_what_it_holds() -> Iterator[Finding]:
    """The contents of tables are checked only where the schema is that of this release."""
    for check in (database, migrations, clock, keys, listener):
        try:
            finding = check()
        except DatabaseError as error:
            fix = f"check ISTHMUS_DATABASE_URL, or {_START}"
            finding = Finding(check.__name__, False, f"cannot be read: {str(error).strip()}", fix)
        yield finding
        if not finding.ok and check in {database, migrations}:
            return


def database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    version = ".".join(str(part) for part in _database_version())
    return Finding("database", True, f"{connection.vendor} {version} responds")


def _database_version() -> tuple[int, ...]:
    return tuple(connection.get_database_version())


def migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not missing:
        return Finding("migrations", True, "all applied")
    return Finding("migrations", False, f"{len(missing)} not applied", "python manage.py migrate")


def clock() -> Finding:
    """No reconcile depends on this clock, but expiry, history and sessions do."""
    now = timezone.now()
    latest = Node.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    if now < _EARLIEST:
        return Finding(
            "clock", False, f"{now:%Y-%m-%d %H:%M} is in the past", "set the clock: timedatectl set-ntp on"
        )
    if latest and latest - now > _CLOCK_DRIFT:
        message = (
            f"the last heartbeat of a host, at {latest:%H:%M:%S}, is {(latest - now).seconds} s in the future"
        )
        return Finding("clock", False, message, "synchronize the clocks of all hosts: timedatectl set-ntp on")
    return Finding("clock", True, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def keys() -> Finding:
    """The key ring must decrypt what is stored; sessions must be signed with this installation's own key."""
    if len(settings.SECRET_KEY) < LEAST_SIGNING_KEY:
        fix = f"set it to {LEAST_SIGNING_KEY} random characters or more"
        return Finding("keys", False, "ISTHMUS_SECRET_KEY is not set", fix)
    fix = "put the old key back at the end of ISTHMUS_ENCRYPTION_KEYS"
    try:
        key_ring()
        connections = Connection.objects
        opened = sum(bool(row.open_psk()) for row in connections.order_by("created_at")[:1000])
    except (DecryptionError, ValueError) as error:
        return Finding("keys", False, str(error), fix)
    return Finding("keys", True, f"the key ring decrypts what is stored ({opened} pre-shared keys tried)")


def listener() -> Finding:
    """The listener and the sweep of a host both send heartbeats."""
    node = Node.objects.filter(name=settings.NODE).first()
    if node is None:
        return Finding("host", False, f"{settings.NODE} has never sent a heartbeat", _START)
    now = timezone.now()
    message = f"last heartbeat of {settings.NODE}: {(now - node.seen_at).seconds} s ago"
    silent = silent_part(node, now)
    if silent is None:
        return Finding("host", True, message)
    which = {"sweep": "its worker and beat", "listener": "its listener"}[silent]
    return Finding("host", False, f"{message}; its {silent} is silent", f"start {which}, or all: {_START}")


def redis() -> Finding:
    if not settings.REDIS_URL:
        return Finding("redis", False, "no ISTHMUS_REDIS_URL", f"set it, or {_START}")
    try:
        with Redis.from_url(redis_url(0), socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
            waiting = client.llen(node_queue(settings.NODE))
    except ResponseError as error:
        fix = "its disk may be full or not writable; see its log"
        return Finding("redis", False, f"responds with an error: {str(error).rstrip('.')}", fix)
    except RedisError as error:
        return Finding("redis", False, f"does not respond ({type(error).__name__})", _START)
    state = redis_state()
    if state != "ok":
        fix = "raise its maxmemory, or find what fills it: no task may be evicted (policy noeviction)"
        return Finding("redis", False, f"responds, but is not well: {state}", fix)
    return Finding("redis", True, f"responds; {waiting} tasks wait for this host")


def worker() -> Finding:
    """Every worker that responds to a ping within two seconds."""
    try:
        replies = app.control.ping(timeout=2.0) or []
    except (OperationalError, OSError) as error:
        return Finding("worker", False, f"cannot be reached ({type(error).__name__})", _START)
    names = sorted(name for reply in replies for name in reply)
    if not names:
        queues = f"{node_queue(settings.NODE)},default"
        fix = f"celery -A console.project.celery worker -Q {queues}, or all: {_START}"
        return Finding("worker", False, "no worker responds", fix)
    return Finding("worker", True, f"{', '.join(names)} responds")


def web() -> Iterator[Finding]:
    """Only where quickstart has recorded its address."""
    try:
        url = DataDir(Path(settings.DATA_DIR)).read_credentials().get("url")
    except PermissionError:
        return
    if not url:
        return
    try:
        # The address is quickstart's own, from a file that only this user may write.
        with urlopen(f"{url}/readyz", timeout=5) as reply:  # noqa: S310
            yield Finding("web", True, f"{url} responds with {reply.status}")
    except (URLError, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        yield Finding("web", False, f"{url}: {reason}", _START)


def driver() -> Iterator[Finding]:
    """The driver's own checks, run where the driver runs: inside the user namespace, if there is one."""
    try:
        result = subprocess.run(
            manage("dataplane", "--check"), capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        yield Finding("driver", False, "its own check takes longer than a minute", _START)
        return
    if result.returncode:
        complaint = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        yield Finding("driver", False, complaint, _START)
        return
    for check in json.loads(result.stdout):
        yield Finding(check["name"], check["ok"], check["message"], check["fix"])


def confinement() -> Iterator[Finding]:
    """Only where AppArmor confines the charons."""
    if not DRIVERS[settings.DRIVER].runs_charon or not apparmor.is_enforced():
        return
    if fix := apparmor.override(settings.DRIVER_DIR):
        message = f"AppArmor's profile of charon-systemd does not know {settings.DRIVER_DIR}"
        yield Finding("apparmor", False, message, fix)
        return
    yield Finding("apparmor", True, f"charon-systemd may use {settings.DRIVER_DIR}")
