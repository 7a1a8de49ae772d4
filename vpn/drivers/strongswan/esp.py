"""ESP in the kernel: whether it is supported, its tunnel device, and what a dead charon leaves behind.

Support is tested by adding states in a scratch namespace, once per boot. The device is an XFRM interface
with the same name as that of user-space ESP: one set of routes and rules serves both kinds of ESP.
"""

from __future__ import annotations

import json
import platform
import subprocess
from contextlib import suppress
from pathlib import Path

from vpn.domain.suites import TUNNEL_MTU
from vpn.drivers.base import Esp
from vpn.drivers.strongswan import netns
from vpn.drivers.strongswan.files import read_whole, write_whole
from vpn.drivers.strongswan.routing import TUNNELS

# The id of the XFRM interface and of everything that charon installs for it. 0 would mean none.
IF_ID = 1
# User-space ESP sets this MTU on its device itself.
MTU = TUNNEL_MTU
# Earlier versions recorded "kernel" for a charon without the device: such a charon is replaced.
KERNEL, USERSPACE = "kernel-device", "userspace"
# charon flushes nothing when it exits or starts: what it leaves would keep carrying packets.
FLUSH = ("xfrm state flush", "xfrm policy flush")

_STATE = "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi {spi} mode tunnel"
_ALGORITHMS = (
    ("enc", "cbc(aes)", "0x" + "11" * 16, "auth-trunc", "hmac(sha256)", "0x" + "22" * 32, "128"),
    ("enc", "cbc(des3_ede)", "0x" + "11" * 24, "auth-trunc", "hmac(md5)", "0x" + "22" * 16, "96"),
    ("aead", "rfc4106(gcm(aes))", "0x" + "11" * 20, "128"),
)


def kind(*, kernel: bool) -> str:
    """The kind of ESP that a charon was started with, as in a member's record."""
    return KERNEL if kernel else USERSPACE


def if_id(kind: str) -> int:
    """The interface id of what a charon of this kind installs."""
    return IF_ID if kind == KERNEL else 0


def device(link: str, below: str) -> list[str]:
    """`ip` commands that create the tunnel device."""
    return [
        f"link add {link} type xfrm dev {below} if_id {IF_ID}",
        f"link set {link} mtu {MTU} up",
    ]


def routes(existing: frozenset[str], peer_cidrs: frozenset[str], link: str) -> list[str]:
    """`ip` commands that route exactly these CIDRs to the tunnel device, whether tunnels are up or not."""
    return [
        *(f"route replace {cidr} dev {link} table {TUNNELS}" for cidr in sorted(peer_cidrs - existing)),
        *(f"route del {cidr} dev {link} table {TUNNELS}" for cidr in sorted(existing - peer_cidrs)),
    ]


def is_in_kernel(wanted: Esp, directory: Path) -> bool:
    """As configured; with `auto` in the kernel only if it supports every cipher of the API."""
    if wanted != "auto":
        return wanted == "kernel"
    key = f"{platform.release()} {Path('/proc/sys/kernel/random/boot_id').read_text().strip()}"
    cache = directory / "esp.json"
    with suppress(OSError, ValueError):
        known = json.loads(read_whole(cache))
        if known["kernel"] == key:
            return bool(known["esp"])
    found = probe()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(cache, json.dumps({"kernel": key, "esp": found}))
    return found


def probe() -> bool:
    """Test the kernel. False also without the privileges to test."""
    try:
        return netns.within_scratch(_accepts_all)
    except (OSError, subprocess.SubprocessError):
        return False


def _accepts_all() -> bool:
    return all(
        subprocess.run(
            [*_STATE.format(spi=0x100 + number).split(), *algorithm],
            capture_output=True,
            timeout=netns.COMMAND_TIMEOUT,
            check=False,
        ).returncode
        == 0
        for number, algorithm in enumerate(_ALGORITHMS)
    )
