"""Whether the kernel does ESP: asked by adding states in a scratch namespace, once per boot."""

from __future__ import annotations

import json
import platform
import subprocess
from contextlib import suppress
from pathlib import Path

from vpn.drivers.base import Esp
from vpn.drivers.strongswan import netns
from vpn.drivers.strongswan.files import read_whole, write_whole

_STATE = "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi {spi} mode tunnel"
_ALGORITHMS = (
    ("enc", "cbc(aes)", "0x" + "11" * 16, "auth-trunc", "hmac(sha256)", "0x" + "22" * 32, "128"),
    ("enc", "cbc(des3_ede)", "0x" + "11" * 24, "auth-trunc", "hmac(md5)", "0x" + "22" * 16, "96"),
    ("aead", "rfc4106(gcm(aes))", "0x" + "11" * 20, "128"),
)


def is_in_kernel(wanted: Esp, directory: Path) -> bool:
    """The setting decides; with `auto` the kernel does it only if it has every cipher on offer."""
    if wanted != "auto":
        return wanted == "kernel"
    key = f"{platform.release()} {Path('/proc/sys/kernel/random/boot_id').read_text().strip()}"
    cache = directory / "esp.json"
    with suppress(OSError, ValueError):
        noted = json.loads(read_whole(cache))
        if noted["kernel"] == key:
            return bool(noted["esp"])
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
