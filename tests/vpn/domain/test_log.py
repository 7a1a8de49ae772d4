"""A member's log, filtered by peer and without secrets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vpn.domain.log import MASK, LogLine, about_peer, redacted

PEER, NAMES = "198.18.0.3", {"peer_198.18.0.3_3d22", "peer_198.18.0.3_3d22_v1"}
LOG = """\
2026-11-22T23:01:50+0000 00[LIB] loaded plugins: charon-systemd nonce openssl kdf
2026-11-22T23:01:52+0000 14[CFG] loaded IKE shared key with id 'peer_198.18.0.3_3d22' for: '198.18.0.2'
2026-11-22T23:01:53+0000 15[CFG] added vici connection: peer_198.18.0.33_77aa
2026-11-22T23:01:54+0000 12[IKE] <1> 198.18.0.3 is initiating an IKE_SA
2026-11-22T23:01:54+0000 12[CFG] <1> selected proposal: IKE:AES_CBC_256/HMAC_SHA2_256_128/MODP_2048
2026-11-22T23:01:54+0000 12[IKE] <2> 198.18.0.33 is initiating an IKE_SA
2026-11-22T23:01:54+0000 12[CFG] <2> selected proposal: of another one
2026-11-22T23:01:55+0000 09[IKE] <peer_198.18.0.3_3d22|3> sending DPD request
2026-11-22T23:01:55+0000 09[IKE] <peer_198.18.0.33_77aa|4> sending DPD request to somebody else
half a line
2026-11-22T23:02:00 00[LIB] loaded plugins: charon-systemd nonce openssl kdf
2026-11-22T23:02:01+0100 12[IKE] <1> after the start the numbers are given again
2026-11-22T23:02:02+0100 12[IKE] <peer_198.18.0.3_3d22_v1|2> IKEv1 comes in second
""".splitlines()


def test_only_lines_about_the_peer() -> None:
    found = about_peer(LOG, names=NAMES, address=PEER, limit=50)
    assert [line.text.split()[0] for line in found] == ["loaded", PEER, "selected", "sending", "IKEv1"]
    assert "another" not in str(found) and "somebody" not in str(found) and "given again" not in str(found)
    assert found[0].at == datetime(2026, 11, 22, 23, 1, 52, tzinfo=UTC)
    assert found[-1].at == datetime(2026, 11, 22, 22, 2, 2, tzinfo=UTC)
    assert (found[1].group, found[2].group) == ("IKE", "CFG")


def test_times_are_in_utc_with_or_without_a_zone_in_the_log() -> None:
    lines = [f"2026-11-22T23:02:00{zone} 12[IKE] {PEER} is there" for zone in ("", "+0000", "+0100")]
    found = [line.at for line in about_peer(lines, names=NAMES, address=PEER, limit=50)]
    assert found == [datetime(2026, 11, 22, hour, 2, tzinfo=UTC) for hour in (23, 23, 22)]
    assert all(at and at.tzinfo is UTC for at in found)


def test_the_last_ones_are_kept() -> None:
    assert [line.text for line in about_peer(LOG, names=NAMES, address=PEER, limit=1)] == [
        "IKEv1 comes in second"
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the key is VPNDemoPassword, they say", f"the key is {MASK}, they say"),
        ("key 00112233445566778899aabbccddeeff", f"key {MASK}"),
        ("psk 0sZ29vZCBtb3JuaW5nIHRvIHlvdSBhbGwgb3ZlciB0aGVyZQ==", f"psk {MASK}"),
        ("SPIs 54851263_i 1dbc9f5d_o and TS 10.0.0.0/24", "SPIs 54851263_i 1dbc9f5d_o and TS 10.0.0.0/24"),
        (LOG[4].partition("> ")[2], LOG[4].partition("> ")[2]),
        (
            "CHILD_SA 91250dd6-8ab8-4b29-93c5-501f41488a61.9e9df735{1} established",
            "CHILD_SA 91250dd6-8ab8-4b29-93c5-501f41488a61.9e9df735{1} established",
        ),
    ],
)
def test_nothing_that_looks_like_a_key_is_reported(text: str, shown: str) -> None:
    (line,) = redacted([LogLine(None, "IKE", text)], {"VPNDemoPassword"})
    assert line.text == shown


def test_dumps_are_left_out() -> None:
    assert redacted([LogLine(None, "IKE", "   0: 3A 4F 00 11 22 33  :O..")]) == ()
