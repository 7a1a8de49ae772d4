"""What lies in an installation's directories is closed by itself, and to its charons too."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from console.project.quickstart.datadir import DataDir
from tests.dataplane.test_users import status, within_reach
from tests.e2e.product import Pair, Product

pytestmark = pytest.mark.dataplane


def everything(product: Product) -> tuple[DataDir, list[Path]]:
    place = DataDir(product.directory)
    tops = {place.directory, place.sockets}
    return place, [path for top in tops for path in (top, *top.rglob("*"))]


def test_a_fresh_installation_is_closed_file_by_file(product: Product, pair: Pair) -> None:
    place, paths = everything(product)
    names = {path.name for path in paths}
    assert {"isthmus.sqlite3", "isthmus.sqlite3-wal", "isthmus.sqlite3-shm", "credentials.json"} <= names
    assert {"environment", "redis.sock", "redis.log", "notes.json", "charon.log", "lock"} <= names
    passed = {place.sockets, place.driver, place.driver / "m"}
    for path in paths:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path in passed:
            assert mode == 0o711, path
        elif path.parent == place.driver / "m":
            assert mode == 0o710, path
        elif path.name == "strongswan.conf":
            assert mode == 0o640, path
        else:
            assert mode & 0o077 == 0, f"{path} {mode:o}"


def test_a_charon_cannot_open_keys_database_or_credentials(product: Product, pair: Pair) -> None:
    _, paths = everything(product)
    (pid, *_) = product.charon_processes()
    seen = status(pid)
    uid = int(seen["Uid"].split()[0])
    assert uid > 65_535
    reached = {path for path in within_reach(uid, paths) if not path.is_dir()}
    assert {path.name for path in reached} == {"strongswan.conf", "charon.log", "vici"}
    assert len({path.parents[1] if path.name == "vici" else path.parent for path in reached}) == 1
