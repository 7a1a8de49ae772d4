"""Schemathesis sends thousands of requests to a real server: no errors, and no undocumented responses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.factories import Party
from tests.openapi.places import places_of, populate

pytestmark = [pytest.mark.openapi, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
HERE = Path(__file__).parent
# Beyond what its coverage phase makes of every schema; per operation and phase.
EXAMPLES = "5"
# The same requests in every run; another number generates others.
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")


@pytest.mark.parametrize("name", ["generation-1.json", "generation-2.json"])
def test_nothing_is_found(live_server: Any, ana: Party, name: str) -> None:
    row = populate(ana)
    places = {name: [ident, str(uuid4())] for name, ident in places_of(row).items() if name.endswith("_id")}
    command = [
        sys.executable, "-m", "schemathesis.cli",
        "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{live_server.url}/openapi/{name}",
        "--header", f"Authorization: Bearer {ana.key()}",
        "--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none",
        "--warnings", "off", "--no-color",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.openapi.hooks",
        "ISTHMUS_PLACES": json.dumps(places),
        "PYTHONPATH": str(HERE.parents[1]),
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=HERE)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-3000:]
    assert "No issues found" in done.stdout, done.stdout[-3000:]
