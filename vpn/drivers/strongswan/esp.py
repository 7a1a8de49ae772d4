"""ESP in the kernel: whether it can, the tunnel device that it has there, and what a dead charon leaves.

Whether the kernel can is asked by adding states in a scratch namespace, once per boot. The device is
an XFRM interface with the name that user-space ESP gives its own: packets meet one set of routes and
rules, for both kinds of ESP.
"""

from __future__ import annotations

import json
import platform
import subprocess
from contextlib import suppress
from pathlib import Path

from vpn.drivers.base import Esp
from vpn.drivers.strongswan import netns
from vpn.drivers.strongswan.files import read_whole, write_whole
from vpn.drivers.strongswan.routing import TUNNELS

# Of the XFRM interface, and of everything that charon installs for it. Never 0, which is none.
IF_ID = 1
# User-space ESP gives its device this MTU by itself.
MTU = 1400
# What a charon without the device left runs as "kernel" in the notes: it is replaced.
KERNEL, USERSPACE = "kernel-device", "userspace"
# charon clears nothing when it ends or begins: what it leaves goes on carrying packets.
FLUSH = ("xfrm state flush", "xfrm policy flush")

_STATE = "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi {spi} mode tunnel"
_ALGORITHMS = (
    ("enc", "cbc(aes)", "0x" + "11" * 16, "auth-trunc", "hmac(sha256)", "0x" + "22" * 32, "128"),
    ("enc", "cbc(des3_ede)", "0x" + "11" * 24, "auth-trunc", "hmac(md5)", "0x" + "22" * 16, "96"),
    ("aead", "rfc4106(gcm(aes))", "0x" + "11" * 20, "128"),
)


def kind(*, kernel: bool) -> str:
    """How a member's notes name what its charon was started with."""
    return KERNEL if kernel else USERSPACE


def if_id(kind: str) -> int:
    """Of what a charon of this kind installs."""
    return IF_ID if kind == KERNEL else 0


def device(link: str, below: str) -> list[str]:
    """Commands of `ip` that make the tunnel device."""
    return [
        f"link add {link} type xfrm dev {below} if_id {IF_ID}",
        f"link set {link} mtu {MTU} up",
    ]


def routes(existing: frozenset[str], peer_cidrs: frozenset[str], link: str) -> list[str]:
    """Commands of `ip` that lead exactly these CIDRs to the tunnel device, up or not."""
    return [
        *(f"route replace {cidr} dev {link} table {TUNNELS}" for cidr in sorted(peer_cidrs - existing)),
        *(f"route del {cidr} dev {link} table {TUNNELS}" for cidr in sorted(existing - peer_cidrs)),
    ]


def is_in_kernel(wanted: Esp, directory: Path) -> bool:
    """The setting decides; with `auto` the kernel does it only if it has every cipher on offer."""
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
    """Ask the kernel. False also where nobody may ask."""
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
