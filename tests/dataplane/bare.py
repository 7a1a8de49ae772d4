"""A foreign peer: a bare charon in a namespace on the provider's network."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE, wait_for
from vpn.drivers.base import CHARON
from vpn.drivers.strongswan import netns
from vpn.drivers.strongswan.names import PROVIDER_BRIDGE, Names

_LINK = "wan0"
# As little as a charon can do with: user-space ESP, and its control socket. It reauthenticates as
# strongSwan 6.0 does by default.
_CONFIG = """\
charon-systemd {{
  load = nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici
  dos_protection = no
  make_before_break = yes
  plugins {{
    vici {{
      socket = unix://{directory}/vici.sock
    }}
  }}
  journal {{
    default = -1
  }}
  filelog {{
    log {{
      path = {directory}/charon.log
      default = 1
      flush_line = yes
    }}
  }}
}}
"""


@dataclass(frozen=True)
class BarePeer:
    """`namespace` is where it runs; each of its networks has the address .1 on it."""

    namespace: str
    directory: Path

    def load(self, text: str) -> None:
        """Give charon a swanctl.conf, as its owner would."""
        file = self.directory / "swanctl.conf"
        file.write_text(text)
        done = self.swanctl("--load-all", "--file", str(file))
        assert done.returncode == 0, done.stdout + done.stderr

    def swanctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["swanctl", *words, "--uri", f"unix://{self.directory}/vici.sock"],
            capture_output=True,
            text=True,
            timeout=20 * PATIENCE,
            check=False,
        )

    def log_text(self) -> str:
        return (self.directory / "charon.log").read_text(errors="replace")[-4000:]


@contextmanager
def bare_peer(installation: str, address: str, networks: Sequence[str]) -> Iterator[BarePeer]:
    """Started and responding; nothing of it exists afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="isth-peer-", dir="/tmp") as name,
        plugged_in(installation, address, networks) as namespace,
        _charon(namespace, Path(name)),
    ):
        peer = BarePeer(namespace, Path(name))
        wait_for(lambda: peer.swanctl("--stats").returncode == 0)
        yield peer


@contextmanager
def plugged_in(installation: str, address: str, networks: Sequence[str]) -> Iterator[str]:
    """A namespace on the provider's network, its name; gone afterwards."""
    namespace = f"{Names(installation).prefix}peer"
    try:
        _plug_in(namespace, Names(installation).provider, address, networks)
        yield namespace
    finally:
        netns.delete(namespace)


def _plug_in(namespace: str, provider: str, address: str, networks: Sequence[str]) -> None:
    netns.create(namespace)
    netns.prepare(namespace, {"net/ipv4/ip_forward": "1"})
    netns.batch(netns.veth(_LINK, "bare-peer", provider, 0), what="link the peer", namespace=namespace)
    netns.batch(
        [f"link set bare-peer master {PROVIDER_BRIDGE} up"], what="plug in the peer", namespace=provider
    )
    inner = [f"addr add {network.rpartition('.')[0]}.1/32 dev lo" for network in networks]
    wanted = [f"addr add {address}/16 dev {_LINK}", *inner]
    netns.batch(wanted, what="address the peer", namespace=namespace)


@contextmanager
def _charon(namespace: str, directory: Path) -> Iterator[None]:
    config = directory / "strongswan.conf"
    config.write_text(_CONFIG.format(directory=directory))
    process = subprocess.Popen(
        ["ip", "netns", "exec", namespace, str(CHARON)],
        env={"STRONGSWAN_CONF": str(config), "PATH": os.environ.get("PATH", os.defpath)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10 * PATIENCE)
