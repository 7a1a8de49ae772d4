"""`.ci/install` with a package manager that has not everything: what it has is installed all the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEV = ("chromium", "postgresql")


def program(place: Path, name: str, text: str) -> None:
    path = place / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The script, with its Python packages installed already, and a system without packages."""
    (tmp_path / ".ci").mkdir()
    shutil.copy2(ROOT / ".ci/install", tmp_path / ".ci/install")
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / ".venv/isthmus-installed").write_text("dev 4294967295 0\n")
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    program(fakes, "dpkg-query", f'grep -qx "$3" {tmp_path}/here 2>/dev/null && echo install ok installed')
    program(fakes, "systemctl", "")
    return tmp_path


def run(checkout: Path, user: str, *lacking: str) -> tuple[str, list[str]]:
    """Its output, and the packages that are installed then; `lacking` are names that apt does not know."""
    fakes, here = checkout / "fakes", checkout / "here"
    refusal = "".join(f'case " $* " in *" {name} "*) exit 100 ;; esac\n' for name in lacking)
    wanted = 'for word in "$@"; do case $word in -*|install|update) ;; *) echo "$word" >>'
    program(fakes, "apt-get", f"{refusal}{wanted} {here} ;; esac; done")
    program(fakes, "id", f"echo {user}")
    program(fakes, "sudo", "exit 1")
    done = subprocess.run(
        ["sh", str(checkout / ".ci/install"), "--dev"],
        env={"PATH": f"{fakes}:/usr/local/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, here.read_text().split() if here.exists() else []


def test_one_unknown_name_costs_no_other_package(checkout: Path) -> None:
    said, here = run(checkout, "0", "chromium")
    assert {"charon-systemd", "nftables", "postgresql"} <= set(here)
    assert "chromium" not in here
    assert "continuing without chromium" in said and "playwright install" in said
    assert "without: charon" not in said


def test_without_root_each_call_is_named_by_itself(checkout: Path) -> None:
    said, here = run(checkout, "1000")
    assert here == []
    calls = [line for line in said.splitlines() if "to install them" in line]
    assert len(calls) == 2
    assert "charon-systemd" in calls[0] and "chromium" not in calls[0]
    assert all(name in calls[1] for name in DEV)


def test_a_second_run_has_nothing_to_do(checkout: Path) -> None:
    run(checkout, "0")
    assert run(checkout, "0", "charon-systemd")[0] == ""
