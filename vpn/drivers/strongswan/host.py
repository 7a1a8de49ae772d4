"""What real tunnels need of this host, each with the command that provides it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from vpn.drivers.base import CHARON, Esp, HostCheck
from vpn.drivers.strongswan import charon, esp
from vpn.drivers.strongswan.features import features_of
from vpn.drivers.strongswan.identity import BLOCK, Identities
from vpn.drivers.strongswan.names import members_directory
from vpn.drivers.strongswan.programs import has_plugin, installed_version

INSTALL = (
    "apt-get install --no-install-recommends -y charon-systemd libcharon-extra-plugins "
    "libstrongswan-standard-plugins strongswan-swanctl iproute2 nftables util-linux"
)
_CAP_SYS_ADMIN, _CAP_NET_ADMIN = 21, 12


def checks(wanted: Esp, program: Path = CHARON) -> list[HostCheck]:
    """Every check that must pass before the driver can work; ESP in the kernel is only reported. `program`
    is charon-systemd."""
    version = installed_version(program)
    fix = INSTALL if program == CHARON else f"install strongSwan as {program}, or unset ISTHMUS_CHARON"
    return [
        _rights(),
        _charon(program, version, fix),
        *(
            _present(f"strongSwan plugin {name}", has_plugin(program, name), fix)
            for name in _needed(wanted, version)
        ),
        *(_present(f"command {name}", bool(shutil.which(name)), INSTALL) for name in ("ip", "nft", "setsid")),
        _tun(),
        _esp(wanted),
    ]


def _present(name: str, ok: bool, fix: str) -> HostCheck:
    return HostCheck(name, ok, "found" if ok else "missing", "" if ok else fix)


def _charon(program: Path, version: str, fix: str) -> HostCheck:
    if not program.exists():
        return HostCheck("charon-systemd", False, f"missing at {program}", fix)
    return HostCheck("charon-systemd", True, f"{program}, strongSwan {version or 'of an unknown version'}")


def _needed(wanted: Esp, version: str) -> Iterable[str]:
    kdf = () if features_of(version).openssl_kdf else ("kdf",)
    libipsec = () if wanted == "kernel" else ("kernel-libipsec",)
    return ("openssl", *kdf, "nonce", "kernel-netlink", "socket-default", "vici", *libipsec)


def _rights() -> HostCheck:
    """Whether this process is root of the host or of a user namespace."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("CapEff"))
    capabilities = int(line.split()[1], 16)
    ok = all(capabilities >> bit & 1 for bit in (_CAP_SYS_ADMIN, _CAP_NET_ADMIN))
    return HostCheck(
        "rights",
        ok,
        "may make network namespaces" if ok else "may not make network namespaces",
        "" if ok else "run as root, or in a user namespace: unshare -Urnm",
    )


def _tun() -> HostCheck:
    device = Path("/dev/net/tun")
    if not device.exists():
        return HostCheck(str(device), False, "missing", "modprobe tun")
    ok = os.access(device, os.R_OK | os.W_OK)
    return HostCheck(
        str(device), ok, "usable" if ok else "not permitted", "" if ok else "as root: chmod 0666 /dev/net/tun"
    )


def _esp(wanted: Esp) -> HostCheck:
    found = esp.probe()
    name = "in the kernel" if found and wanted != "userspace" else "in user space"
    refused = wanted == "kernel" and not found
    return HostCheck(
        "ESP",
        not refused,
        "the kernel lacks a cipher" if refused else f"{name} (setting: {wanted})",
        "set ISTHMUS_ESP=auto" if refused else "",
    )


def charon_users(identities: Identities) -> HostCheck:
    """Only reported: tunnels work with any user."""
    if hindrance := identities.hindrance():
        message = f"charons run as user {os.geteuid()}, like the rest of the installation: {hindrance}"
        return HostCheck("charon user", True, message)
    first = identities.first()
    variable = f"STRONGSWAN_CONF={members_directory(identities.directory)}/".encode()
    older = sum(not first < _user(pid) < first + BLOCK for pid in charon.processes(variable))
    message = f"each member's charon has a user id of its own, from {first + 1} on"
    if older:
        message += f"; {older} started before still have another one, until they are started again"
    return HostCheck("charon user", True, message)


def _user(pid: int) -> int:
    with suppress(OSError):
        return Path(f"/proc/{pid}").stat().st_uid
    return -1
