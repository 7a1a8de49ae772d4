"""Where strongSwan is: its other programs and plugins lie beside the charon-systemd that is configured."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from pathlib import Path

from vpn.drivers.strongswan import netns

# Below the prefix of the installation, which is /usr for /usr/sbin/charon-systemd.
_PLUGIN_FOLDERS = ("lib/ipsec/plugins", "libexec/ipsec/plugins", "lib64/strongswan/plugins")


def has_plugin(charon: Path, name: str) -> bool:
    prefix = charon.parent.parent
    return any((prefix / folder / f"libstrongswan-{name}.so").exists() for folder in _PLUGIN_FOLDERS)


def installed_version(charon: Path) -> str:
    """Of strongSwan, such as 6.0.1; empty if it cannot be had. Asked of swanctl, since charon-systemd
    starts whatever its arguments are."""
    with suppress(OSError, subprocess.SubprocessError):
        output = subprocess.run(
            [charon.with_name("swanctl"), "--help"],
            capture_output=True,
            text=True,
            timeout=netns.COMMAND_TIMEOUT,
            check=False,
        ).stdout
        if found := re.match(r"strongSwan (\S+) swanctl", output):
            return found[1]
    return ""
