"""The rules of IKE and IPsec policies, and of names: contract sections 3.3, 5.3 and 7.2."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

from console.errors import Violation
from policies.domain.algorithms import GENERATION_1, Dialect, canonical, pfs_group
from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal

IKE_LIFETIME = 28800
IPSEC_LIFETIME = 3600
NAME_LENGTH = 63

_NAME = re.compile(r"[A-Za-z][-A-Za-z0-9_]*")
# What a message calls a stored word: the seed document's spelling.
_SPELLINGS = {"triple_des": "3des"}

Word = TypeVar("Word", str, int)


@dataclass(frozen=True, slots=True, kw_only=True)
class IKEPolicyDraft:
    """The would-be policy, after create or update. `key_lifetime` in seconds."""

    name: str
    authentication_algorithm: str
    encryption_algorithm: str
    dh_group: int
    ike_version: int
    key_lifetime: int = IKE_LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class IPsecPolicyDraft:
    """The would-be policy, after create or update. `key_lifetime` in seconds."""

    name: str
    authentication_algorithm: str
    encryption_algorithm: str
    pfs: str
    key_lifetime: int = IPSEC_LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """`other_names`: of the account's policies of the same kind, without the one being updated.

    `existing` and `quota` count only when `creating`.
    """

    other_names: Collection[str] = frozenset()
    existing: int = 0
    quota: int = 20
    creating: bool = True
    dialect: Dialect = GENERATION_1


def name_violations(name: str, *, code: str, field: str = "name") -> Iterator[Violation]:
    """A name of generation 1: a letter, then letters, digits, hyphens, underscores; 1 to 63."""
    if len(name) > NAME_LENGTH:
        yield Violation(
            code, field, f"A name has at most {NAME_LENGTH} characters; this one has {len(name)}."
        )
    elif not _NAME.fullmatch(name):
        message = "A name begins with a letter and consists of letters, digits, hyphens and underscores."
        yield Violation(code, field, message)


def unique_violations(name: str, others: Collection[str], *, code: str, noun: str) -> Iterator[Violation]:
    """A name that another object of the same place has already."""
    if name in others:
        yield Violation(code, "name", f"Another {noun} is called {name}.")


def range_violations(value: int, *, field: str, low: int, high: int) -> Iterator[Violation]:
    """Both ends are allowed."""
    if value < low:
        yield Violation("validation_min_value", field, f"{field} must be at least {low}; it is {value}.")
    elif value > high:
        yield Violation("validation_max_value", field, f"{field} must be at most {high}; it is {value}.")


def enum_violations(value: Word, allowed: Sequence[Word], *, field: str) -> Iterator[Violation]:
    """The message lists what would be right."""
    if value not in allowed:
        words = ", ".join(_SPELLINGS.get(str(word), str(word)) for word in allowed)
        shown = str(value)[:40]
        yield Violation("validation_enum", field, f"{field} must be one of {words}; {shown!r} is not.")


def ike_violations(draft: IKEPolicyDraft, *, facts: PolicyFacts) -> list[Violation]:
    """Every broken rule of an IKE policy."""
    dialect = facts.dialect
    return [
        *_common(draft, facts, kind="ike"),
        *enum_violations(draft.dh_group, dialect.dh_groups, field="dh_group"),
        *enum_violations(draft.ike_version, dialect.ike_versions, field="ike_version"),
    ]


def ipsec_violations(draft: IPsecPolicyDraft, *, facts: PolicyFacts) -> list[Violation]:
    """Every broken rule of an IPsec policy."""
    return [
        *_common(draft, facts, kind="ipsec"),
        *enum_violations(draft.pfs, facts.dialect.pfs, field="pfs"),
    ]


@overload
def offer_from(draft: IKEPolicyDraft) -> IkeOffer: ...
@overload
def offer_from(draft: IPsecPolicyDraft) -> EspOffer: ...
def offer_from(draft: IKEPolicyDraft | IPsecPolicyDraft) -> IkeOffer | EspOffer:
    """What a policy that breaks no rule offers in a negotiation."""
    ciphers, digests = (canonical(draft.encryption_algorithm),), (draft.authentication_algorithm,)
    if isinstance(draft, IKEPolicyDraft):
        proposal = Proposal(ciphers, digests, (draft.dh_group,))
        return IkeOffer(IkeVersion(draft.ike_version), proposal, draft.key_lifetime)
    group = pfs_group(draft.pfs)
    return EspOffer(Proposal(ciphers, digests, (group,) if group else ()), draft.key_lifetime)


def _common(
    draft: IKEPolicyDraft | IPsecPolicyDraft, facts: PolicyFacts, *, kind: str
) -> Iterator[Violation]:
    noun = {"ike": "IKE policy", "ipsec": "IPsec policy"}[kind]
    dialect = facts.dialect
    if facts.creating and facts.existing >= facts.quota:
        code = "ike_policies_quota_exceeded" if kind == "ike" else "ipsec_policies_quota_exceeded"
        plural = noun.replace("policy", "policies")
        yield Violation(code, "", f"The account has reached its limit of {facts.quota} {plural}.")
    yield from name_violations(draft.name, code=f"{kind}_policy_invalid_name")
    yield from unique_violations(
        draft.name, facts.other_names, code=f"{kind}_policy_duplicate_name", noun=noun
    )
    yield from enum_violations(
        draft.authentication_algorithm, dialect.authentication, field="authentication_algorithm"
    )
    yield from enum_violations(
        canonical(draft.encryption_algorithm), dialect.encryption, field="encryption_algorithm"
    )
    yield from range_violations(
        draft.key_lifetime, field="key_lifetime", low=dialect.min_lifetime, high=dialect.max_lifetime
    )
