"""A fresh ordinary user on this host: installs, starts, gets a real tunnel, and leaves nothing."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.dataplane.parts import require_parts, without
from tests.e2e.product import RIGHT_HOST, ROOT, Product
from tests.waiting import wait_for

pytestmark = [pytest.mark.dataplane, pytest.mark.timeout(300)]
USER = "isthmus-e2e"
TUN = Path("/dev/net/tun")
PARTS = (
    ".ci",
    "console",
    "manage.py",
    "policies",
    "pyproject.toml",
    "requirements.lock",
    "static",
    "templates",
    "vpn",
)


@contextmanager
def ordinary_user() -> Iterator[str]:
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", USER], check=True)
    try:
        yield USER
    finally:
        subprocess.run(["userdel", "--remove", USER], check=True, capture_output=True)


@contextmanager
def tun_for_everybody() -> Iterator[None]:
    """As udev makes it on usual hosts."""
    before = TUN.stat().st_mode & 0o777
    TUN.chmod(0o666)
    try:
        yield
    finally:
        TUN.chmod(before)


@contextmanager
def checkout_of(user: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="isth-", dir="/tmp") as name:
        place = Path(name) / "checkout"
        place.mkdir()
        for part in PARTS:
            source = ROOT / part
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, place / part)
        subprocess.run(["chown", "-R", f"{user}:", name], check=True)
        yield place


def as_user(user: str) -> Sequence[str]:
    """A plain environment: nothing of root's own Python is on the way."""
    home = pwd.getpwnam(user).pw_dir
    words = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs"]
    return [*words, "env", "-i", f"HOME={home}", "PATH=/usr/local/bin:/usr/bin:/bin"]


def processes_of(user: str) -> list[str]:
    done = subprocess.run(
        ["ps", "-u", user, "-o", "stat=,args="], capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if not line.startswith("Z")]


def test_an_ordinary_user_gets_a_real_tunnel() -> None:
    require_parts()
    if os.getuid() != 0:
        without("needs root, to make an ordinary user")
    with tun_for_everybody(), ordinary_user() as user, checkout_of(user) as checkout:
        prefix = as_user(user)
        installed = subprocess.run(
            [*prefix, "sh", str(checkout / ".ci/install")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert installed.returncode == 0, installed.stdout + installed.stderr
        product = Product(
            checkout.parent / "data", checkout, str(checkout / ".venv/bin/python"), prefix=prefix
        )
        product.start("auto")
        try:
            pings_through_a_tunnel(product)
        finally:
            product.end()
        wait_for(lambda: not processes_of(user), 10)


def pings_through_a_tunnel(product: Product) -> None:
    assert product.credentials["driver"] == "strongswan", product.log_text()
    assert "without root in a user namespace" in product.log_text()
    pair = product.join()
    reached = product.manage("inside", "vsi-1", "ping", "-n", "-c", "3", "-i", "0.2", RIGHT_HOST, check=False)
    assert "3 received" in reached.stdout, reached.stdout + reached.stderr
    doctor = product.manage("doctor", check=False)
    assert doctor.returncode == 0, doctor.stdout
    # Nothing of it is in the host's own network.
    assert product.namespaces() == []
    product.part(*pair.gateways)
    assert product.dataplane()["members"] == []
