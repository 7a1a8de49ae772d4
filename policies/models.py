"""IKE and IPsec policies. Algorithm columns are lists, best first; generation 1 has one of each.

The singular form of a list of several is `multiple`, of groups 65535 (contract section 4.7).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from console.core.models.base import Resource
from policies.domain.algorithms import INTEGRATED, pfs_group
from policies.domain.checks import IKEPolicyDraft, IPsecPolicyDraft, single_valued
from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal

MULTIPLE, MULTIPLE_GROUPS = "multiple", 65535


class Policy(Resource):
    """`key_lifetime` in seconds; algorithm words as in `policies.domain.algorithms`."""

    authentication_algorithms = models.JSONField(default=list)
    encryption_algorithms = models.JSONField(default=list)
    key_lifetime = models.PositiveIntegerField()

    class Meta:
        abstract = True

    @property
    def authentication_algorithm(self) -> str:
        return _one(self.authentication_algorithms)

    @property
    def encryption_algorithm(self) -> str:
        return _one(self.encryption_algorithms)

    @property
    def integrity(self) -> tuple[str, ...]:
        """The algorithms that authenticate packets; none with AEAD ciphers."""
        return tuple(word for word in self.authentication_algorithms if word != INTEGRATED)


def _one(words: list[str]) -> str:
    return words[0] if len(words) == 1 else MULTIPLE


class IKEPolicy(Policy):
    """Phase 1. `dh_groups` holds IANA group numbers."""

    audit_type: ClassVar[str] = "ike_policy"
    ike_version = models.PositiveSmallIntegerField(choices=[(1, "IKEv1"), (2, "IKEv2")])
    dh_groups = models.JSONField(default=list)

    class Meta:
        verbose_name = "IKE policy"
        verbose_name_plural = "IKE policies"
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_ike_policy_name")]
        indexes = [models.Index(fields=["account", "-created_at", "-id"])]

    @property
    def dh_group(self) -> int:
        return int(self.dh_groups[0]) if len(self.dh_groups) == 1 else MULTIPLE_GROUPS

    def draft(self) -> IKEPolicyDraft:
        """For the rules."""
        return IKEPolicyDraft(
            name=self.name,
            authentication_algorithms=tuple(self.authentication_algorithms),
            encryption_algorithms=tuple(self.encryption_algorithms),
            dh_groups=tuple(self.dh_groups),
            ike_version=self.ike_version,
            key_lifetime=self.key_lifetime,
        )

    def offer(self) -> IkeOffer:
        proposal = Proposal(tuple(self.encryption_algorithms), self.integrity, tuple(self.dh_groups))
        return IkeOffer(IkeVersion(self.ike_version), proposal, self.key_lifetime)


class IPsecPolicy(Policy):
    """Phase 2. `pfs_groups` holds words of the API: disabled, group_14."""

    audit_type: ClassVar[str] = "ipsec_policy"
    pfs_groups = models.JSONField(default=list)

    class Meta:
        verbose_name = "IPsec policy"
        verbose_name_plural = "IPsec policies"
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_ipsec_policy_name")]
        indexes = [models.Index(fields=["account", "-created_at", "-id"])]

    @property
    def single_valued(self) -> bool:
        """Whether it has one algorithm of each kind, as IKEv1 requires."""
        return single_valued(self.encryption_algorithms, self.authentication_algorithms, self.pfs_groups)

    @property
    def pfs(self) -> str:
        return _one(self.pfs_groups)

    def draft(self) -> IPsecPolicyDraft:
        """For the rules."""
        return IPsecPolicyDraft(
            name=self.name,
            authentication_algorithms=tuple(self.authentication_algorithms),
            encryption_algorithms=tuple(self.encryption_algorithms),
            pfs_groups=tuple(self.pfs_groups),
            key_lifetime=self.key_lifetime,
        )

    def offer(self) -> EspOffer:
        groups = tuple(group for word in self.pfs_groups if (group := pfs_group(word)))
        proposal = Proposal(tuple(self.encryption_algorithms), self.integrity, groups)
        return EspOffer(proposal, self.key_lifetime)
