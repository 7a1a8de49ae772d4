"""Identities, dead peer detection and lifetimes of a pasted text, and what has no place here."""

from __future__ import annotations

import pytest

from vpn.handoff.reader.extras import identity_of, seconds
from vpn.handoff.reader.parse import recognise
from vpn.handoff.reader.recognised import Extras

BY_HAND = """
connections { office {
  version = 2
  local_addrs = 198.51.100.7
  remote_addrs = 203.0.113.1
  dpd_delay = 45s
  rekey_time = 45m
  encap = yes
  proposals = aes256-sha256-modp2048
  local { auth = psk
    id = branch.example.com }
  remote { auth = psk
    id = "@#0aff" }
  children { net {
    local_ts = 10.50.0.0/16
    remote_ts = 192.168.100.0/24
    esp_proposals = aes128gcm16-ecp256
    rekey_time = 1h
    dpd_action = trap
    ipcomp = yes
  } }
} }
"""


def test_a_configuration_written_by_hand_loses_nothing_silently() -> None:
    found = recognise(BY_HAND).extras
    assert found == Extras("branch.example.com", "@#0aff", "hold", 45, 0, 2700, 3600, ("encap", "ipcomp"))
    other = recognise(BY_HAND).mirrored().extras
    assert (other.peer_identity, other.own_identity) == ("@#0aff", "branch.example.com")


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("198.51.100.7", ("", "")),
        ("", ("", "")),
        ("@#0aff", ("key_id", "Cv8=")),
        ("@#xyz", ("", "@#xyz")),
        ("198.51.100.8", ("ipv4_address", "198.51.100.8")),
        ("@branch.example.com", ("fqdn", "branch.example.com")),
        ("branch", ("hostname", "branch")),
        ("C=CH, O=Example, CN=peer", ("", "C=CH, O=Example, CN=peer")),
    ],
)
def test_identities_as_in_the_api(text: str, identity: tuple[str, str]) -> None:
    assert identity_of(text, "198.51.100.7") == identity


def test_times() -> None:
    assert [seconds(text) for text in ("30", "30s", "45m", "4h", "1d", "soon", "")] == [
        30,
        30,
        2700,
        14400,
        86400,
        0,
        0,
    ]
