"""A database of an earlier commit of this repository, written by its own code, under today's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dataplane.upgrade_gateways import BEFORE, unpack

_SETTINGS = """
import json, os, sys
os.environ["ISTHMUS_DATA_DIR"] = sys.argv[1]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import tests.settings as settings
settings.DATABASES["default"]["NAME"] = sys.argv[1] + "/upgrade.sqlite3"
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from vpn.models import Connection, GatewayMember, Tunnel
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
_TELL = """
row = Connection.objects.get()
(one,) = spec_for(load_gateway(row.gateway_id)).connections
found = {"id": str(row.pk), "status": row.status, "key": one.psk.value, "selectors": one.selectors}
found |= {"ids": [one.local_id, one.remote_id, one.peer_address, one.psk.id], "dpd": one.dpd.interval}
found |= {"ike": [one.ike.version, one.ike.proposal.encryption, one.ike.proposal.groups, one.ike.lifetime]}
print(json.dumps(found))
"""
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


def run(tree: Path, script: str, data: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ISTHMUS_")}
    done = subprocess.run(
        [sys.executable, "-c", _SETTINGS + script, str(data)],
        cwd=tree,
        env=environment | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_database_is_taken_over(tmp_path: Path) -> None:
    earlier, data = tmp_path / "earlier", tmp_path / "data"
    data.mkdir()
    if not unpack(earlier):
        pytest.fail(f"The history lacks {BEFORE}: the test needs a clone with its whole history.")
    write_axes(earlier)
    before = json.loads(run(earlier, _WRITE + _TELL, data))
    after = json.loads(run(Path(__file__).parents[2], _TELL, data))
    assert after == before and before["status"] == "up"
