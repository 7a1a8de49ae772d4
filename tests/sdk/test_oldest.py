"""The oldest official SDK that still installs, with both its clients, against a live server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Party, make_subnet

HERE = Path(__file__).parent
# Where .ci/install --dev puts it: it has the same name as today's.
OLDEST = Path(sys.prefix) / "oldest-sdk"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def oldest() -> Path:
    if not (OLDEST / "ibm_vpc").is_dir():
        missing = f"{OLDEST.name} is missing: sh .ci/install --dev brings it"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return OLDEST


# Of a connection that says nothing of it (contract sections 3.2 and 4.3).
DPD = {
    "VpcClassicV1": {"action": "none", "interval": 30, "timeout": 120},
    "VpcV1": {"action": "restart", "interval": 2, "timeout": 10},
}


@pytest.mark.parametrize("client", ["VpcClassicV1", "VpcV1"])
def test_the_whole_life_of_a_gateway(oldest: Path, live_server: Any, ana: Party, client: str) -> None:
    subnet = make_subnet(ana)
    ids = str(subnet.pk), str(subnet.vpc_id)
    done = subprocess.run(
        [sys.executable, str(HERE / "oldest_client.py"), client, live_server.url, ana.key(), *ids],
        env={**os.environ, "PYTHONPATH": str(oldest)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == 35
    codes = {name: code for name, (code, _) in answers.items()}
    created = {name for name, code in codes.items() if code == 201}
    assert created == {name for name in answers if name.startswith("create_")}
    empty = {name for name, code in codes.items() if code in (202, 204)}
    assert empty == {name for name in answers if name.startswith(("add_", "check_", "remove_", "delete_"))}
    assert answers["update_ipsec_policy"][1]["encryption_algorithm"] == "aes128"
    connection = answers["get_vpn_gateway_connection"][1]
    assert connection["psk"] == "VPNDemoPassword" and connection["admin_state_up"] is False
    assert connection["dead_peer_detection"] == DPD[client]
    assert answers["list_vpn_gateway_connection_peer_cidrs"][1]["peer_cidrs"] == [
        "192.168.0.0/24",
        "172.21.0.0/24",
    ]
    assert answers["list_ike_policy_connections"][1]["connections"][0]["id"] == connection["id"]
