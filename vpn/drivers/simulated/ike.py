"""charon's rules of negotiation, applied to documents: what both ends must have in common.

As measured with charon: the responder searches a configuration by address, then compares version, phase 1
proposals, identities and keys, and for each child selectors and phase 2 proposals. With IKEv2 the first
child takes its keys from phase 1, so a mismatch of perfect forward secrecy alone only affects later ones.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from policies.domain.algorithms import swan_group, swan_keyword
from policies.domain.proposals import IkeVersion, Proposal
from vpn.domain.reasons import SENTENCES, Code, cidr_mismatch
from vpn.domain.spec import MemberRole
from vpn.drivers.simulated.documents import (
    BY_V1,
    ChildConf,
    ChildSa,
    Columns,
    Document,
    Failure,
    IkeSa,
    PeerConf,
    Tries,
)
from vpn.drivers.simulated.store import Store

NOT_CONFIGURED = "The peer answers, but has no enabled connection to this gateway."


@dataclass(eq=False)
class _Refused(Exception):
    """`far`: whether the responder knows which peer it refused."""

    code: Code
    message: str = ""
    far: bool = True
    child: bool = False


@dataclass(slots=True)
class _Ends:
    """Both documents, and the name of the configuration at each end."""

    near: Document
    far: Document
    near_name: str
    far_name: str

    @property
    def near_conf(self) -> PeerConf:
        return self.near["loaded"][self.near_name]

    @property
    def far_conf(self) -> PeerConf:
        return self.far["loaded"][self.far_name]


def initiate(store: Store, near: Document, peer: str, child: str, version: int) -> None:
    """Try to initiate one child; changes and writes the documents of both ends. Needs the lock."""
    sa = near["sas"].get(peer)
    if sa is not None and child in sa["children"]:
        return
    near["unaware"] = [name for name in near.get("unaware", []) if name != peer]
    tries = near["attempts"].setdefault(peer, Tries(at=0.0, children={}))
    tries["at"] = time.monotonic()
    tries["children"][child] = tries["children"].get(child, 0) + 1
    far: Document | None = None
    far_name = ""
    try:
        far = _responder(store, near, near["loaded"][peer])
        far_name = _configuration(near, far)
        _open(store, _Ends(near, far, peer, far_name), child, version)
    except _Refused as refusal:
        _record_failure(near, peer, child, refusal, version)
        if far is not None and refusal.far and far_name:
            _record_failure(far, far_name, "", refusal, version)
    if far is not None:
        store.write(far)
    store.write(near)


def close(store: Store, near: Document, peer: str, child: str = "") -> None:
    """Terminate one child, or the IKE SA, at both ends; the caller writes `near`."""
    sa = near["sas"].get(peer)
    if sa is None:
        return
    far = store.read(sa["far_member"])
    far_sa = far["sas"].get(sa["far_peer"]) if far else None
    same = far_sa is not None and far_sa["id"] == sa["id"]
    if not child:
        del near["sas"][peer]
        if far is not None and same:
            del far["sas"][sa["far_peer"]]
    else:
        gone = sa["children"].pop(child, None)
        if gone is not None and far_sa is not None and same:
            far_sa["children"].pop(gone["far_name"], None)
    if far is not None and same:
        store.write(far)


def vanish(store: Store, near: Document) -> None:
    """The member stops responding: peers with dead peer detection notice it."""
    for sa in near["sas"].values():
        far = store.read(sa["far_member"])
        name = sa["far_peer"]
        far_sa = far["sas"].get(name) if far else None
        if far is None or far_sa is None or far_sa["id"] != sa["id"]:
            continue
        if far_sa.get("dpd", (0, 0))[0]:
            del far["sas"][name]
            _record_failure(far, name, "", _Refused(Code.PEER_NOT_RESPONDING))
        else:
            far_sa["silent_since"] = time.time()
        store.write(far)
    near["sas"] = {}


def probe_peer(store: Store, near: Document, peer: str) -> None:
    """Delete the SA of a peer that does not answer; the caller writes `near`."""
    sa = near["sas"].get(peer)
    if sa is None:
        return
    far = store.read(sa["far_member"])
    far_sa = far["sas"].get(sa["far_peer"]) if far else None
    if far is None or not far["running"] or far_sa is None or far_sa["id"] != sa["id"]:
        del near["sas"][peer]
        _record_failure(near, peer, "", _Refused(Code.PEER_NOT_RESPONDING, "The peer stopped answering."))
    else:
        sa["asked"], sa["asked_at"] = sa.get("asked", 0) + 1, time.time()


def _responder(store: Store, near: Document, conf: PeerConf) -> Document:
    """The running member that carries the peer's address; the initiator must be active to reach it."""
    holder = store.holder(conf["peer_address"])
    far = store.read(holder) if holder and near["role"] == MemberRole.ACTIVE else None
    if far is None or not far["running"]:
        raise _Refused(Code.PEER_NOT_RESPONDING)
    return far


def _configuration(near: Document, far: Document) -> str:
    for name, conf in far["loaded"].items():
        if conf["peer_address"] == near["public_address"]:
            return name
    raise _Refused(Code.IKE_POLICY_MISMATCH, NOT_CONFIGURED, far=False)


def _open(store: Store, ends: _Ends, child: str, version: int) -> None:
    sa = ends.near["sas"].get(ends.near_name)
    far_sa = ends.far["sas"].get(ends.far_name)
    first = sa is None or far_sa is None or sa["id"] != far_sa["id"]
    if sa is None or far_sa is None or first:
        suite = _phase_one(ends, version)
        close(store, ends.far, ends.far_name)
        sa, far_sa = _establish(ends, version, suite)
    near_child = ends.near_conf["children"][child]
    far_child_name, far_child = _mirrored(ends, near_child, sa["version"])
    compare_groups = sa["version"] == 1 or not first
    suite = _phase_two(near_child, far_child, compare_groups=compare_groups)
    spis = secrets.token_hex(4), secrets.token_hex(4)
    now = time.time()
    sa["children"][child] = _child(near_child, far_child_name, spis, suite, now)
    far_sa["children"][far_child_name] = _child(far_child, child, spis[::-1], suite, now)
    for document, peer, name in (
        (ends.near, ends.near_name, child),
        (ends.far, ends.far_name, far_child_name),
    ):
        _succeeded(document, peer, name)


def _phase_one(ends: _Ends, version: int) -> str:
    near, far = ends.near_conf, ends.far_conf
    if far["version"] not in (IkeVersion.ANY, version):
        raise _Refused(Code.IKE_POLICY_MISMATCH)
    suite = _common(far["ike"], near["ike"])
    if suite is None:
        raise _Refused(Code.IKE_POLICY_MISMATCH)
    identities = near["local_id"] == far["remote_id"] and near["remote_id"] == far["local_id"]
    if not identities or near["key"] != far["key"]:
        raise _Refused(Code.CANNOT_AUTHENTICATE)
    return suite


def _establish(ends: _Ends, version: int, suite: str) -> tuple[IkeSa, IkeSa]:
    ident, now = secrets.token_hex(8), time.time()

    def end(other: Document, other_name: str, conf: PeerConf, initiator: bool) -> IkeSa:
        return IkeSa(
            id=ident,
            far_member=other["id"],
            far_peer=other_name,
            version=version,
            initiator=initiator,
            suite=suite,
            at=now,
            lifetime=conf["lifetime"],
            dpd=conf["dpd"],
            children={},
        )

    near = end(ends.far, ends.far_name, ends.near_conf, True)
    far = end(ends.near, ends.near_name, ends.far_conf, False)
    ends.near["sas"][ends.near_name] = near
    ends.far["sas"][ends.far_name] = far
    return near, far


def _mirrored(ends: _Ends, child: ChildConf, version: int) -> tuple[str, ChildConf]:
    for name, other in ends.far_conf["children"].items():
        if (other["local"], other["remote"]) == (child["remote"], child["local"]):
            return name, other
    raise _Refused(cidr_mismatch(version), child=True)


def _phase_two(near: ChildConf, far: ChildConf, *, compare_groups: bool) -> str:
    first, second = far["esp"], near["esp"]
    if not compare_groups:
        first, second = Columns(**{**first, "groups": []}), Columns(**{**second, "groups": []})
    suite = _common(first, second)
    if suite is None:
        raise _Refused(Code.IPSEC_POLICY_MISMATCH, child=True)
    return suite


def _common(preferred: Columns, offered: Columns) -> str | None:
    """The first suite of `preferred` that `offered` has as well, as strongSwan keywords."""
    there = set(_proposal(offered).expand())
    suite = next((suite for suite in _proposal(preferred).expand() if suite in there), None)
    if suite is None:
        return None
    words = [swan_keyword(word) for word in (*suite.encryption, *suite.integrity)]
    return "-".join(words + [swan_group(group) for group in suite.groups])


def _proposal(columns: Columns) -> Proposal:
    return Proposal(tuple(columns["encryption"]), tuple(columns["integrity"]), tuple(columns["groups"]))


def _child(conf: ChildConf, far_name: str, spis: tuple[str, ...], suite: str, now: float) -> ChildSa:
    return ChildSa(
        far_name=far_name,
        spi_in=spis[0],
        spi_out=spis[1],
        local=conf["local"],
        remote=conf["remote"],
        suite=suite,
        at=now,
        lifetime=conf["lifetime"],
    )


def _record_failure(document: Document, peer: str, child: str, refusal: _Refused, version: int = 2) -> None:
    """Record a failure; those with IKEv1 and IKEv2 have separate keys."""
    document["failures"][peer + BY_V1 if version == 1 else peer] = Failure(
        child=child if refusal.child else "",
        code=refusal.code.value,
        message=refusal.message or SENTENCES[refusal.code],
        serial=secrets.token_hex(4),
    )


def _succeeded(document: Document, peer: str, child: str) -> None:
    """If every child is up, the attempts are reset; the failure of another child remains."""
    if document["loaded"][peer]["children"].keys() <= document["sas"][peer]["children"].keys():
        document["attempts"].pop(peer, None)
    for slot in (peer, peer + BY_V1):
        failure = document["failures"].get(slot)
        if failure is not None and failure["child"] in ("", child):
            del document["failures"][slot]
