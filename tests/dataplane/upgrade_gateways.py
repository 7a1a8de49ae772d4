"""Two gateways for the test of an upgrade. Runs with today's code and with that of an earlier commit, so
it uses only what both have; as a script it makes them and prints the left side's SPIs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.gateways import Gateways
from tests.dataplane.world import Side, World, connection, installed
from vpn.domain.spec import DeadPeerDetection, DpdAction
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan.driver import StrongSwanDriver

ROOT = Path(__file__).parents[2]
# The last commit whose fingerprints have no version.
BEFORE = "4db7592"


def unpack(folder: Path) -> bool:
    """The tree of the earlier commit; whether the history has it."""
    git = ("git", "-c", "safe.directory=*", "-C", str(ROOT))
    archive = subprocess.run([*git, "archive", BEFORE], check=False, capture_output=True)
    if archive.returncode:
        return False
    folder.mkdir(exist_ok=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return True


def side(name: str, cidr: str, address: str, first: int) -> Side:
    """Ids are the same in every process."""
    vpc, subnet, gateway, instance, one, other = (UUID(int=first + n, version=4) for n in range(6))
    return Side(name, cidr, address, vpc, subnet, gateway, instance, (one, other))


def described(given: Mapping[str, Any]) -> Gateways:
    """The left one only answers; with dead peer detection and perfect forward secrecy."""
    config = DriverConfig(Path(given["directory"]), given["instance"], given["provider_cidr"], given["esp"])
    left = side("left", "192.168.100.0/24", "198.18.0.2", 100)
    right = side("right", "192.168.0.0/24", "198.18.0.3", 200)
    options = {
        "ike": IkeOffer(IkeVersion(given["version"]), Proposal(("aes256",), ("sha256",), (14,)), 7200),
        "esp": EspOffer(Proposal(("aes256",), ("sha256",), (14,)), 3600),
        "dpd": DeadPeerDetection(DpdAction.RESTART, 2, 10),
        "connection_id": UUID(int=1, version=4),
    }
    gateways = Gateways(World(StrongSwanDriver(config), left, right))
    here = replace(connection(left, right, **options), initiate=False)
    gateways.left = replace(gateways.left, connections=(here,))
    gateways.right = replace(gateways.right, connections=(connection(right, left, **options),))
    return gateways


def main(text: str) -> None:
    gateways = described(json.loads(text))
    for one in (gateways.world.left, gateways.world.right):
        gateways.world.driver.apply_network(one.network())
    gateways.settle(1)
    sys.stdout.write(json.dumps(installed(gateways.world.state(gateways.world.left))))


if __name__ == "__main__":
    main(sys.argv[1])
