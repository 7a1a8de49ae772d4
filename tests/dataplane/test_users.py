"""Each charon has a user of its own, who can get at nothing else of the installation."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.dataplane.world import World
from vpn.domain.actions import Initiate, StartMember
from vpn.drivers.base import DriverConfig
from vpn.drivers.strongswan import charon
from vpn.drivers.strongswan.driver import StrongSwanDriver
from vpn.drivers.strongswan.identity import BLOCK, Identities
from vpn.drivers.strongswan.names import MemberFiles

pytestmark = pytest.mark.dataplane

NET_BIND_SERVICE, NET_ADMIN = 10, 12
# Tries every path given to it; prints those that could be read, written or connected to.
_TRY = """
import json, os, socket, sys
could = []
for path in json.load(sys.stdin):
    for how in (os.O_RDONLY, os.O_WRONLY):
        try:
            os.close(os.open(path, how | os.O_NONBLOCK))
            could.append(path)
        except OSError:
            pass
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        could.append(path)
    except OSError:
        pass
print(json.dumps(sorted(set(could))))
"""


def within_reach(uid: int, paths: list[Path]) -> set[Path]:
    """Which of these a process of that user can open or connect to."""
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    done = subprocess.run(
        ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", python, "-c", _TRY],
        input=json.dumps([str(path) for path in paths]),
        capture_output=True,
        text=True,
        cwd="/",
        check=True,
    )
    return {Path(path) for path in json.loads(done.stdout)}


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def pid_of(world: World, index: int = 0) -> int:
    pid = world.state(world.left, index).pid
    assert pid is not None
    return pid


def test_a_charon_has_its_own_user_and_two_capabilities_at_most(world: World, config: DriverConfig) -> None:
    world.build(members=2)
    first = Identities(config.directory, config.installation).first()
    users = []
    for side, index in ((world.left, 0), (world.left, 1), (world.right, 0), (world.right, 1)):
        pid = world.state(side, index).pid
        assert pid is not None
        seen = status(pid)
        (uid,) = set(seen["Uid"].split())
        assert set(seen["Gid"].split()) == {uid} and seen["Groups"] == "" and seen["NoNewPrivs"] == "1"
        assert first < int(uid) < first + BLOCK
        for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"):
            assert int(seen[name], 16) & ~(1 << NET_ADMIN | 1 << NET_BIND_SERVICE) == 0
        users.append(uid)
    assert len(set(users)) == 4


def test_a_charon_reaches_its_own_files_alone(world: World, config: DriverConfig) -> None:
    world.build(members=2)
    world.connect()
    keys = config.directory / "credentials.json"
    keys.write_text("secret")
    keys.chmod(0o600)
    paths = list(config.directory.rglob("*"))
    own = MemberFiles.of(config.directory, world.left.members[0])
    uid = int(status(pid_of(world))["Uid"].split()[0])
    reached = {path for path in within_reach(uid, paths) if path.is_file() or path.is_socket()}
    assert reached == {own.config, own.log, own.socket}
    # It can write nothing that is not its own, and put nothing in the place of what is the keeper's.
    assert own.config.stat().st_uid == own.directory.stat().st_uid == 0
    assert stat.S_IMODE(own.directory.stat().st_mode) == 0o710
    # And all of them can be opened by their keeper, this process.
    assert {own.socket, own.record, keys} <= set(paths) and within_reach(0, [own.socket, keys])


def test_files_and_sockets_are_closed_by_themselves(world: World, config: DriverConfig) -> None:
    world.build(members=2)
    world.connect()
    passed = {config.directory, config.directory / "m"}
    for path in [config.directory, *config.directory.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path in passed:
            assert mode == 0o711, path
        elif path.parent == config.directory / "m":
            assert mode == 0o710, path
        elif path.name == "strongswan.conf":
            assert mode == 0o640 and path.stat().st_gid >= BLOCK
        else:
            assert mode & 0o077 == 0, path


def test_a_charon_that_runs_as_root_is_adopted_and_shown(world: World, config: DriverConfig) -> None:
    """As an older release started it, with its socket beside its other files."""
    world.connect()
    member = world.left.members[0]
    charon.kill(MemberFiles.of(config.directory, member))
    older = StrongSwanDriver(config)
    with (
        patch.object(Identities, "of", lambda *_: None),
        patch.object(MemberFiles, "run", property(lambda files: files.directory)),
        patch("vpn.drivers.strongswan.launch.close_socket"),
    ):
        older.apply(member, StartMember(), generation=1)
    files = MemberFiles.of(config.directory, member)
    (files.directory / "vici").rename(files.directory / "vici.sock")
    pid = pid_of(world)
    assert status(pid)["Uid"].split()[0] == "0"
    made = world.load(world.left, *world.connections["left"])
    world.do(member, StartMember(), *(Initiate(peer.name, peer.children[0].name) for peer in made))
    world.wait_up()
    assert pid_of(world) == pid
    (found,) = (check for check in world.driver.check_host() if check.name == "charon user")
    assert found.ok and "1 started before" in found.message
    charon.kill(files)
    world.do(member, StartMember())
    assert status(pid_of(world))["Uid"].split()[0] != "0"
    (found,) = (check for check in world.driver.check_host() if check.name == "charon user")
    assert "started before" not in found.message


def test_a_directory_that_others_cannot_reach_leaves_charons_as_they_were(
    world: World, config: DriverConfig
) -> None:
    """A tunnel is worth more: but it is reported, with the remedy."""
    closed = config.directory / "closed"
    closed.mkdir(mode=0o700)
    identities = Identities(closed / "driver", config.installation)
    assert f"chmod o+x {closed}" in identities.hindrance()
    assert Identities(config.directory, config.installation).hindrance() == ""
    os.rmdir(closed)
