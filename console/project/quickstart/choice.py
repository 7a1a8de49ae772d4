"""Which driver this host supports, determined by trying."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field

from django.conf import settings

from console.core import rootless
from console.core.environment import DataDirError
from console.project.quickstart.datadir import DataDir
from console.project.quickstart.services import manage

_ROOT_FIX = "run it as root: sudo .venv/bin/python manage.py quickstart"


@dataclass(frozen=True, slots=True)
class Choice:
    """`holder` is the pid of the user namespace's holder, 0 as root; `missing` says in
    sentences, each with its remedy, why it is not strongSwan."""

    driver: str
    holder: int = 0
    missing: tuple[str, ...] = field(default=())

    @property
    def settings(self) -> dict[str, str]:
        return {"ISTHMUS_DRIVER": self.driver, "ISTHMUS_HOLDER_PID": str(self.holder)}


def choose(wanted: str, data_dir: DataDir) -> Choice:
    """`wanted` is auto or the name of a driver. Raises DataDirError when strongSwan is wanted
    but not available."""
    if wanted not in {"auto", "strongswan"}:
        return Choice(wanted)
    found = _as_root() if os.getuid() == 0 else _as_user(data_dir)
    if found.missing and wanted == "strongswan":
        raise DataDirError("no strongSwan here: " + " ".join(found.missing))
    return found


def _as_root() -> Choice:
    missing = _lacking(0)
    return Choice("simulated", missing=missing) if missing else Choice("strongswan")


def _as_user(data_dir: DataDir) -> Choice:
    if reason := rootless.missing():
        return Choice("simulated", missing=(f"{reason}: {_ROOT_FIX}.",))
    if hindrance := _unreachable_inside(data_dir):
        return Choice("simulated", missing=(hindrance,))
    try:
        holder = rootless.hold(data_dir.holder).pid
    except OSError as error:
        return Choice("simulated", missing=(f"{error}: {_ROOT_FIX}.",))
    if missing := _lacking(holder):
        rootless.release(data_dir.holder)
        return Choice("simulated", missing=missing)
    return Choice("strongswan", holder=holder)


def _unreachable_inside(data_dir: DataDir) -> str:
    """What worker and listener could not reach from a user namespace with a network of its own."""
    if any(path.is_relative_to("/run") for path in (data_dir.sockets, data_dir.directory)):
        return "Without root the data directory may not lie below /run; choose another --data-dir."
    database = settings.DATABASES["default"]
    is_near = "sqlite3" in str(database["ENGINE"]) or str(database.get("HOST", "")).startswith("/")
    if not (is_near and settings.REDIS_URL.startswith("unix://")):
        return f"Without root, Redis and database must be reached by Unix sockets or files: {_ROOT_FIX}."
    return ""


def _lacking(holder: int) -> tuple[str, ...]:
    """What the driver needs and this host lacks."""
    command = manage("dataplane", "--check", holder=holder)
    environment = os.environ | {"ISTHMUS_DRIVER": "strongswan", "ISTHMUS_HOLDER_PID": str(holder)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    try:
        checks = json.loads(result.stdout)
    except ValueError:
        complaint = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        return (f"The driver's check failed: {complaint}.",)
    by_fix: dict[str, list[str]] = {}
    for check in checks:
        if not check["ok"]:
            by_fix.setdefault(check["fix"], []).append(f"{check['name']} {check['message']}")
    return tuple(f"{', '.join(lacks)}. To fix it: {fix}" for fix, lacks in by_fix.items())


def remove_data_plane(choice: Choice, data_dir: DataDir) -> str:
    """Removes the data plane of this installation and the files of its driver; returns what failed,
    or an empty string."""
    complaint = _take_down(choice)
    if choice.holder:
        rootless.release(data_dir.holder)
    if not complaint:
        shutil.rmtree(data_dir.driver, ignore_errors=True)
    return complaint


def _take_down(choice: Choice) -> str:
    command = manage("dataplane", "--remove", holder=choice.holder)
    environment = os.environ | choice.settings
    try:
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return result.stderr.strip() if result.returncode else ""
