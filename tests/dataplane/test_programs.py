"""charon from where the setting ISTHMUS_CHARON says, as root and as the member's own user."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.dataplane.world import Side
from vpn.domain.actions import StartMember
from vpn.drivers.base import CHARON, DriverConfig
from vpn.drivers.strongswan.driver import StrongSwanDriver

pytestmark = pytest.mark.dataplane

LEFT = Side("left", "192.168.100.0/24", "198.18.0.2")


def test_a_member_runs_the_program_of_the_setting(config: DriverConfig) -> None:
    config.directory.chmod(0o711)
    program = config.directory / "sbin" / "charon-systemd"
    program.parent.mkdir(mode=0o755)
    program.write_text(f"#!/bin/sh\nSTARTED_BY=$0 exec {CHARON}\n")
    program.chmod(0o755)
    driver = StrongSwanDriver(replace(config, charon=program))
    driver.apply_network(LEFT.network())
    member = LEFT.members[0]
    driver.apply(member, StartMember(), generation=1)
    pid = driver.observe([member])[member.id].pid
    assert pid
    assert f"STARTED_BY={program}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
