"""The walk-through of the README, typed as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.e2e.product import RIGHT_HOST, ROOT, Product, plain_environment
from tests.e2e.traffic import passes
from tests.waiting import wait_for

pytestmark = pytest.mark.dataplane


def code_of(heading: str, language: str) -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", section, re.S))


def test_the_walk_through_ends_with_a_ping_through_the_tunnel(product: Product) -> None:
    script = code_of("The walk-through", "bash").replace(".isthmus", str(product.directory))
    assert script.count("curl") >= 6
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=ROOT,
        env=plain_environment() | {"ISTHMUS_DATA_DIR": str(product.directory), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 packets transmitted, 3 received" in done.stdout
    assert '"status":"up"' in done.stdout.replace(" ", "")


def test_the_same_example_by_the_official_sdk(product: Product) -> None:
    script = code_of("With the official SDK", "python").replace(".isthmus", str(product.directory))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" up\n")
    wait_for(lambda: passes(product.host("vsi-1"), RIGHT_HOST))
