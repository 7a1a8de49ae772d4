"""Keys go to charon over its socket, and nowhere else."""

from __future__ import annotations

import pytest

from tests.dataplane.world import KEY, World
from vpn.domain.actions import LoadPeer
from vpn.domain.peers import peers
from vpn.domain.spec import GatewaySpec
from vpn.drivers.base import DriverConfig, DriverError

pytestmark = pytest.mark.dataplane


def test_a_key_is_in_no_file(world: World, config: DriverConfig) -> None:
    there, _ = world.connect()
    files = [file for file in config.directory.rglob("*") if file.is_file()]
    assert {"notes.json", "charon.log", "strongswan.conf"} <= {file.name for file in files}
    for file in files:
        content = file.read_bytes().replace(b"-version", b"")
        for form in (KEY.encode(), KEY.encode().hex().encode()):
            assert form not in content.lower(), file
    assert KEY not in repr(world.state(world.left)) and KEY not in repr(world.driver.inventory())
    wanted = peers(GatewaySpec(world.left.gateway_id, "g", 1, world.left.members, (there,)))
    assert KEY not in repr(wanted).replace(f"{KEY}-version", "")


def test_an_error_does_not_contain_the_key(world: World) -> None:
    (peer,) = world.load(world.left, world.connect()[0])
    world.driver.remove_all()
    with pytest.raises(DriverError) as error:
        world.do(world.left.members[0], LoadPeer(peer))
    assert KEY not in str(error.value)
