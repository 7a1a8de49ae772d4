"""A database of an earlier commit of this repository, written by its own code, under today's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from tests.dataplane.upgrade_gateways import BEFORE, unpack

_SETTINGS = """
import json, os, sys
os.environ["ISTHMUS_DATA_DIR"] = sys.argv[1]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import tests.settings as settings
if "sqlite3" in settings.DATABASES["default"]["ENGINE"]:
    settings.DATABASES["default"]["NAME"] = sys.argv[1] + "/upgrade.sqlite3"
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
call_command("migrate", verbosity=0)
from vpn.models import Connection, Gateway, GatewayMember, Node, Tunnel
from vpn.reconcile.desired import load_gateway, spec_for
"""
_WRITE = """
from tests.factories import make_connection, make_ike_policy, make_party
ana = make_party("ana")
row = make_connection(ana, ike_policy={"id": str(make_ike_policy(ana).pk)})
member = GatewayMember.objects.filter(gateway=row.gateway_id).earliest("index")
Tunnel.objects.create(connection=row, member=member, status="up", negotiated={}, pairs=[], reasons=[])
Connection.objects.update(status="up")
"""
_WRITE_COLUMNS = """
generation, swept, heard = sys.argv[2].split()
Connection.objects.update(**{generation: 2})
now = timezone.now()
Node.objects.create(name="here", driver="simulated", **{swept: now, heard: now.replace(microsecond=0)})
"""
_DESCRIBE = """
row, node = Connection.objects.get(), Node.objects.get()
def column(row, *names):
    return str(next(getattr(row, name) for name in names if hasattr(row, name)))
(one,) = spec_for(load_gateway(row.gateway_id)).connections
key = getattr(one.psk, "open", lambda: one.psk.value)()
found = {"id": str(row.pk), "status": row.status, "key": key, "selectors": one.selectors}
found |= {"ids": [one.local_id, one.remote_id, one.peer_address, one.psk.id], "dpd": one.dpd.interval}
found |= {"ike": [one.ike.version, one.ike.proposal.encryption, one.ike.proposal.groups, one.ike.lifetime]}
found |= {"api": column(row, "api_generation", "generation")}
found |= {"sweep": column(node, "sweep_seen_at", "swept_at")}
found |= {"listener": column(node, "listener_seen_at", "heard_at")}
print(json.dumps(found))
"""
_OLD, _NEW = "generation swept_at heard_at", "api_generation sweep_seen_at listener_seen_at"
_UNDO = """
def values(gateway, connections, node):
    with connection.cursor() as cursor:
        found = []
        for table, columns in (("gateway", gateway), ("connection", connections), ("node", node)):
            cursor.execute(f"SELECT {columns} FROM vpn_{table}")
            found.append([str(value) for row in cursor.fetchall() for value in row])
        return found
Gateway.objects.update(work_requested=7, work_done=5)
new = values("work_requested, work_done", "api_generation", "sweep_seen_at, listener_seen_at")
call_command("migrate", "vpn", "0006", verbosity=0)
old = values("asked, answered", "generation", "swept_at, heard_at")
call_command("migrate", verbosity=0)
again = values("work_requested, work_done", "api_generation", "sweep_seen_at, listener_seen_at")
print(json.dumps([new, old, again]))
"""
_HERE = Path(__file__).parents[2]
# django-axes limited sign-ins then, which is no part of this test. Its settings and admin site import these.
_AXES = {
    "__init__": "",
    "apps": "import django.apps\n\n\nclass AppConfig(django.apps.AppConfig):\n    name = label = 'axes'\n",
    "models": "from django.db.models import Model\n\n\nclass AccessAttempt(Model):\n    pass\n",
    "utils": "def reset(**kwargs): ...\n",
}


def write_axes(tree: Path) -> None:
    """Write a package ``axes`` that only imports into ``tree``; it goes before an installed one."""
    (tree / "axes").mkdir()
    for module, content in _AXES.items():
        (tree / "axes" / f"{module}.py").write_text(content)


@pytest.fixture
def database() -> Iterator[dict[str, str]]:
    """The environment of the processes: a database of their own on the server of this test run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ISTHMUS_")}
    if connection.vendor != "postgresql":
        yield environment
        return
    name, url = f"upgrade_{uuid4().hex}", urlsplit(os.environ["ISTHMUS_DATABASE_URL"])
    with psycopg.connect(url.geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield environment | {"ISTHMUS_DATABASE_URL": url._replace(path=f"/{name}").geturl()}
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(tree: Path, script: str, data: Path, environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _SETTINGS + script, str(data), *words],
        cwd=tree,
        env=environment | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_database_is_taken_over(tmp_path: Path, database: dict[str, str]) -> None:
    earlier, data = tmp_path / "earlier", tmp_path / "data"
    data.mkdir()
    if not unpack(earlier):
        pytest.fail(f"The history lacks {BEFORE}: the test needs a clone with its whole history.")
    write_axes(earlier)
    before = json.loads(run(earlier, _WRITE + _WRITE_COLUMNS + _DESCRIBE, data, database, _OLD))
    after = json.loads(run(_HERE, _DESCRIBE, data, database))
    assert after == before and (before["status"], before["api"]) == ("up", "2")


def test_the_new_column_names_can_be_undone(tmp_path: Path, database: dict[str, str]) -> None:
    found = run(_HERE, _WRITE + _WRITE_COLUMNS + _UNDO, tmp_path, database, _NEW)
    new, old, again = json.loads(found)
    assert new == old == again and new[:2] == [["7", "5"], ["2"]]
