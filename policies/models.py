"""IKE and IPsec policies. Algorithm columns are lists, best first; the 2019 API has one of each."""

from __future__ import annotations

from django.db import models

from console.models.base import Resource
from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal


class Policy(Resource):
    """`key_lifetime` in seconds; algorithm words as in `policies.domain.algorithms`."""

    authentication_algorithms = models.JSONField(default=list)
    encryption_algorithms = models.JSONField(default=list)
    key_lifetime = models.PositiveIntegerField()

    class Meta:
        abstract = True

    @property
    def authentication_algorithm(self) -> str:
        return str(self.authentication_algorithms[0])

    @property
    def encryption_algorithm(self) -> str:
        return str(self.encryption_algorithms[0])


class IKEPolicy(Policy):
    """Phase 1. `dh_groups` holds IANA group numbers."""

    ike_version = models.PositiveSmallIntegerField(choices=[(1, "IKEv1"), (2, "IKEv2")])
    dh_groups = models.JSONField(default=list)

    class Meta:
        verbose_name = "IKE policy"
        verbose_name_plural = "IKE policies"
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_ike_policy_name")]
        indexes = [models.Index(fields=["account", "-created_at", "-id"])]

    @property
    def dh_group(self) -> int:
        return int(self.dh_groups[0])

    def offer(self) -> IkeOffer:
        ciphers, digests = tuple(self.encryption_algorithms), tuple(self.authentication_algorithms)
        proposal = Proposal(ciphers, digests, tuple(self.dh_groups))
        return IkeOffer(IkeVersion(self.ike_version), proposal, self.key_lifetime)


class IPsecPolicy(Policy):
    """Phase 2. `pfs_groups` holds words of the API: disabled, group_14."""

    pfs_groups = models.JSONField(default=list)

    class Meta:
        verbose_name = "IPsec policy"
        verbose_name_plural = "IPsec policies"
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_ipsec_policy_name")]
        indexes = [models.Index(fields=["account", "-created_at", "-id"])]

    @property
    def pfs(self) -> str:
        return str(self.pfs_groups[0])

    def offer(self) -> EspOffer:
        groups = tuple(int(word.removeprefix("group_")) for word in self.pfs_groups if word != "disabled")
        ciphers, digests = tuple(self.encryption_algorithms), tuple(self.authentication_algorithms)
        return EspOffer(Proposal(ciphers, digests, groups), self.key_lifetime)
