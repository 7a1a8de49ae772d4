"""An edit ends no SA unnecessarily, whichever side may initiate; what is loaded is observed, not assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from tests.vpn.domain.values import NOW, actions, child, connection, edited, gateway, names, sa, settled
from tests.vpn.domain.values import with_member as _with_member
from vpn.domain.actions import Action, DropPeer, Initiate, LoadPeer, Terminate
from vpn.domain.peers import peers
from vpn.domain.plan import plan
from vpn.domain.reasons import UNKNOWN_CIDRS, Code
from vpn.domain.spec import DeadPeerDetection, DpdAction, GatewaySpec, Secret, Selector
from vpn.domain.state import Attempt, ChildState, GatewayState, LoadedChild, LoadedPeer, Reason

IKE = IkeOffer(IkeVersion.V2, Proposal(("aes256",), ("sha256",), (14,)), 28800)
ESP = EspOffer(Proposal(("aes256",), ("sha256",)), 3600)
PFS = EspOffer(Proposal(("aes256",), ("sha256",), (14,)), 3600)


def _spec(**options: object) -> GatewaySpec:
    return gateway(connection(**{"ike": IKE, "esp": ESP, **options}))


def _ending(todo: Iterable[Action]) -> list[Action]:
    return [a for a in todo if isinstance(a, Terminate | DropPeer | Initiate)]


def _after_edit(spec: GatewaySpec, state: GatewayState | None = None, **changes: object) -> list[Action]:
    """What the active member does about an edit."""
    return actions(plan(edited(spec, **changes), state or settled(spec), now=NOW), 0)


def _wider(offer: IkeOffer | EspOffer, *, without: str = "") -> object:
    """The offer with more algorithms, and perhaps without one."""
    proposal = offer.proposal
    ciphers = tuple(name for name in ("aes128", *proposal.encryption, "aes256gcm16") if name != without)
    groups = (19, *proposal.groups) if proposal.groups else ()
    return replace(offer, proposal=Proposal(ciphers, ("sha512", *proposal.integrity), groups))


HARMLESS: dict[str, dict[str, object]] = {
    "dead peer detection": {"dpd": DeadPeerDetection(DpdAction.RESTART, 2, 10)},
    "IKE lifetime": {"ike": replace(IKE, lifetime=600)},
    "IPsec lifetime": {"esp": replace(ESP, lifetime=600)},
    "pre-shared key": {"psk": Secret("k2", "another-key-1")},
    "more IKE algorithms": {"ike": _wider(IKE)},
    "more IPsec algorithms": {"esp": _wider(ESP)},
    "any IKE version": {"ike": replace(IKE, version=IkeVersion.ANY)},
}


@pytest.mark.parametrize("initiate", [True, False], ids=["bidirectional", "peer_only"])
@pytest.mark.parametrize("changes", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_need_not_end_is_only_loaded(changes: dict[str, object], initiate: bool) -> None:
    spec = _spec(initiate=initiate)
    wanted = peers(edited(spec, **changes))[0]
    assert _after_edit(spec, **changes) == [LoadPeer(wanted)]


@pytest.mark.parametrize("changes", [{"name": "other"}, {"initiate": False}], ids=["name", "establish mode"])
def test_what_charon_does_not_know_is_not_even_loaded(changes: dict[str, object]) -> None:
    assert _after_edit(_spec(), **changes) == []


def test_a_removed_algorithm_that_was_not_negotiated_ends_nothing() -> None:
    spec = _spec(ike=_wider(IKE), esp=_wider(ESP))
    changes = {"ike": _wider(IKE, without="aes128"), "esp": _wider(ESP, without="aes128")}
    assert _ending(_after_edit(spec, **changes)) == []


def test_a_removed_negotiated_algorithm_ends_what_it_was_negotiated_for() -> None:
    spec = _spec(ike=_wider(IKE), esp=_wider(ESP))
    (peer,), (name,) = peers(spec), names(spec)
    ike = _ending(_after_edit(spec, ike=_wider(IKE, without="aes256")))
    assert ike == [Terminate(peer.name, sa="1"), Initiate(peer.name, name, 2)]
    esp = _ending(_after_edit(spec, esp=_wider(ESP, without="aes256")))
    assert esp == [Terminate(peer.name, name), Initiate(peer.name, name, 2)]


def test_another_ike_version_ends_the_ike_sa() -> None:
    spec = _spec()
    (peer,), (name,) = peers(spec), names(spec)
    done = _ending(_after_edit(spec, ike=replace(IKE, version=IkeVersion.V1)))
    assert done == [Terminate(peer.name, sa="1"), Initiate(peer.name, name, 1)]


@pytest.mark.parametrize(
    ("before", "after", "suite", "ends"),
    [
        (ESP, PFS, "aes256-sha256", True),
        (PFS, ESP, "aes256-sha256", True),
        (PFS, ESP, "aes256-sha256-modp2048", True),
        (PFS, _wider(PFS), "aes256-sha256", False),
        (PFS, _wider(PFS), "aes256-sha256-modp2048", False),
        (PFS, replace(PFS, proposal=replace(PFS.proposal, groups=(19,))), "aes256-sha256-modp2048", True),
        (PFS, replace(PFS, proposal=replace(PFS.proposal, groups=(19,))), "aes256-sha256", True),
    ],
    ids=["on", "off", "off, rekeyed", "more", "more, rekeyed", "other, rekeyed", "other"],
)
def test_rekeying_needs_perfect_forward_secrecy_as_it_began(
    before: EspOffer, after: EspOffer, suite: str, ends: bool
) -> None:
    """The first CHILD_SA of an IKEv2 SA reports no group: it is rekeyed with those it was loaded with."""
    spec = _spec(esp=before)
    (peer,), (name,) = peers(spec), names(spec)
    up = _up(spec, replace(child(name), suite=suite))
    done = _ending(_after_edit(spec, up, esp=after))
    assert done == ([Terminate(peer.name, name), Initiate(peer.name, name, 2)] if ends else [])


def _up(spec: GatewaySpec, *children: ChildState) -> GatewayState:
    return _with_member(settled(spec), spec.members[0].id, sas=(sa(peers(spec)[0].name, children),))


def test_a_child_that_ends_under_an_ike_sa_of_an_older_form_takes_it_along() -> None:
    """charon would negotiate the child in the older form again, and it would end again."""
    spec = _spec()
    (peer,), (name,) = peers(spec), names(spec)
    older = {peer.name: replace(peer.as_loaded(), older=True)}
    state = _with_member(settled(spec), spec.members[0].id, loaded=older)
    assert _ending(_after_edit(spec, state)) == []
    done = _ending(_after_edit(spec, state, esp=PFS))
    assert done == [Terminate(peer.name), Initiate(peer.name, name, 2)]


def test_a_removed_child_takes_an_ike_sa_of_an_older_form_along_when_the_peer_opens_it_again() -> None:
    spec = _spec(remote=["10.2.0.0/24", "10.3.0.0/24"])
    (peer,), (kept, removed) = peers(spec), names(spec)
    after = edited(spec, selectors=spec.connections[0].selectors[:1])
    older = replace(peer.as_loaded(), older=True)
    state = _with_member(settled(spec), spec.members[0].id, loaded={peer.name: older})
    assert _ending(actions(plan(after, state, now=NOW), 0)) == [Terminate(peer.name, removed)]
    unloaded = replace(peers(after)[0].as_loaded(), older=True)
    state = _with_member(settled(spec), spec.members[0].id, loaded={peer.name: unloaded})
    done = _ending(actions(plan(after, state, now=NOW), 0))
    assert done == [Terminate(peer.name), Initiate(peer.name, kept, 2)]


@pytest.mark.parametrize(
    ("older", "initiate", "message", "tries", "ends"),
    [
        (True, True, UNKNOWN_CIDRS, 2, True),
        (True, False, UNKNOWN_CIDRS, 0, True),
        (True, True, UNKNOWN_CIDRS, 1, False),
        (True, True, "The peer refused the CIDRs.", 2, False),
        (False, True, UNKNOWN_CIDRS, 2, False),
    ],
    ids=["both refuse", "only the peer may", "first try", "only the peer refuses", "current"],
)
def test_a_pair_that_an_ike_sa_of_an_older_form_refuses_to_the_peer_renews_it(
    older: bool, initiate: bool, message: str, tries: int, ends: bool
) -> None:
    spec = _spec(remote=["10.2.0.0/24", "10.3.0.0/24"], initiate=initiate)
    (peer,), (up, added) = peers(spec), names(spec)
    loaded = {peer.name: replace(peer.as_loaded(), older=older)}
    failed = {"failures": {peer.name: Reason(Code.CIDR_MISMATCH_V2, message)}}
    tried = {"attempts": {peer.name: Attempt(tries, NOW)}} if tries else {}
    up_sas = (sa(peer.name, (child(up),)),)
    member = spec.members[0].id
    state = _with_member(settled(spec), member, loaded=loaded, sas=up_sas, **failed, **tried)
    done = actions(plan(spec, state, now=NOW), 0)
    initiated = [Initiate(peer.name, name, 2) for name in (up, added)]
    assert done == ([Terminate(peer.name), LoadPeer(peer), *initiated] if ends else [])


def _loaded(spec: GatewaySpec, **loaded: LoadedPeer) -> GatewayState:
    return _with_member(settled(spec), spec.members[0].id, loaded=loaded)


def test_a_connection_that_was_unloaded_comes_back_and_its_tunnel_goes_on() -> None:
    spec = _spec(initiate=False)
    (peer,) = peers(spec)
    altered = replace(peer.as_loaded(), fingerprint="")
    for state in (_loaded(spec), _loaded(spec, **{peer.name: altered})):
        assert _after_edit(spec, state) == [LoadPeer(peer)]


def test_a_stray_connection_goes() -> None:
    spec = _spec()
    (peer,) = peers(spec)
    state = _loaded(spec, **{peer.name: peer.as_loaded(), "stray": LoadedPeer("", {"x": LoadedChild()})})
    assert _after_edit(spec, state) == [DropPeer("stray")]


def test_fingerprints_of_another_version_are_loaded_over_and_end_nothing() -> None:
    spec = _spec(initiate=False, remote=["10.2.0.0/24", "10.3.0.0/24"], esp=PFS)
    (peer,) = peers(spec)
    unknown = LoadedPeer("", {name: LoadedChild() for name in names(spec)})
    assert _after_edit(spec, _loaded(spec, **{peer.name: unknown})) == [LoadPeer(peer)]
    other = LoadedPeer(
        "1:abc", {n: replace(c, fingerprint="1:abc") for n, c in peer.as_loaded().children.items()}
    )
    assert _after_edit(spec, _loaded(spec, **{peer.name: other})) == [LoadPeer(peer)]


def test_an_added_pair_is_initiated_beside_an_edit_that_is_only_loaded() -> None:
    spec = _spec()
    after = edited(
        spec,
        dpd=DeadPeerDetection(DpdAction.RESTART, 2, 10),
        selectors=(*spec.connections[0].selectors, Selector("10.1.0.0/24", "10.3.0.0/24")),
    )
    (peer,) = peers(after)
    (added,) = set(names(after)) - set(names(spec))
    assert _ending(actions(plan(after, settled(spec), now=NOW), 0)) == [Initiate(peer.name, added, 2)]


def test_a_suite_that_charon_does_not_report_ends_nothing() -> None:
    spec = _spec()
    (name,) = names(spec)
    unknown = _up(spec, replace(child(name), suite=""))
    assert _ending(_after_edit(spec, unknown, esp=_wider(ESP, without="aes256"))) == []
