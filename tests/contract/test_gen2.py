"""Algorithms of API generation 2, on both drivers."""

from __future__ import annotations

import pytest

from policies.domain.algorithms import swan_group
from policies.domain.proposals import AUTO_ESP_2, AUTO_IKE_2, EspOffer, IkeOffer, IkeVersion, Proposal
from tests.dataplane.world import World, connection


@pytest.mark.parametrize(
    ("cipher", "digest", "group", "child"),
    [("aes192", "sha384", 19, "aes192-sha384"), ("aes256gcm16", "", 31, "aes256gcm16")],
)
def test_gen2_algorithms_are_negotiated(
    world: World, cipher: str, digest: str, group: int, child: str
) -> None:
    """The peer offers one suite, this end all of generation 2; names distinguish the ends."""
    world.build()
    fixed = IkeOffer(IkeVersion.V2, Proposal(("aes192",), ("sha384",), (group,)), 3600)
    esp = EspOffer(Proposal((cipher,), (digest,) if digest else ()), 3600)
    names = {"local_id": "@right.example.com", "remote_id": "@#0001"}
    back = {"local_id": "@#0001", "remote_id": "@right.example.com"}
    world.load(world.right, connection(world.right, world.left, ike=fixed, esp=esp, **names))
    there = connection(world.left, world.right, ike=AUTO_IKE_2, esp=AUTO_ESP_2, **back)
    world.initiate(world.left, *world.load(world.left, there))
    world.wait_up()
    (sa,) = (sa for sa in world.state(world.left).sas if sa.established)
    assert sa.suite == f"aes192-sha384-{swan_group(group)}" and sa.children[0].suite == child
