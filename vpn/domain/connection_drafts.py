"""Draft connections and the facts around them: the values that their rules need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from policies.domain.checks import IKEPolicyDraft, IPsecPolicyDraft
from policies.domain.proposals import AUTO_IKE, IkeOffer
from vpn.domain.checks.common import Quotas
from vpn.domain.declarations import Declaration, declare, declared
from vpn.domain.identities import Identity, IdentityType, name_key
from vpn.domain.spec import Secret


def _address(value: str | None) -> str:
    return value or ""


def _stored_identity(identity: Identity | None) -> dict[str, str] | None:
    return identity.body() if identity else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDraft:
    """The connection as it would be after create or update. Each field is declared here once; rows,
    updates, the audit trail, ETags and forms follow from `DECLARED`. Times in seconds."""

    name: str = declare("name")
    # The peer is known by its address or by its name; the other one is empty.
    peer_address: str = declare("peer.address", "", parse=_address, store=lambda text: text or None)
    peer_fqdn: str = declare("peer.fqdn", "")
    # None: set, but it can no longer be decrypted; no rule applies to it.
    psk: str | None = declare("psk", "", visible=False, column=False)
    local_cidrs: tuple[str, ...] = declare("local.cidrs", (), column=False, fixed=True, parse=tuple)
    peer_cidrs: tuple[str, ...] = declare("peer.cidrs", (), column=False, fixed=True, parse=tuple)
    admin_state_up: bool = declare("admin_state_up", True)
    dpd_action: str = declare(
        "dead_peer_detection.action", "none", audited="dead_peer_detection.action", gen2="restart"
    )
    dpd_interval: int = declare(
        "dead_peer_detection.interval", 30, audited="dead_peer_detection.interval", gen2=2
    )
    dpd_timeout: int = declare(
        "dead_peer_detection.timeout", 120, audited="dead_peer_detection.timeout", gen2=10
    )
    establish_mode: str = declare("establish_mode", "bidirectional")
    local_identity: Identity | None = declare(
        "local.ike_identities[0]", None, fixed=True, parse=Identity.of, store=_stored_identity
    )
    peer_identity: Identity | None = declare(
        "peer.ike_identity", None, fixed=True, parse=Identity.of, store=_stored_identity
    )
    api_generation: int = declare("api_generation", 1, fixed=True, parse=lambda value: value or 1)
    # What follows from the policies: the offer, and whether the IPsec policy, if there is one, names one
    # algorithm of each kind.
    ike: IkeOffer = AUTO_IKE
    ipsec_single: bool = True

    @property
    def peer(self) -> str:
        """The same for all connections to one peer."""
        return name_key(self.peer_fqdn) or self.peer_address

    @property
    def remote_identity(self) -> Identity:
        """The peer's IKE identity: its address or name, unless another one is configured."""
        if self.peer_identity:
            return self.peer_identity
        if self.peer_fqdn:
            return Identity(IdentityType.FQDN, self.peer_fqdn)
        return Identity(IdentityType.IPV4_ADDRESS, self.peer_address)

    def identities(self, public_address: str) -> tuple[str, str]:
        """The local and the peer's identity as charon compares them; both must be valid."""
        local = self.local_identity.text if self.local_identity else public_address
        return local, self.remote_identity.text


DECLARED: Mapping[str, Declaration] = declared(ConnectionDraft)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another connection of the gateway or of its VPC; `peer_address` may be a name, normalised by
    `name_key`. `psk` is needed only for enabled connections of the same gateway to the draft's peer,
    `identities` (local and peer) only for enabled connections of the gateway."""

    id: UUID
    name: str
    peer_address: str
    local_cidrs: tuple[str, ...]
    peer_cidrs: tuple[str, ...]
    admin_state_up: bool = True
    ike: IkeOffer = AUTO_IKE
    psk: Secret | None = None
    identities: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTotals:
    """Totals over the gateway's other connections."""

    connections: int
    local_cidrs: int
    peer_cidrs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """`public_address` is the gateway's, `provider_cidr` the network of public addresses; `siblings`
    are the gateway's other connections, `vpc_siblings` those of the VPC's other gateways. Siblings that
    share neither name, peer, identities nor any part of a peer CIDR with the draft may be omitted; then
    `totals` covers all of the gateway. With `peer_cidrs_unique` off, connections of one gateway may share
    peer CIDRs as long as their local CIDRs differ; connections of two gateways may not, because the VPC
    routes a CIDR to one gateway. `subnets` are names and blocks of the VPC's subnets. `attached` are the
    policies that a request of API generation 2 attaches."""

    public_address: str
    provider_cidr: str = ""
    siblings: Sequence[Sibling] = ()
    vpc_siblings: Sequence[Sibling] = ()
    totals: GatewayTotals | None = None
    subnets: Sequence[tuple[str, str]] = ()
    creating: bool = True
    peer_cidrs_unique: bool = True
    lower_names: bool = False
    attached: Sequence[IKEPolicyDraft | IPsecPolicyDraft] = ()
    quotas: Quotas = field(default_factory=Quotas)

    @property
    def counted(self) -> GatewayTotals:
        """`totals`, or else the totals over `siblings`."""
        return self.totals or GatewayTotals(
            connections=len(self.siblings),
            local_cidrs=sum(len(sibling.local_cidrs) for sibling in self.siblings),
            peer_cidrs=sum(len(sibling.peer_cidrs) for sibling in self.siblings),
        )
