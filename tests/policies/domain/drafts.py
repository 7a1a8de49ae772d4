"""Draft policies and the facts around them, for the tests of their rules."""

from __future__ import annotations

from dataclasses import replace

from policies.domain.checks import (
    IKEPolicyDraft,
    IPsecPolicyDraft,
    PolicyFacts,
    ike_violations,
    ipsec_violations,
)
from policies.domain.generations import GENERATION_1, GENERATION_2

IKE = IKEPolicyDraft(
    name="strong",
    authentication_algorithms=("sha256",),
    encryption_algorithms=("aes256",),
    dh_groups=(14,),
    ike_version=2,
)
IPSEC = IPsecPolicyDraft(
    name="strong",
    authentication_algorithms=("sha256",),
    encryption_algorithms=("aes256",),
    pfs_groups=("group_14",),
)
FACTS = PolicyFacts(algorithms=GENERATION_1)
NEW = PolicyFacts(algorithms=GENERATION_2)
# Without the name of the field.
ONE_OF_EACH = "With IKEv1 {} must have exactly one entry; several need ike_version 2."


def ike(facts: PolicyFacts = FACTS, **changes: object) -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in ike_violations(replace(IKE, **changes), facts=facts)]


def ipsec(facts: PolicyFacts = FACTS, **changes: object) -> list[tuple[str, str]]:
    return [(v.code, v.field) for v in ipsec_violations(replace(IPSEC, **changes), facts=facts)]
