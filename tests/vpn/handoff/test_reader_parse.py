"""What is recognised in pasted text; whatever the text, nothing is raised and nothing grows."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpn.handoff.reader.parse import LONGEST_TEXT, recognise
from vpn.handoff.reader.recognised import ISTHMUS, SWANCTL, Recognised

PLAIN = """\
# made by hand
connections {
  to-cloud {
    version = 2
    local_addrs  = 198.51.100.9   # here
    remote_addrs = 203.0.113.1
    proposals = aes256-sha256-modp2048, aes128-sha1-modp1024
    local { auth = psk
      id = 198.51.100.9 }
    remote {
      auth = psk
    }
    children {
      one { local_ts = 10.2.0.0/24
        remote_ts = 192.168.100.0/24, 192.168.101.0/24
        esp_proposals = aes256-sha256 }
      two { local_ts = 10.3.0.0/24, 10.2.0.0/24
        remote_ts = 192.168.100.0/24 }
    }
  }
}
secrets {
  ike-other { id = 192.0.2.77
    secret = "not this one" }
  ike-cloud {
    id-1 = 198.51.100.9
    id-2 = 203.0.113.1
    secret = "pass{word}#7"
  }
}
include conf.d/*.conf
"""

SHEET = """\
! Isthmus hand-off 1: Cisco IOS-XE
! Your address: 198.51.100.9
! Gateway address: 203.0.113.1
! CIDRs on your side: 10.2.0.0/24, 10.3.0.0/24
! CIDRs behind the gateway: 192.168.100.0/24
! IKE version: 1
! IKE proposals: aes256-sha256-modp2048
crypto isakmp policy 10
"""


def test_reads_the_peers_swanctl_conf_from_our_side() -> None:
    found = recognise(PLAIN)
    assert found.source == SWANCTL and found
    assert (found.peer_address, found.own_address) == ("198.51.100.9", "203.0.113.1")
    assert found.local_cidrs == ("192.168.100.0/24", "192.168.101.0/24")
    assert found.peer_cidrs == ("10.2.0.0/24", "10.3.0.0/24")
    assert found.psk is not None and found.psk.value == "pass{word}#7"
    assert found.ike_version == 2
    assert found.ike_proposals == ("aes256-sha256-modp2048", "aes128-sha1-modp1024")
    assert found.esp_proposals == ("aes256-sha256",)
    assert found.warnings == ("1 include line(s) name other files, which were not read.",)


def test_our_own_export_was_written_for_this_side() -> None:
    found = recognise(SHEET)
    assert found.source == ISTHMUS
    assert (found.peer_address, found.own_address) == ("203.0.113.1", "198.51.100.9")
    assert found.local_cidrs == ("10.2.0.0/24", "10.3.0.0/24")
    assert found.peer_cidrs == ("192.168.100.0/24",)
    assert found.ike_version == 1 and found.psk is None
    assert "No pre-shared key" in " ".join(found.warnings)


@pytest.mark.parametrize(
    "line",
    [
        '198.51.100.9 203.0.113.1 : PSK "a+b"',
        "  pre-shared-key a+b",
        "crypto isakmp key a+b address 203.0.113.1",
        'set security ike policy isth-1 pre-shared-key ascii-text "a+b"',
        '        set psksecret "a+b"',
        "set vpn ipsec authentication psk isth-1 secret 'a+b'",
        "    <pre-shared-key>a+b</pre-shared-key>",
        '/ip ipsec identity add peer=isth-1 auth-method=pre-shared-key secret="a+b" my-id=address:1.2.3.4',
    ],
)
def test_the_key_is_read_from_the_devices_own_line(line: str) -> None:
    found = recognise(SHEET + line + "\n")
    assert found.psk is not None and found.psk.value == "a+b"
    assert not any("No pre-shared key" in words for words in found.warnings)
    assert recognise(SHEET + line.replace("a+b", "<PRE-SHARED-KEY>")).psk is None
    assert recognise(f"{SHEET}# {line}").psk is None


def test_the_other_reading_swaps_both_sides() -> None:
    found = recognise(PLAIN)
    other = found.mirrored()
    assert (other.peer_address, other.local_cidrs) == (found.own_address, found.peer_cidrs)
    assert other.mirrored() == found


def test_texts_come_through_mail_and_other_systems() -> None:
    other = "\ufeff" + PLAIN.replace("\n", "\r\n").replace("  ", "\u00a0 ")
    assert recognise(other) == recognise(PLAIN)


def test_the_key_does_not_show() -> None:
    assert "pass{word}" not in repr(recognise(PLAIN))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "connections",
        "connections {",
        "connections { }",
        "secrets { ike { secret = x } }",
        "{" * 99,
    ],
)
def test_other_text_is_nothing(text: str) -> None:
    assert recognise(text) == Recognised() and not recognise(text)


def test_sections_may_inherit_from_others() -> None:
    text = """
    base { remote_addrs = 203.0.113.1
           version = 1
           children { net { remote_ts = 10.9.0.0/16 } } }
    connections { a : base { local_addrs = 198.51.100.2
        children { net { local_ts = 10.8.0.0/16 } } } }
    """
    found = recognise(text)
    assert (found.peer_address, found.own_address) == ("198.51.100.2", "203.0.113.1")
    assert (found.local_cidrs, found.peer_cidrs) == (("10.9.0.0/16",), ("10.8.0.0/16",))
    assert found.ike_version == 1


@pytest.mark.parametrize(
    ("selector", "cidrs", "warning"),
    [
        ("10.0.0.7", ("10.0.0.7/32",), ""),
        ("10.0.0.7/24", ("10.0.0.0/24",), ""),
        ("10.0.0.0/24[tcp/80]", ("10.0.0.0/24",), "limited to a protocol or port"),
        ("2001:db8::/32, 10.0.0.0/8", ("10.0.0.0/8",), "not an IPv4 block"),
        ("dynamic", (), "not an IPv4 block"),
        ('"10.0.0.0/8"', ("10.0.0.0/8",), ""),
    ],
)
def test_selectors_become_cidrs(selector: str, cidrs: tuple[str, ...], warning: str) -> None:
    child = f"remote_ts = 10.9.0.0/16\n local_ts = {selector}\n"
    found = recognise(f"connections {{ a {{ local_addrs = 192.0.2.1\n children {{ b {{ {child} }} }} }} }}")
    assert found.peer_cidrs == cidrs
    assert warning in " ".join(found.warnings)


def test_of_several_connections_one_is_read_and_it_says_so() -> None:
    whole = "y { local_addrs = 192.0.2.1\n remote_addrs = 192.0.2.2\n children { c { } } }"
    found = recognise(f"connections {{ x {{ }} {whole} }}")
    assert found.peer_address == "192.0.2.1"
    assert "holds 2 connections; only y was read" in found.warnings[0]


@pytest.mark.parametrize(
    "value", ["0x4142434445", "0X4142434445", "0sQUJDREVG", "0SQUJDREVG", "<PRE-SHARED-KEY>", '""']
)
def test_a_key_that_cannot_be_ours_is_none(value: str) -> None:
    text = f"connections {{ a {{ local_addrs = 192.0.2.1 }} }}\nsecrets {{ ike {{ secret = {value}\n}} }}"
    assert recognise(text).psk is None


def size_of(found: Recognised) -> int:
    return len(repr(found))


@given(st.text(max_size=400))
def test_any_text_is_taken(text: str) -> None:
    recognise(text)


WORDS = ["connections", "secrets", "children", "{", "}", "=", "\n", '"', "\\", "#", ":", ",", " ", "include "]
WORDS += [
    "a",
    "ike",
    "secret",
    "local_ts",
    "remote_ts",
    "local_addrs",
    "10.0.0.0/8",
    "1.2.3.4",
    "%any",
    "[",
    "\0",
]
WORDS += [
    "Isthmus hand-off 1",
    "Your address: ",
    "CIDRs on your side: ",
    "Pre-shared key: ",
    "base",
    "id",
    "é",
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=120).map("".join))
def test_any_mixture_of_keywords_is_accepted(text: str) -> None:
    found = recognise(text)
    assert size_of(found) < 20_000
    assert size_of(recognise("connections { a { " + text)) < 20_000


PUZZLES = [
    "{",
    "a{",
    '"',
    "\\",
    '"\\',
    "#",
    "x = ",
    "connections{a{children{b{local_ts=1.1.1.1,",
    "connections : connections {",
    "connections { a : connections.a, connections { ",
    "10.0.0.0/8,",
    "secrets { ike { secret = x }",
    "Isthmus hand-off 1 Your address: ",
    "!#",
    "Isthmus hand-off 1\nYour address: 1.1.1.1\nCIDRs on your side: " + "1.1.1.1,",
    "Isthmus hand-off 1\nYour address: 1.1.1.1\n" + '/ip ipsec identity add peer=a auth-method=b secret="\\',
    "Isthmus hand-off 1\nYour address: 1.1.1.1\na b : PSK ",
]


@pytest.mark.parametrize("part", PUZZLES)
def test_long_texts_take_no_long_time(part: str) -> None:
    text = part * (4 * LONGEST_TEXT // len(part))
    started = time.process_time()
    found = recognise(text)
    assert time.process_time() - started < 2
    assert size_of(found) < 60_000


def test_a_long_text_says_that_it_was_cut() -> None:
    found = recognise(PLAIN + "#" * LONGEST_TEXT)
    assert found.peer_address and "only its beginning was read" in found.warnings[0]
