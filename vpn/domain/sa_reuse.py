"""Whether an SA that is up may be kept although its connection was changed; pure.

This is the only place that says what each field of a connection does to a tunnel that is up. charon
keeps the configuration that an SA was negotiated with for the life of the SA, so a field that is only
loaded takes effect with the next SA. Whether an SA must end is decided by what was negotiated, as far
as charon reports it: removing an algorithm that was not the negotiated one ends nothing.

| field | effect |
|---|---|
| name, establish mode | none |
| pre-shared key, dead peer detection, IKE lifetime | from the next IKE SA on |
| DPD action, IPsec lifetime | from the next CHILD_SA on |
| IKE version, IKE algorithms | the IKE SA ends if what was negotiated is no longer offered |
| IPsec algorithms, perfect forward secrecy | its CHILD_SAs end in that case |
| CIDRs | the CHILD_SAs of removed pairs end |
| peer address, identities, disabling, deleting | the IKE SA ends |

Connections that share an IKE SA keep its dead peer detection while it is up (see `active_member`). The
pre-shared key is used at the next authentication: so it can be replaced at both ends without an
interruption. To verify a new key immediately, restart the connection.
"""

from __future__ import annotations

from functools import lru_cache

from policies.domain.algorithms import swan_group, swan_keyword
from policies.domain.proposals import IkeOffer, IkeVersion, Proposal
from vpn.domain.peers import ChildSpec, PeerSpec
from vpn.domain.state import ChildState, LoadedChild, SaState


def keeps_ike(peer: PeerSpec, sa: SaState) -> bool:
    """Whether the same IKE SA could be negotiated now."""
    return offers_ike(peer.ike, sa.version, sa.suite)


def offers_ike(offer: IkeOffer, version: int, suite: str) -> bool:
    """`suite` as charon reports a negotiated one, empty if unknown."""
    if offer.version not in (IkeVersion.ANY, version):
        return False
    return not suite or suite in _suites(offer.proposal)


def keeps_child(wanted: ChildSpec, child: ChildState, loaded: LoadedChild) -> bool:
    """Whether the same CHILD_SA could be negotiated now, and can be rekeyed.

    The first CHILD_SA of an IKEv2 SA takes its keys from the IKE exchange and reports no group: then
    the loaded configuration says which groups it will be rekeyed with.
    """
    return offers_esp(wanted.esp.proposal, child.suite, loaded.groups)


def offers_esp(offer: Proposal, suite: str, groups: tuple[int, ...] | None) -> bool:
    """As `keeps_child`; `groups` are those offered when it was loaded."""
    if not suite:
        return True
    plain = _suites(Proposal(offer.encryption, offer.integrity))
    if suite not in plain:
        return suite in _suites(offer)
    return groups is None or groups == offer.groups or bool(set(groups) & set(offer.groups))


def is_restarted(wanted: ChildSpec, loaded: LoadedChild) -> bool:
    """Whether a restart was requested since the child was loaded."""
    return loaded.restart is not None and loaded.restart != wanted.restart


@lru_cache(maxsize=4096)
def _suites(proposal: Proposal) -> frozenset[str]:
    """All suites of an offer, written as charon reports a negotiated one: aes256-sha256-modp2048."""
    return frozenset(
        "-".join(
            (
                *(swan_keyword(name) for name in (*suite.encryption, *suite.integrity)),
                *(swan_group(group) for group in suite.groups),
            )
        )
        for suite in proposal.expand()
    )
