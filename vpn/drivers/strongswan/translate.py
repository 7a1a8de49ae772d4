"""Translates specs to charon's messages, and charon's replies to states. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Any

from policies.domain.algorithms import keyword_of_charon, swan_group, swan_keyword
from policies.domain.proposals import IkeVersion, Proposal
from vpn.domain.peers import ChildSpec, PeerSpec
from vpn.domain.spec import DpdAction
from vpn.domain.state import ChildState, SaState

# Suffix of a second connection for peers of any IKE version: charon never falls back to IKEv1 by itself.
SECOND_TRY = "_v1"

_DPD = {
    DpdAction.NONE: "clear",
    DpdAction.CLEAR: "clear",
    DpdAction.HOLD: "trap",
    DpdAction.RESTART: "restart",
}

Message = dict[str, Any]


def keywords(proposal: Proposal) -> str:
    """All algorithms in one string: aes256-aes128-sha256-modp2048."""
    groups = tuple(swan_group(group) for group in proposal.groups)
    algorithms = tuple(swan_keyword(name) for name in (*proposal.encryption, *proposal.integrity))
    return "-".join((*algorithms, *groups))


def offers(proposal: Proposal, version: IkeVersion) -> list[str]:
    """One combined proposal for IKEv2 (expanded it makes IP fragments), with one more for AEAD
    ciphers; each suite by itself for IKEv1 (combined, an initiator offers the first suite only)."""
    suites = proposal.expand() if version is IkeVersion.V1 else proposal.uniform()
    return [keywords(suite) for suite in suites]


def connections(
    peer: PeerSpec, local_address: str, *, if_id: int = 0, traps: bool = False
) -> dict[str, Message]:
    """Messages for load-conn by name: one, or two if IKEv1 is the second attempt.

    `if_id` is the id of the children's XFRM interface, 0 with user-space ESP. `traps` as in Features.
    """
    versions = {peer.name: peer.ike.version}
    if peer.ike.version is IkeVersion.ANY:
        versions[peer.name + SECOND_TRY] = IkeVersion.V1
    return {
        name: connection(peer, local_address, version, if_id=if_id, traps=traps)
        for name, version in versions.items()
    }


def connection(
    peer: PeerSpec, local_address: str, version: IkeVersion, *, if_id: int = 0, traps: bool = False
) -> Message:
    first = _rekeys_first(local_address, peer.peer_address)
    return {
        "version": str(int(version)),
        "local_addrs": [local_address],
        "remote_addrs": [peer.peer_address],
        "proposals": offers(peer.ike.proposal, version),
        "local": {"auth": "psk", "id": peer.local_id},
        "remote": {"auth": "psk", "id": peer.remote_id},
        "unique": "replace",
        "mobike": "no",
        "keyingtries": "1",
        **_rekeying(peer.ike.lifetime, first=first, end="over_time"),
        "dpd_delay": f"{peer.dpd_interval}s",
        "dpd_timeout": f"{peer.dpd_timeout}s",
        "children": {
            child.name: _child(child, version, if_id, first=first, traps=traps) for child in peer.children
        },
    }


def _child(child: ChildSpec, version: IkeVersion, if_id: int, *, first: bool, traps: bool) -> Message:
    # Where traps do not work, hold becomes clear, and the plan initiates the child again.
    is_cleared = child.dpd_action is DpdAction.HOLD and not traps
    device = {"if_id_in": str(if_id), "if_id_out": str(if_id)} if if_id else {}
    return {
        **device,
        "local_ts": [child.selector.local],
        "remote_ts": [child.selector.remote],
        "esp_proposals": offers(child.esp.proposal, version),
        "mode": "tunnel",
        "start_action": "none",
        "dpd_action": "clear" if is_cleared else _DPD[child.dpd_action],
        # The plan initiates again, with its own back-off.
        "close_action": "none",
        **_rekeying(child.esp.lifetime, first=first),
        "life_time": f"{child.esp.lifetime}s",
    }


def _rekeys_first(local_address: str, peer_address: str) -> bool:
    """Whether this end rekeys first; two gateways that are each other's peers agree on it."""
    return IPv4Address(local_address) < IPv4Address(peer_address)


def _rekeying(lifetime: int, *, first: bool, end: str = "") -> Message:
    """The policy's lifetime is a hard end. The end that rekeys first does so when about a quarter of it
    is left, the other one when a tenth is left, a tenth of the lifetime later.

    With IKEv1 a rekeying of the IKE SA is a new main mode, and charon keeps the old IKE SA for 10 s more:
    an end whose own timer ends meanwhile negotiates once again, with two IKE SAs as the result. At the
    least lifetime of the API the two ends are 27 s apart. `rand_time` is what chance takes from
    `rekey_time`; `end` names the option for the time from then to the end.
    """
    tenth = max(1, lifetime // 11)
    over = min(tenth * 5 // 2, lifetime - 1) if first else tenth
    last = {end: f"{over}s"} if end else {}
    return {"rekey_time": f"{lifetime - over}s", "rand_time": f"{tenth // 2}s", **last}


def peer_of(connection_name: str) -> str:
    """The PeerSpec's name from charon's name of a connection."""
    return connection_name.removesuffix(SECOND_TRY)


def suite(message: Mapping[str, Any]) -> str:
    """What was negotiated, like aes256-sha256-modp2048; empty if nothing was yet."""
    cipher, bits = message.get("encr-alg", ""), int(message.get("encr-keysize", "") or 0)
    others = (message.get("integ-alg", ""), message.get("dh-group", ""))
    parts = ((cipher, bits), *((name, 0) for name in others))
    return "-".join(keyword_of_charon(name, size) for name, size in parts if name)


# charon's connection name of an SA whose initiator is not identified yet.
_UNMATCHED = "(unnamed)"


def sa_states(listed: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[SaState, ...]:
    """From the parts of list-sas. SAs without children, which an IKEv1 rekeying leaves for a moment, are
    omitted if a newer one of the same peer is up. A half-open SA that charon has not matched to a
    connection yet has no name and is omitted as well: it must be neither counted nor terminated."""
    found = [_sa(name, message) for name, message in listed if name != _UNMATCHED]
    up = {sa.peer for sa in found if sa.established}
    return tuple(sa for sa in found if sa.established or sa.children or sa.peer not in up)


def _sa(name: str, message: Mapping[str, Any]) -> SaState:
    return SaState(
        peer=peer_of(name),
        unique_id=message["uniqueid"],
        version=int(message["version"]),
        state=message["state"],
        initiator=message.get("initiator") == "yes",
        local_id=message.get("local-id", ""),
        remote_id=message.get("remote-id", ""),
        suite=suite(message),
        nat=any(key in message for key in ("nat-local", "nat-remote", "nat-any")),
        established_for=int(message.get("established", 0)),
        rekey_in=_seconds(message, "rekey-time"),
        children=tuple(_child_state(child) for child in message.get("child-sas", {}).values()),
        initiator_spi=message.get("initiator-spi", ""),
        awaiting=bool(message.get("tasks-active")),
    )


def _child_state(message: Mapping[str, Any]) -> ChildState:
    return ChildState(
        name=message["name"],
        state=message["state"],
        spi_in=message.get("spi-in", ""),
        spi_out=message.get("spi-out", ""),
        bytes_in=int(message.get("bytes-in", 0)),
        bytes_out=int(message.get("bytes-out", 0)),
        packets_in=int(message.get("packets-in", 0)),
        packets_out=int(message.get("packets-out", 0)),
        local=tuple(message.get("local-ts", ())),
        remote=tuple(message.get("remote-ts", ())),
        suite=suite(message),
        installed_for=int(message.get("install-time", 0)),
        rekey_in=_seconds(message, "rekey-time"),
        unique_id=message.get("uniqueid", ""),
        used_in=_seconds(message, "use-in"),
        used_out=_seconds(message, "use-out"),
    )


def _seconds(message: Mapping[str, Any], key: str) -> int | None:
    return int(message[key]) if key in message else None
