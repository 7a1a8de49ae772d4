"""What a host has and lacks, by the version of strongSwan that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpn.drivers.strongswan import host
from vpn.drivers.strongswan.features import Features, features_of


@pytest.mark.parametrize("version", ["6.0.1", "6.0.2rc1", "6.1.0", "7.0", "10.2"])
def test_what_strongswan_6_can_do(version: str) -> None:
    assert features_of(version) == Features(traps=True, openssl_kdf=True)


@pytest.mark.parametrize("version", ["5.9.8", "5.9.14", "4.6", "", "unknown", "U6.0.1"])
def test_what_an_older_or_unknown_version_can_do(version: str) -> None:
    assert features_of(version) == Features()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with swanctl, charon-systemd and the plugins that both versions have."""
    monkeypatch.setattr(host, "BINARY", str(tmp_path / "charon-systemd"))
    monkeypatch.setattr(host, "_PLUGIN_FOLDERS", (str(tmp_path),))
    monkeypatch.setenv("PATH", str(tmp_path))
    plugins = ("openssl", "nonce", "kernel-netlink", "socket-default", "vici", "kernel-libipsec")
    for name in ("charon-systemd", *(f"libstrongswan-{plugin}.so" for plugin in plugins)):
        (tmp_path / name).touch()
    return tmp_path


def swanctl(directory: Path, text: str) -> None:
    """Its `--help` begins with the version, and needs no daemon."""
    program = directory / "swanctl"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = --help ] && printf '{text}\\nloaded plugins: nonce\\n'\n")
    program.chmod(0o755)


def lacking(name: str = "strongSwan plugin") -> list[str]:
    return [check.name for check in host.checks("userspace") if not check.ok and check.name.startswith(name)]


def test_version_6_needs_no_plugin_kdf(installed: Path) -> None:
    """Debian 13 has none: `openssl` derives the keys."""
    swanctl(installed, "strongSwan 6.0.1 swanctl")
    assert lacking() == []
    assert "found, strongSwan 6.0.1" in [check.message for check in host.checks("userspace")]


@pytest.mark.parametrize("text", ["strongSwan 5.9.8 swanctl", "nothing of the kind"])
def test_an_older_or_unknown_version_needs_it(installed: Path, text: str) -> None:
    swanctl(installed, text)
    assert lacking() == ["strongSwan plugin kdf"]
    (installed / "libstrongswan-kdf.so").touch()
    assert lacking() == []


def test_without_swanctl_no_version_is_known(installed: Path) -> None:
    assert host.installed_version() == ""
    assert lacking() == ["strongSwan plugin kdf"]
    assert lacking("charon-systemd") == []
    (installed / "charon-systemd").unlink()
    assert lacking("charon-systemd") == ["charon-systemd"]
