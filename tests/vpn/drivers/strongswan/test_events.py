"""Recorded log lines and events of charon, and their interpretation."""

from __future__ import annotations

import pytest

from vpn.domain.state import EventKind
from vpn.drivers.strongswan.events import Interpreter, ParsedEvent

PEER = "peer_198.18.0.3_3d220f35"
FROM = "received packet: from 198.18.0.2[500] to 198.18.0.3[500] (332 bytes)"
ESTABLISHED = f"IKE_SA {PEER}[1] established between 198.18.0.2[198.18.0.2]...198.18.0.3[198.18.0.3]"


def lines(*texts: str, name: str = PEER, interpreter: Interpreter | None = None) -> list[ParsedEvent]:
    watch = interpreter or Interpreter()
    return [
        parsed
        for text in texts
        for parsed in watch.feed("log", {"ikesa-name": name, "ikesa-uniqueid": "1", "msg": text})
    ]


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["received AUTHENTICATION_FAILED notify error"], "cannot_authenticate_connection"),
        (["received AUTHENTICATION_FAILED error notify"], "cannot_authenticate_connection"),
        (["tried 1 shared key for 'a' - 'b', but MAC mismatched"], "cannot_authenticate_connection"),
        (["no shared key found for 'a' - 'b'"], "cannot_authenticate_connection"),
        (["IDir 'a' does not match to 'b'"], "cannot_authenticate_connection"),
        (["invalid ID_V1 payload length, decryption failed?"], "cannot_authenticate_connection"),
        (["received INVALID_KE_PAYLOAD error notify"], "cannot_authenticate_connection"),
        (["received NO_PROPOSAL_CHOSEN notify error"], "ike_policy_mismatch"),
        (["received NO_PROPOSAL_CHOSEN error notify"], "ike_policy_mismatch"),
        (["received proposals unacceptable"], "ike_policy_mismatch"),
        (["no proposal found"], "ike_policy_mismatch"),
        (["received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built"], "ipsec_policy_mismatch"),
        (["no acceptable proposal found"], "ipsec_policy_mismatch"),
        (["no matching proposal found, sending NO_PROPOSAL_CHOSEN"], "ipsec_policy_mismatch"),
        ([ESTABLISHED, "received NO_PROPOSAL_CHOSEN error notify"], "ipsec_policy_mismatch"),
        (["received TS_UNACCEPTABLE notify, no CHILD_SA built"], "ike_v2_local_remote_cidr_mismatch"),
        (
            ["traffic selectors 10.1.0.0/24 === 10.2.0.0/24 unacceptable"],
            "ike_v2_local_remote_cidr_mismatch",
        ),
        (["received INVALID_ID_INFORMATION error notify"], "ike_v1_id_local_remote_cidr_mismatch"),
        (["no matching CHILD_SA config found for a === b"], "ike_v1_id_local_remote_cidr_mismatch"),
        (["retransmit 1 of request with message ID 0"], "peer_not_responding"),
        (["giving up after 3 retransmits"], "peer_not_responding"),
        (["establishing IKE_SA failed, peer not responding"], "peer_not_responding"),
        (["DPD check timed out, enforcing DPD action"], "peer_not_responding"),
        (["error writing to socket: Network is unreachable"], "internal_error"),
        (["error installing route with policy 10.0.0.0/8 === 10.1.0.0/16 out"], "internal_error"),
        (["installing route failed: 10.1.0.0/16 src 10.0.0.0 dev ipsec0"], "internal_error"),
        (["unable to install inbound and outbound IPsec SA (SAD) in kernel"], "internal_error"),
    ],
)
def test_reasons(texts: list[str], code: str) -> None:
    (parsed,) = lines(*texts)
    assert parsed.kind is EventKind.FAILED and parsed.peer == PEER
    assert parsed.reason and parsed.reason.code == code
    assert parsed.reason.message.endswith(".") and "{" not in parsed.reason.message


@pytest.mark.parametrize(
    "text",
    [
        "sending DPD request",
        "sending retransmit 1 of request message ID 3, seq 7",
        "retransmit 1 of request with message ID 12",
        "peer didn't accept DH group MODP_2048, it requested MODP_1024",
        "received DELETE for IKE_SA",
        ESTABLISHED,
    ],
)
def test_lines_that_are_no_failure(text: str) -> None:
    assert lines(text) == []


def test_silence_is_reported_in_as_much_detail_as_is_known() -> None:
    for before, word in (
        ((), "does not respond"),
        (("parsed IKE_SA_INIT response 0 [ SA KE No ]",), "UDP 4500"),
        ((ESTABLISHED,), "stopped answering"),
    ):
        (parsed,) = lines(*before, "giving up after 3 retransmits")
        assert parsed.reason and word in parsed.reason.message


def test_one_cause_is_reported_once_and_silence_after_it_is_not() -> None:
    parsed = lines(
        "invalid HASH_V1 payload length, decryption failed?",
        "could not decrypt payloads",
        "giving up after 3 retransmits",
        "establishing IKE_SA failed, peer not responding",
    )
    assert [h.reason.code for h in parsed if h.reason] == ["cannot_authenticate_connection"]


def test_a_peer_that_is_only_an_address_yet() -> None:
    parsed = lines(
        FROM,
        "received proposals: IKE:3DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_1024",
        "configured proposals: IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048",
        "received proposals unacceptable",
        name="(unnamed)",
    )
    assert [(h.peer, h.remote) for h in parsed] == [("", "198.18.0.2")]
    assert parsed[0].reason and "3DES_CBC/HMAC_MD5_96" in parsed[0].reason.message


@pytest.mark.parametrize(
    "text",
    [
        "no IKE config found for 198.18.0.3...198.18.0.2, sending NO_PROPOSAL_CHOSEN",
        "looking for peer configs matching 198.18.0.3[b]...198.18.0.2[a]",
        "looking for pre-shared key peer configs matching 198.18.0.3...198.18.0.2[a]",
    ],
)
def test_lines_that_name_the_address(text: str) -> None:
    parsed = lines(text, "no matching peer config found", name="(unnamed)")
    assert {h.remote for h in parsed} == {"198.18.0.2"}


def test_long_lists_of_proposals_are_left_out() -> None:
    (parsed,) = lines(
        "received proposals: " + "IKE:3DES_CBC, " * 27,
        "configured proposals: IKE:AES_CBC_256",
        "received proposals unacceptable",
    )
    assert parsed.reason and "3DES" not in parsed.reason.message


def test_events_that_overtake_their_lines() -> None:
    """charon queues log lines: the IKE_SA can be gone before they report the cause."""
    watch = Interpreter()
    assert lines(FROM, name="(unnamed)", interpreter=watch) == []
    gone = {"(unnamed)": {"uniqueid": "1", "remote-host": "198.18.0.2"}}
    assert watch.feed("ike-updown", gone) == []
    (parsed,) = lines("received proposals unacceptable", name="(unnamed)", interpreter=watch)
    assert parsed.remote == "198.18.0.2"


def test_children_up_and_down() -> None:
    sa = {"uniqueid": "1", "child-sas": {"x.1-7": {"name": "x.1"}, "x.2-8": {"name": "x.2"}}}
    watch = Interpreter()
    assert watch.feed("child-updown", {"up": "yes", f"{PEER}_v1": sa}) == [
        ParsedEvent(EventKind.UP, PEER, "x.1"),
        ParsedEvent(EventKind.UP, PEER, "x.2"),
    ]
    assert [h.kind for h in watch.feed("child-updown", {PEER: sa})] == [EventKind.DOWN] * 2
    assert watch.feed("ike-updown", {PEER: sa}) == []


def test_memory_is_bounded() -> None:
    watch = Interpreter()
    for number in range(2000):
        watch.feed("log", {"ikesa-name": PEER, "ikesa-uniqueid": str(number), "msg": FROM})
    assert len(watch._exchanges) <= 256
