"""A Libreswan peer on the provider's network, as its administrator would run it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.dataplane.bare import plugged_in
from tests.dataplane.parts import without
from tests.waiting import PATIENCE, wait_for
from vpn.drivers.strongswan import esp

# What it has of its own: the programs of the packages over those of the host, and files to write. Nothing
# of this is seen outside, and all of it ends with the process.
_START = """\
set -e
over() { mkdir -p "$files/$1" "$files/work$1"; mount -t overlay -o "lowerdir=$2,upperdir=$files/$1,\
workdir=$files/work$1" overlay "$1"; }
mount -t tmpfs tmpfs "$files"
over /etc "$packages/etc:/etc"
over /var/lib "$packages/var/lib:/var/lib"
mount -t overlay -o "lowerdir=$packages/usr:/usr" overlay /usr
mount -t tmpfs tmpfs /run
mkdir /run/pluto
# Debian's refuses IKEv1 otherwise.
sed -i 's/^config setup$/&\\n    ikev1-policy=accept/' /etc/ipsec.conf
for file in "$given"/*; do install -m 600 "$file" /etc/ipsec.d; done
/usr/libexec/ipsec/addconn --config /etc/ipsec.conf --checkconfig
ipsec --checknss
exec /usr/libexec/ipsec/pluto --config /etc/ipsec.conf --nofork --stderrlog
"""
_FILE = re.compile(r"^# --- /etc/ipsec\.d/(\S+) .*---$", re.MULTILINE)


def require_libreswan() -> Path:
    """Where its packages are unpacked."""
    if not esp.probe():
        without("Libreswan needs ESP in the kernel: .ci/libreswan .ci/kernel COMMAND")
    if not (folder := os.environ.get("ISTHMUS_TEST_LIBRESWAN")):
        without("Libreswan is needed: .ci/libreswan COMMAND")
    return Path(folder)


def files(export: str) -> dict[str, str]:
    """The files in an export, by their names in /etc/ipsec.d."""
    _, *parts = _FILE.split(export)
    return dict(zip(parts[::2], parts[1::2], strict=True))


@dataclass(frozen=True)
class Libreswan:
    """`namespace` is where it runs; each of its networks has the address .1 on it."""

    namespace: str
    pid: int
    log: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on that machine."""
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), "--mount", "--net", *words],
            capture_output=True,
            text=True,
            timeout=20 * PATIENCE,
            check=False,
        )

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")[-6000:]


@contextmanager
def libreswan(
    installation: str, address: str, networks: Sequence[str], given: Mapping[str, str]
) -> Iterator[Libreswan]:
    """Started with those files in /etc/ipsec.d; nothing of it exists afterwards."""
    packages = require_libreswan()
    with (
        tempfile.TemporaryDirectory(prefix="isth-peer-", dir="/tmp") as name,
        plugged_in(installation, address, networks) as namespace,
    ):
        folder = Path(name)
        for place in ("given", "files"):
            (folder / place).mkdir()
        for file, text in given.items():
            (folder / "given" / file).write_text(text)
        variables = {"packages": packages, "files": folder / "files", "given": folder / "given"}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, "sh", "-c", _START],
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} | {k: str(v) for k, v in variables.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        peer = Libreswan(namespace, process.pid, folder / "log")
        try:
            wait_for(lambda: peer.run("ipsec", "status").returncode == 0, 30)
            yield peer
        except AssertionError as error:
            raise AssertionError(peer.log_text()) from error
        finally:
            process.terminate()
            process.wait(10 * PATIENCE)
