"""Member logs as drivers return them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.dataplane.world import KEY, Side, World, connection, installed
from tests.waiting import wait_for
from vpn.domain.log import LogLine


def log_lines(world: World, peer: str, address: str, limit: int = 200) -> tuple[LogLine, ...]:
    return world.driver.log(world.left.members[0], peer, address, limit)


def test_the_log_of_a_member_that_does_not_exist_is_empty(world: World) -> None:
    assert log_lines(world, "peer", world.right.public_address) == ()


def test_an_established_tunnel_is_in_the_log(world: World) -> None:
    world.build()
    world.connect()
    (peer,) = {sa.peer for sa in world.state(world.left).sas}
    address = world.right.public_address
    wait_for(lambda: any("CHILD_SA" in line.text for line in log_lines(world, peer, address)))
    lines = log_lines(world, peer, address)
    text = "\n".join(line.text for line in lines)
    assert "established" in text and address in text
    for spis in installed(world.state(world.left)).values():
        assert all(spi in text for spi in spis)
    assert KEY not in text
    moments = [line.at for line in lines if line.at]
    assert moments == sorted(moments)
    assert datetime.now(UTC) - moments[-1] < timedelta(minutes=1)
    assert len(log_lines(world, peer, address, limit=1)) == 1


def test_lines_about_other_peers_are_left_out(world: World) -> None:
    third = Side("third", "192.168.7.0/24", "198.18.0.4")
    world.build()
    (one, other) = world.load(world.left, connection(world.left, world.right), connection(world.left, third))
    world.initiate(world.left, one, other)
    wait_for(lambda: log_lines(world, other.name, other.peer_address))
    text = "\n".join(line.text for line in log_lines(world, other.name, other.peer_address))
    assert other.name in text or other.peer_address in text
    assert one.name not in text and one.peer_address not in text
