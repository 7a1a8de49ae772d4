"""Prints the figures as Markdown. All traffic is limited, and stays on this machine."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import api, memory, rekeying, takeover, tunnels
from tests.bench.client import Client
from tests.bench.figures import as_table
from tests.e2e.product import Product, plain_environment

ROOMY = {
    "ISTHMUS_QUOTA_CONNECTIONS_PER_GATEWAY": "5000",
    "ISTHMUS_QUOTA_CIDRS_PER_GATEWAY": "20000",
    "ISTHMUS_QUOTA_CIDRS_PER_CONNECTION": "1000",
    "ISTHMUS_QUOTA_IKE_POLICIES": "2000",
    "ISTHMUS_RATE_LIMIT": "0",
}
PARTS = {"tunnels", "takeover", "rekeying", "api", "memory"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path(".isthmus"), help="of a running quickstart")
    parser.add_argument("--rounds", type=int, default=10, help="gateway pairs to make (default %(default)s)")
    parser.add_argument("--connections", type=int, default=1000, help="most rows for the API's figures")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part of it")
    options = parser.parse_args()
    wanted = {options.only} if options.only else PARTS
    print(
        f"# Figures\n\n{os.cpu_count()} cores, {platform.release()}, Python {platform.python_version()}, ",
        end="",
    )
    print(f"{_strongswan()}, load {os.getloadavg()[0]:.1f} at the start.\n", flush=True)
    if "takeover" in wanted:
        print(as_table("After a takeover (strongSwan driver)", takeover.measure()), flush=True)
    if "rekeying" in wanted:
        print(as_table("Frequent rekeying (strongSwan driver)", rekeying.measure()), flush=True)
    client = Client.of(options.data_dir) if wanted - {"takeover", "rekeying"} else None
    if "tunnels" in wanted:
        found = tunnels.measure(client, options.data_dir, rounds=options.rounds)
        print(as_table("Tunnels (strongSwan driver)", found), flush=True)
    if "memory" in wanted:
        pids = [m["pid"] for m in tunnels.dataplane(options.data_dir)["members"] if m["pid"]]
        print(as_table("Memory", memory.measure(options.data_dir, pids)), flush=True)
    if "api" in wanted:
        with _simulated() as product:
            credentials = product.credentials
            sizes = (10, 100, options.connections)
            print(as_table("API (simulated driver)", api.measure(Client(credentials), credentials, sizes)))


def _strongswan() -> str:
    done = subprocess.run(["swanctl", "--version"], capture_output=True, text=True, check=False)
    output = (done.stdout + done.stderr).splitlines()
    return next((line for line in output if "strongSwan" in line), "no swanctl")


@contextmanager
def _simulated() -> Iterator[Product]:
    """A separate quickstart whose quotas allow many rows."""
    with tempfile.TemporaryDirectory(prefix="isth-", dir="/tmp") as name:
        product = Product(Path(name) / "data", settings=plain_environment() | ROOMY)
        product.start("simulated")
        try:
            yield product
        finally:
            product.end()


if __name__ == "__main__":
    sys.exit(main())
