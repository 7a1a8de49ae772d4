"""Would-be connections, and what stands around them: the values that their rules ask for."""

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
    """Seconds. The defaults are those of generation 1."""

    action: str = "none"
    interval: int = 30
    timeout: int = 120

    @classmethod
    def default(cls, generation: int) -> DpdDraft:
        """Contract sections 3.2 and 4.3."""
        return cls() if generation == 1 else cls(action="restart", interval=2, timeout=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDraft:
    """The would-be connection, after create or update; `ike` is its policy's offer."""

    name: str
    # One of both; the other is empty.
    peer_address: str
    # None: set, but nobody can open it any more; no rule is about it.
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
    generation: int = 1

    @property
    def peer(self) -> str:
        """What connections to one peer have in common."""
        return name_key(self.peer_fqdn) or self.peer_address

    @property
    def remote_identity(self) -> Identity:
        """How the peer names itself; its address or name, unless it was given another one."""
        if self.peer_identity:
            return self.peer_identity
        if self.peer_fqdn:
            return Identity(IdentityType.FQDN, self.peer_fqdn)
        return Identity(IdentityType.IPV4_ADDRESS, self.peer_address)

    def identities(self, public_address: str) -> tuple[str, str]:
        """Of this end and of the peer, as charon compares them; identities have passed their rules."""
        local = self.local_identity.text if self.local_identity else public_address
        return local, self.remote_identity.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another connection of the gateway or of its VPC; `peer_address` may be a name, as `name_key`
    has it. `psk` is needed only for enabled ones of the same gateway
    towards the draft's peer, `identities` (this end's and the peer's) for enabled ones of the gateway."""

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
class Others:
    """How much the gateway's other connections have."""

    connections: int
    local_cidrs: int
    peer_cidrs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """`public_address` is the gateway's, `provider_cidr` the network of such addresses; `siblings`
    are its other connections, `vpc_siblings` those of the VPC's other gateways. Siblings that share
    neither name, peer, identities nor any part of a peer CIDR with the draft may be left out; then
    `others` counts all of the gateway. With `peer_cidrs_unique` off, connections of one gateway may
    share peer CIDRs as long as their local CIDRs differ; those of two gateways never, for the VPC's
    routes lead a CIDR to one gateway. `subnets` are names and blocks of the VPC's. `attached`: policies
    that become the connection's by a request of generation 2."""

    public_address: str
    provider_cidr: str = ""
    siblings: Sequence[Sibling] = ()
    vpc_siblings: Sequence[Sibling] = ()
    others: Others | None = None
    subnets: Sequence[tuple[str, str]] = ()
    creating: bool = True
    peer_cidrs_unique: bool = True
    lower_names: bool = False
    attached: Sequence[IKEPolicyDraft | IPsecPolicyDraft] = ()
    quotas: Quotas = field(default_factory=Quotas)

    @property
    def counted(self) -> Others:
        """`others`, or the siblings counted."""
        return self.others or Others(
            connections=len(self.siblings),
            local_cidrs=sum(len(sibling.local_cidrs) for sibling in self.siblings),
            peer_cidrs=sum(len(sibling.peer_cidrs) for sibling in self.siblings),
        )
