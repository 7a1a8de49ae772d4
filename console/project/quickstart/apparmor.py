"""AppArmor: where the distribution's profile of charon is enforced, it must allow our paths."""

from __future__ import annotations

import re
from pathlib import Path

_LOADED = Path("/sys/kernel/security/apparmor/profiles")
_PROFILES = Path("/etc/apparmor.d")
_NAME = "usr.sbin.charon-systemd"


def is_enforced(loaded: Path = _LOADED) -> bool:
    """Whether a profile confines charon-systemd; False too where this user cannot read that."""
    try:
        text = loaded.read_text(encoding="utf-8")
    except OSError:
        return False
    return re.search(r"^(\S*/)?charon-systemd \(enforce\)$", text, re.M) is not None


def override(driver_dir: Path, profiles: Path = _PROFILES) -> str:
    """The command that gives charon access to the driver's files; empty if the local override has them."""
    local = profiles / "local" / _NAME
    rule = f"{driver_dir}/** rwk,"
    try:
        if rule in local.read_text(encoding="utf-8"):
            return ""
    except OSError:
        pass
    return f"echo '{rule}' | sudo tee -a {local} && sudo apparmor_parser -r {profiles / _NAME}"
