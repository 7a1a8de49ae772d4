"""What a host has and lacks, by the version of strongSwan that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from vpn.drivers.base import CHARON, HostCheck
from vpn.drivers.strongswan import host
from vpn.drivers.strongswan.features import Features, features_of
from vpn.drivers.strongswan.programs import installed_version
from vpn.reconcile.driver import driver_config


@pytest.mark.parametrize("version", ["6.0.1", "6.0.2rc1", "6.1.0", "7.0", "10.2"])
def test_what_strongswan_6_can_do(version: str) -> None:
    assert features_of(version) == Features(traps=True, openssl_kdf=True)


@pytest.mark.parametrize("version", ["5.9.8", "5.9.14", "4.6", "", "unknown", "U6.0.1"])
def test_what_an_older_or_unknown_version_can_do(version: str) -> None:
    assert features_of(version) == Features()


PLUGINS = ("openssl", "nonce", "kernel-netlink", "socket-default", "vici", "kernel-libipsec")


@pytest.fixture(params=["lib/ipsec/plugins", "libexec/ipsec/plugins", "lib64/strongswan/plugins"])
def plugins(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An installation with charon-systemd and the plugins that both versions have: where they are."""
    folder = tmp_path / str(request.param)
    for made in (folder, tmp_path / "sbin"):
        made.mkdir(parents=True)
    for file in (
        tmp_path / "sbin/charon-systemd",
        *(folder / f"libstrongswan-{name}.so" for name in PLUGINS),
    ):
        file.touch()
    return folder


def swanctl(prefix: Path, text: str) -> None:
    """Its `--help` begins with the version, and needs no daemon."""
    program = prefix / "sbin/swanctl"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = --help ] && printf '{text}\\nloaded plugins: nonce\\n'\n")
    program.chmod(0o755)


def checks(prefix: Path) -> dict[str, HostCheck]:
    return {check.name: check for check in host.checks("userspace", prefix / "sbin/charon-systemd")}


def lacking(prefix: Path) -> list[str]:
    return [name for name, check in checks(prefix).items() if not check.ok and "plugin" in name]


def test_version_6_needs_no_plugin_kdf(tmp_path: Path, plugins: Path) -> None:
    """Debian 13 has none: `openssl` derives the keys."""
    swanctl(tmp_path, "strongSwan 6.0.1 swanctl")
    assert lacking(tmp_path) == []
    assert checks(tmp_path)["charon-systemd"].message == f"{tmp_path}/sbin/charon-systemd, strongSwan 6.0.1"


@pytest.mark.parametrize("text", ["strongSwan 5.9.8 swanctl", "nothing of the kind"])
def test_an_older_or_unknown_version_needs_it(tmp_path: Path, plugins: Path, text: str) -> None:
    swanctl(tmp_path, text)
    assert lacking(tmp_path) == ["strongSwan plugin kdf"]
    (plugins / "libstrongswan-kdf.so").touch()
    assert lacking(tmp_path) == []


def test_without_swanctl_no_version_is_known(tmp_path: Path, plugins: Path) -> None:
    assert installed_version(tmp_path / "sbin/charon-systemd") == ""
    assert lacking(tmp_path) == ["strongSwan plugin kdf"]
    assert checks(tmp_path)["charon-systemd"].ok


def test_what_is_missing_elsewhere_is_reported_with_the_setting(tmp_path: Path) -> None:
    found = checks(tmp_path)["charon-systemd"]
    program = tmp_path / "sbin/charon-systemd"
    assert (found.ok, found.message) == (False, f"missing at {program}")
    assert found.fix == f"install strongSwan as {program}, or unset ISTHMUS_CHARON"
    usual = {check.name: check for check in host.checks("userspace")}
    assert all("ISTHMUS_CHARON" not in check.fix for check in usual.values())


def test_the_setting_names_the_program(settings: LazySettings, tmp_path: Path) -> None:
    assert driver_config().charon == CHARON
    settings.CHARON = str(tmp_path / "charon-systemd")
    assert driver_config().charon == tmp_path / "charon-systemd"
