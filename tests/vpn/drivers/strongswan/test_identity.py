from __future__ import annotations

from vpn.drivers.strongswan.identity import BLOCK, choose_block

LAST = 2_147_483_647


def test_the_block_follows_from_the_name_alone() -> None:
    assert choose_block("abcdefgh", set()) == choose_block("abcdefgh", {0, 1000, 65_534})
    assert choose_block("abcdefgh", set()) != choose_block("abcdefgi", set())


def test_every_block_is_outside_the_id_ranges_of_others() -> None:
    for number in range(500):
        first = choose_block(f"name-{number}", set())
        assert first >= 1_879_048_192 and first + BLOCK - 1 < LAST


def test_a_block_with_an_id_in_use_is_skipped() -> None:
    wanted = choose_block("abcdefgh", set())
    assert choose_block("abcdefgh", {wanted + BLOCK - 1}) not in {wanted}
    assert choose_block("abcdefgh", {wanted - 1, wanted + BLOCK}) == wanted
