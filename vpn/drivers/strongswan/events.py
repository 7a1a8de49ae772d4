"""Interprets charon's log lines and events. Pure: one Interpreter per member, fed in order.

A failed `initiate` only reports that it failed; the cause is in the log, with different lines for
initiator and responder, IKEv1 and IKEv2. Often the protocol does not tell the initiator the cause: then
the sentence says so.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vpn.domain.reasons import UNKNOWN_CIDRS, Code
from vpn.domain.state import EventKind, Reason
from vpn.drivers.strongswan.translate import peer_of

_EXCHANGES_KEPT = 256
_LONGEST_LIST = 160

SILENT, AUTH, OURS = Code.PEER_NOT_RESPONDING, Code.CANNOT_AUTHENTICATE, Code.INTERNAL_ERROR
IKE, ESP = Code.IKE_POLICY_MISMATCH, Code.IPSEC_POLICY_MISMATCH
CIDR_V1, CIDR_V2 = Code.CIDR_MISMATCH_V1, Code.CIDR_MISMATCH_V2


class ParsedEvent(NamedTuple):
    """What an event means. A failure without a known peer has the peer's address in `remote`."""

    kind: EventKind
    peer: str = ""
    child: str = ""
    remote: str = ""
    reason: Reason | None = None
    ike_version: int = 2


@dataclass(slots=True)
class IkeExchange:
    """What was logged so far for one IKE_SA."""

    peer: str = ""
    ike_version: int = 2
    remote: str = ""
    established: bool = False
    answered: bool = False
    reported: set[str] = field(default_factory=set)
    lists: dict[str, str] = field(default_factory=dict)


_RULES: tuple[tuple[re.Pattern[str], Code, str], ...] = tuple(
    (re.compile(pattern), code, sentence)
    for pattern, code, sentence in (
        (r"received AUTHENTICATION_FAILED (notify error|error notify)", AUTH,
         "The peer refused to authenticate us: pre-shared keys or IKE identities differ."),
        (r"tried \d+ shared keys? for .* but MAC mismatched", AUTH,
         "The pre-shared key of the peer differs from ours."),
        (r"no shared key found for", AUTH,
         "No pre-shared key fits the IKE identities that the two sides use."),
        (r"no (matching )?peer config found", AUTH,
         "The peer uses an IKE identity that no enabled connection with its address expects."),
        (r"IDir '.*' does not match to", AUTH, "The peer's IKE identity is not the one expected."),
        (r"could not decrypt payloads|decryption failed\?", AUTH,
         "Messages of the peer cannot be decrypted: the pre-shared keys differ."),
        (r"received INVALID_KE_PAYLOAD error notify", AUTH,
         "The peer has no pre-shared key for our IKE identity."),
        (r"received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built", ESP,
         "The peer accepts none of our IPsec proposals (encryption, authentication or PFS group)."),
        (r"no acceptable proposal found|no matching proposal found, sending NO_PROPOSAL_CHOSEN", ESP,
         "The IPsec proposals of the two sides have nothing in common{lists}."),
        (r"received proposals unacceptable|^no proposal found", IKE,
         "The IKE proposals of the two sides have nothing in common{lists}."),
        (r"no IKE config found for", IKE,
         "The peer began a negotiation that fits no enabled connection: its address or IKE version differs."),
        (r"received TS_UNACCEPTABLE notify", CIDR_V2,
         "The peer refused the CIDRs: its local and peer CIDRs must mirror ours, and its connection for "
         "them be enabled."),
        (r"traffic selectors .* unacceptable", CIDR_V2, UNKNOWN_CIDRS),
        (r"received INVALID_ID_INFORMATION error notify", CIDR_V1,
         "The peer refused the CIDRs: its local and peer CIDRs must mirror ours."),
        (r"no matching CHILD_SA config found for", CIDR_V1, UNKNOWN_CIDRS),
        (r"error writing to socket: Network is unreachable", OURS,
         "The gateway has no route to the peer's address."),
        # The route: before strongSwan 6.0, and from it on.
        (r"error installing route with policy|installing route failed: |unable to (add SAD entry|install)|"
         r"could not create any sockets", OURS, "The gateway could not install the tunnel."),
        (r"unable to resolve", OURS, "The peer's name cannot be resolved."),
        (r"DPD check timed out", SILENT, "The peer stopped answering."),
    )
)  # fmt: skip

_ANSWERED = re.compile(r"parsed (IKE_SA_INIT response|ID_PROT response)")
_IKEV1 = re.compile(r"(parsed|generating) ID_PROT |initiating Main Mode IKE_SA")
_ESTABLISHED = re.compile(r"IKE_SA \S+ established between")
_PACKET = re.compile(r"received packet: from ([^\[]+)\[")
_ENDS = re.compile(r"(?:no IKE config found for|peer configs matching) \S*?\.\.\.([^\[,\s]+)")
_LIST = re.compile(r"(received|configured) proposals: (.*)")
_NO_PROPOSAL = re.compile(r"received NO_PROPOSAL_CHOSEN (notify error|error notify)")
_GIVING_UP = re.compile(r"giving up after \d+ retransmits|peer not responding")
_FIRST_RETRANSMIT = re.compile(r"retransmit 1 of request (with )?message ID 0\b")


class Interpreter:
    """Keeps what later lines need from earlier ones, for a bounded number of IKE_SAs."""

    def __init__(self) -> None:
        self._exchanges: OrderedDict[str, IkeExchange] = OrderedDict()

    def feed(self, event: str, message: Mapping[str, Any]) -> list[ParsedEvent]:
        if event == "log":
            failure = self._line(message)
            return [failure] if failure else []
        kind = EventKind.UP if message.get("up") == "yes" else EventKind.DOWN
        parsed = []
        for name, sa in _sections(message):
            self._updown(name, sa, kind)
            for child in sa.get("child-sas", {}).values() if event == "child-updown" else ():
                parsed.append(ParsedEvent(kind, peer_of(name), child.get("name", "")))
        return parsed

    def _updown(self, name: str, sa: Mapping[str, Any], kind: EventKind) -> None:
        """charon queues its log lines, and these events overtake them: so an exchange is kept beyond its
        end, and what its remaining lines report may be known already."""
        exchange = self._exchange({"ikesa-uniqueid": sa.get("uniqueid", ""), "ikesa-name": name})
        exchange.remote = exchange.remote or sa.get("remote-host", "")
        if kind is EventKind.UP:
            exchange.established = True
            exchange.reported.clear()

    def _line(self, message: Mapping[str, Any]) -> ParsedEvent | None:
        text = message.get("msg", "")
        exchange = self._exchange(message)
        self._update(exchange, text)
        reason = _reason(exchange, text)
        # An exchange that failed for a known cause ends in a timeout: that is not a second cause.
        if not reason or reason.code in exchange.reported or (reason.code == SILENT and exchange.reported):
            return None
        exchange.reported.add(reason.code)
        return ParsedEvent(
            EventKind.FAILED,
            exchange.peer,
            remote=exchange.remote,
            reason=reason,
            ike_version=exchange.ike_version,
        )

    def _exchange(self, message: Mapping[str, Any]) -> IkeExchange:
        unique_id, name = message.get("ikesa-uniqueid", ""), message.get("ikesa-name", "")
        if not unique_id:
            return IkeExchange()
        exchange = self._exchanges.setdefault(unique_id, IkeExchange())
        self._exchanges.move_to_end(unique_id)
        if len(self._exchanges) > _EXCHANGES_KEPT:
            self._exchanges.popitem(last=False)
        if name and name != "(unnamed)":
            exchange.peer = peer_of(name)
        return exchange

    @staticmethod
    def _update(exchange: IkeExchange, text: str) -> None:
        address = _PACKET.match(text) or _ENDS.search(text)
        proposals = _LIST.match(text)
        if address:
            exchange.remote = address[1]
        elif proposals:
            exchange.lists[proposals[1]] = proposals[2]
        elif answer := _ANSWERED.match(text):
            exchange.answered = True
            exchange.ike_version = 1 if answer[1].startswith("ID_PROT") else 2
        elif _ESTABLISHED.match(text):
            exchange.established = True
        elif _IKEV1.match(text):
            exchange.ike_version = 1


def _reason(exchange: IkeExchange, text: str) -> Reason | None:
    for pattern, code, sentence in _RULES:
        if pattern.search(text):
            return Reason(code.value, sentence.format(lists=_lists(exchange)))
    if _NO_PROPOSAL.search(text):
        return _refused(exchange)
    if _GIVING_UP.search(text) or _FIRST_RETRANSMIT.search(text):
        return _silence(exchange)
    return None


def _refused(exchange: IkeExchange) -> Reason:
    if exchange.established:
        return Reason(
            ESP.value,
            "The peer accepts none of our IPsec proposals (encryption, authentication or PFS group).",
        )
    return Reason(
        IKE.value,
        "The peer refused the negotiation: it accepts none of our IKE proposals, speaks another IKE "
        "version, or has no enabled connection for our address.",
    )


def _silence(exchange: IkeExchange) -> Reason:
    if exchange.established:
        return Reason(SILENT.value, "The peer stopped answering.")
    if exchange.answered:
        return Reason(
            SILENT.value,
            "The peer answered the first message and no later one: UDP 4500 may be blocked on the way.",
        )
    return Reason(
        SILENT.value,
        "The peer does not respond: it may be off, its address may be wrong, or UDP 500 may be blocked "
        "on the way.",
    )


def _lists(exchange: IkeExchange) -> str:
    """The two offers, if they are short enough to read."""

    if (
        set(exchange.lists) != {"received", "configured"}
        or max(map(len, exchange.lists.values())) > _LONGEST_LIST
    ):
        return ""
    return f" (the peer's: {exchange.lists['received']}; ours: {exchange.lists['configured']})"


def _sections(message: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, section) for name, section in message.items() if isinstance(section, Mapping)]
