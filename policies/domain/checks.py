"""The rules for IKE and IPsec policies, and for names (contract sections 3.3, 5.3 and 7.2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from console.core.errors import Violation
from policies.domain.algorithms import INTEGRATED, PFS_DISABLED, is_aead
from policies.domain.generations import EVERYTHING, GENERATION_2, ApiAlgorithms

IKE_LIFETIME = 28800
IPSEC_LIFETIME = 3600
NAME_LENGTH = 63

NAME = r"[A-Za-z][-A-Za-z0-9_]*"
LOWER_NAME = r"[a-z]([-a-z0-9]*[a-z0-9])?"
# More entries than any list of algorithms may have. Further ones are only counted.
MOST_READ = 32
# How messages write stored names: as the first API documents do.
_SPELLINGS = {"triple_des": "3des"}

Word = TypeVar("Word", str, int)


@dataclass(frozen=True, slots=True, kw_only=True)
class IKEPolicyDraft:
    """The would-be policy, after create or update; algorithms best first. `key_lifetime` in seconds."""

    name: str
    authentication_algorithms: tuple[str, ...]
    encryption_algorithms: tuple[str, ...]
    dh_groups: tuple[int, ...]
    ike_version: int
    key_lifetime: int = IKE_LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class IPsecPolicyDraft:
    """The would-be policy, after create or update; algorithms best first. `key_lifetime` in seconds."""

    name: str
    authentication_algorithms: tuple[str, ...]
    encryption_algorithms: tuple[str, ...]
    pfs_groups: tuple[str, ...]
    key_lifetime: int = IPSEC_LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """`other_names` are those of the account's other policies of the same kind.

    `existing` and `quota` count only if `creating`. `used_with_ikev1` (of an IPsec policy): a connection
    uses it together with an IKEv1 policy. `beside_several` (of an IKE policy): the name of an IPsec policy
    with several algorithms that a connection uses together with it.
    """

    other_names: Collection[str] = frozenset()
    existing: int = 0
    quota: int = 20
    creating: bool = True
    algorithms: ApiAlgorithms = EVERYTHING
    used_with_ikev1: bool = False
    beside_several: str = ""


def name_violations(name: str, *, code: str, field: str = "name", lower: bool = False) -> Iterator[Violation]:
    """A letter, then letters, digits, hyphens, underscores; 1 to 63. In API generation 2 (`lower`) lower
    case letters, no underscore, and no hyphen at the end (contract section 7.2)."""
    if len(name) > NAME_LENGTH:
        yield Violation(
            code, field, f"A name has at most {NAME_LENGTH} characters; this one has {len(name)}."
        )
    elif lower and not re.fullmatch(LOWER_NAME, name):
        message = (
            "A name begins with a lower-case letter, consists of lower-case letters, digits and hyphens, "
            "and does not end with a hyphen."
        )
        yield Violation(code, field, message)
    elif not re.fullmatch(NAME, name):
        message = "A name begins with a letter and consists of letters, digits, hyphens and underscores."
        yield Violation(code, field, message)


def unique_violations(name: str, others: Collection[str], *, code: str, noun: str) -> Iterator[Violation]:
    """A name that another object in the same scope has already."""
    if name in others:
        yield Violation(code, "name", f"Another {noun} is called {name}.")


def range_violations(value: int, *, field: str, low: int, high: int) -> Iterator[Violation]:
    """`low` and `high` themselves are valid."""
    if value < low:
        yield Violation("validation_min_value", field, f"{field} must be at least {low}; it is {value}.")
    elif value > high:
        yield Violation("validation_max_value", field, f"{field} must be at most {high}; it is {value}.")


def enum_violations(value: Word, allowed: Sequence[Word], *, field: str) -> Iterator[Violation]:
    """The message lists the valid values."""
    if value not in allowed:
        words = ", ".join(_SPELLINGS.get(str(word), str(word)) for word in allowed)
        shown = str(value)[:40]
        yield Violation("validation_enum", field, f"{field} must be one of {words}; {shown!r} is not.")


def ike_violations(draft: IKEPolicyDraft, *, facts: PolicyFacts) -> list[Violation]:
    """Every broken rule of an IKE policy. Fields are paths into the lists, such as dh_groups[0]."""
    algorithms = facts.algorithms
    most, most_groups = algorithms.most
    broken = [
        *_common(draft, facts, kind="ike"),
        *list_violations(
            draft.authentication_algorithms,
            algorithms.authentication,
            most,
            field="authentication_algorithms",
        ),
        *list_violations(
            draft.encryption_algorithms, algorithms.encryption, most, field="encryption_algorithms"
        ),
        *list_violations(draft.dh_groups, algorithms.dh_groups, most_groups, field="dh_groups"),
        *enum_violations(draft.ike_version, algorithms.ike_versions, field="ike_version"),
    ]
    if draft.ike_version == 1:
        broken += _single(draft, ("authentication_algorithms", "encryption_algorithms", "dh_groups"))
        if facts.beside_several:
            message = (
                "IKEv1 negotiates one algorithm of each kind, but a connection combines this policy with the "
                f"IPsec policy {facts.beside_several}, which lists several; change that policy first."
            )
            broken.append(Violation("validation_failure", "ike_version", message))
    return broken


def ipsec_violations(draft: IPsecPolicyDraft, *, facts: PolicyFacts) -> list[Violation]:
    """Every broken rule of an IPsec policy. Fields are paths into the lists, such as pfs_groups[0]."""
    algorithms = facts.algorithms
    most, most_groups = algorithms.most
    broken = [
        *_common(draft, facts, kind="ipsec"),
        *list_violations(
            draft.authentication_algorithms,
            algorithms.esp_authentication,
            most,
            field="authentication_algorithms",
        ),
        *list_violations(
            draft.encryption_algorithms, algorithms.esp_encryption, most, field="encryption_algorithms"
        ),
        *list_violations(draft.pfs_groups, algorithms.pfs, most_groups, field="pfs_groups"),
    ]
    if broken:
        return broken
    broken += _integrity(draft)
    if PFS_DISABLED in draft.pfs_groups and len(draft.pfs_groups) > 1:
        message = "disabled must be the only value: perfect forward secrecy is either off or uses a group."
        broken.append(Violation("validation_failure", "pfs_groups", message))
    if facts.used_with_ikev1:
        broken += _single(draft, ("authentication_algorithms", "encryption_algorithms", "pfs_groups"))
    return broken


def weakness_violations(
    policy: IKEPolicyDraft | IPsecPolicyDraft, *, algorithms: ApiAlgorithms = GENERATION_2
) -> Iterator[Violation]:
    """The rule for a policy that a connection starts to use: API generation 2 refuses weak algorithms for
    new uses, though older policies may have them (contract section 1.3, 2023-05-18)."""
    columns: list[tuple[Sequence[str | int], Sequence[str | int]]] = [
        (policy.authentication_algorithms, algorithms.authentication)
    ]
    if isinstance(policy, IKEPolicyDraft):
        noun, field = "IKE", "ike_policy"
        columns += [
            (policy.encryption_algorithms, algorithms.encryption),
            (policy.dh_groups, algorithms.dh_groups),
        ]
    else:
        noun, field = "IPsec", "ipsec_policy"
        columns += [
            (policy.encryption_algorithms, algorithms.esp_encryption),
            (policy.pfs_groups, algorithms.pfs),
        ]
    weak: list[str] = []
    better: list[str] = []
    for given, allowed in columns:
        found = [_word(word) for word in given if word not in (*allowed, INTEGRATED)]
        weak += found
        better += [", ".join(map(_word, allowed))] if found else []
    if weak:
        message = (
            f"The {noun} policy {policy.name} uses {', '.join(weak)}: too weak for new objects of "
            f"generation 2. Use a policy with {'; and with '.join(better)}."
        )
        yield Violation("validation_failure", field, message)


def _word(word: str | int) -> str:
    return f"group {word}" if isinstance(word, int) else _SPELLINGS.get(word, word)


def list_violations(
    given: Sequence[Word], allowed: Sequence[Word], most: int, *, field: str
) -> Iterator[Violation]:
    """The rules for a list of algorithms: only known ones, no duplicates, at least one, at most `most`."""
    if not given:
        yield Violation("validation_required_field", field, f"{field} must list at least one algorithm.")
    if len(given) > most:
        message = f"{field} may list at most {most}; these are {len(given)}."
        yield Violation("validation_max_value", field, message)
    for index, value in enumerate(given[:MOST_READ]):
        yield from enum_violations(value, allowed, field=f"{field}[{index}]")
        if value in given[:index]:
            yield Violation("validation_failure", f"{field}[{index}]", f"{field} lists {value} twice.")


def single_valued(*columns: Sequence[object]) -> bool:
    """Whether IKEv1 can negotiate it: one algorithm of each kind."""
    return all(len(column) == 1 for column in columns)


def _single(draft: IKEPolicyDraft | IPsecPolicyDraft, names: Sequence[str]) -> Iterator[Violation]:
    for name in names:
        if len(getattr(draft, name)) > 1:
            message = f"With IKEv1 {name} must have exactly one entry; several need ike_version 2."
            yield Violation("validation_failure", name, message)


def _integrity(draft: IPsecPolicyDraft) -> Iterator[Violation]:
    """Contract section 4.7: AES-GCM ciphers only require `disabled`, and `disabled` requires them."""
    combined = [is_aead(cipher) for cipher in draft.encryption_algorithms]
    digests, field = draft.authentication_algorithms, "authentication_algorithms"
    if INTEGRATED in digests and len(digests) > 1:
        yield Violation(
            "validation_failure", field, "disabled must be the only value; remove it or the others."
        )
    elif INTEGRATED in digests and not all(combined):
        plain = next(c for c in draft.encryption_algorithms if not is_aead(c))
        message = f"disabled goes with AES-GCM ciphers only; {plain} needs an authentication algorithm."
        yield Violation("validation_failure", field, message)
    elif all(combined) and INTEGRATED not in digests:
        message = "AES-GCM needs no authentication algorithm: use disabled."
        yield Violation("validation_failure", field, message)


def _common(
    draft: IKEPolicyDraft | IPsecPolicyDraft, facts: PolicyFacts, *, kind: str
) -> Iterator[Violation]:
    noun = {"ike": "IKE policy", "ipsec": "IPsec policy"}[kind]
    algorithms = facts.algorithms
    if facts.creating and facts.existing >= facts.quota:
        code = "ike_policies_quota_exceeded" if kind == "ike" else "ipsec_policies_quota_exceeded"
        plural = noun.replace("policy", "policies")
        yield Violation(code, "", f"The account has reached its limit of {facts.quota} {plural}.")
    yield from name_violations(draft.name, code=f"{kind}_policy_invalid_name", lower=algorithms.lower_names)
    yield from unique_violations(
        draft.name, facts.other_names, code=f"{kind}_policy_duplicate_name", noun=noun
    )
    yield from range_violations(
        draft.key_lifetime, field="key_lifetime", low=algorithms.min_lifetime, high=algorithms.max_lifetime
    )
