"""Whether an SA that is up may go on although its connection was changed; pure.

What each field of a connection does to a tunnel that is up (`Effect`) is said here once. charon
keeps for the life of an SA what it began with, so a field that is only loaded holds from the next
SA on. What must not go on is judged by what was negotiated, as far as charon tells it: a removed
algorithm that is not the negotiated one ends nothing.

| field | effect |
|---|---|
| name, establish mode | none |
| pre-shared key, dead peer detection, IKE lifetime | holds from the next IKE SA on |
| DPD action, IPsec lifetime | holds from the next CHILD_SA on |
| IKE version, IKE algorithms | the IKE SA ends if what was negotiated is not offered any more |
| IPsec algorithms, perfect forward secrecy | likewise its CHILD_SAs |
| CIDRs | the CHILD_SAs of removed pairs end |
| peer address, identities, disabling, deleting | the IKE SA ends |

Connections that share an IKE SA keep its dead peer detection while it lives (see `serving`). The
pre-shared key is asked for at the next authentication: so both ends can be given a new one
without an interruption. Who wants it proved at once restarts the connection.
"""

from __future__ import annotations

from functools import lru_cache

from policies.domain.algorithms import swan_group, swan_keyword
from policies.domain.proposals import IkeOffer, IkeVersion, Proposal
from vpn.domain.peers import ChildSpec, PeerSpec
from vpn.domain.state import ChildState, LoadedChild, SaState


def keeps_ike(peer: PeerSpec, sa: SaState) -> bool:
    """Whether the IKE SA is one that could be negotiated now."""
    return offers_ike(peer.ike, sa.version, sa.suite)


def offers_ike(offer: IkeOffer, version: int, suite: str) -> bool:
    """`suite` as charon tells a negotiated one; what is empty is not known."""
    if offer.version not in (IkeVersion.ANY, version):
        return False
    return not suite or suite in _suites(offer.proposal)


def keeps_child(wanted: ChildSpec, child: ChildState, loaded: LoadedChild) -> bool:
    """Whether the CHILD_SA is one that could be negotiated now, and could be rekeyed.

    The first CHILD_SA of an IKEv2 SA has its key from the IKE exchange and tells no group: then
    what was loaded says by which groups it will be rekeyed.
    """
    return offers_esp(wanted.esp.proposal, child.suite, loaded.groups)


def offers_esp(offer: Proposal, suite: str, groups: tuple[int, ...] | None) -> bool:
    """As `keeps_child`; `groups`: those that were offered when it was loaded."""
    if not suite:
        return True
    plain = _suites(Proposal(offer.encryption, offer.integrity))
    if suite not in plain:
        return suite in _suites(offer)
    return groups is None or groups == offer.groups or bool(set(groups) & set(offer.groups))


def is_restarted(wanted: ChildSpec, loaded: LoadedChild) -> bool:
    """Whether a restart was asked for since the child was loaded."""
    return loaded.restart is not None and loaded.restart != wanted.restart


@lru_cache(maxsize=4096)
def _suites(proposal: Proposal) -> frozenset[str]:
    """All suites of an offer as charon tells a negotiated one: aes256-sha256-modp2048."""
    return frozenset(
        "-".join(
            (
                *(swan_keyword(name) for name in (*suite.encryption, *suite.integrity)),
                *(swan_group(group) for group in suite.groups),
            )
        )
        for suite in proposal.expand()
    )
