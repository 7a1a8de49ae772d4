"""The walk-through of the README, typed as it stands there."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.e2e.product import ROOT, Product, plain_environment

pytestmark = pytest.mark.dataplane


def walk_through() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## The walk-through")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"```bash\n(.*?)```", section, re.S))


def test_the_walk_through_ends_with_a_ping_through_the_tunnel(product: Product) -> None:
    script = walk_through().replace(".isthmus", str(product.directory))
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
