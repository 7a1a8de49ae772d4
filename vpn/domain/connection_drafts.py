"""Draft connections and the facts around them: the values that their rules need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from policies.domain.checks import IKEPolicyDraft, IPsecPolicyDraft
from policies.domain.proposals import AUTO_IKE, IkeOffer
from vpn.domain.checks.common import Quotas
from vpn.domain.identities import Identity, IdentityType, name_key
from vpn.domain.spec import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class DpdDraft:
    """Times in seconds. The defaults are those of API generation 1."""

    action: str = "none"
    interval: int = 30
    timeout: int = 120

    @classmethod
    def default(cls, api_generation: int) -> DpdDraft:
        """Contract sections 3.2 and 4.3."""
        return cls() if api_generation == 1 else cls(action="restart", interval=2, timeout=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDraft:
    """The connection as it would be after create or update; `ike` is its policy's offer."""

    name: str
    # The peer is known by its address or by `peer_fqdn`; the other one is empty.
    peer_address: str
    # None: set, but it can no longer be decrypted; no rule applies to it.
    psk: str | None = field(repr=False)
    local_cidrs: tuple[str, ...]
    peer_cidrs: tuple[str, ...]
    admin_state_up: bool = True
    dead_peer_detection: DpdDraft = DpdDraft()
    ike: IkeOffer = AUTO_IKE
    # Whether the IPsec policy, if there is one, names one algorithm of each kind.
    ipsec_single: bool = True
    establish_mode: str = "bidirectional"
    peer_fqdn: str = ""
    local_identity: Identity | None = None
    peer_identity: Identity | None = None
    api_generation: int = 1

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
