"""Weak algorithms in policies, and the API's names of algorithms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from policies.domain.algorithms import (
    AUTHENTICATION,
    DH_GROUPS,
    ENCRYPTION,
    IKE_VERSIONS,
    PFS,
    PFS_DISABLED,
    canonical,
)
from policies.domain.spelling import listed
from policies.domain.verdicts import Strength, Verdict
from policies.models import IKEPolicy, IPsecPolicy

_SPELLINGS = {"triple_des": "3des"}


class AlgorithmWarning(NamedTuple):
    """An algorithm that is weak or broken: its usual name, and what the RFC says."""

    word: str
    verdict: Verdict


def api_name(name: str) -> str:
    """As the first API documents spell it: 3des for triple_des; group 14 for group_14."""
    return _SPELLINGS.get(name, name.replace("_", " "))


def warnings_of(policy: IKEPolicy | IPsecPolicy) -> list[AlgorithmWarning]:
    """Every algorithm of the policy that is not `ok`, the worst first.

    Disabled PFS is not included: it is the default of API generation 1 (see the manual).
    """
    found = [(word, verdict) for word, verdict in _verdicts(policy) if verdict.strength is not Strength.OK]
    order = list(Strength)
    found.sort(key=lambda pair: -order.index(pair[1].strength))
    return [AlgorithmWarning(word, verdict) for word, verdict in found]


def warnings_of_values(kind: str, values: Mapping[str, Any]) -> list[AlgorithmWarning]:
    """The same for the values of an `ike` or `ipsec` policy form, before the policy exists."""
    given = listed(values)
    columns = {name: given[name] for name in ("encryption_algorithms", "authentication_algorithms")}
    if kind == "ike":
        return warnings_of(
            IKEPolicy(ike_version=given["ike_version"], dh_groups=given["dh_groups"], **columns)
        )
    return warnings_of(IPsecPolicy(pfs_groups=given["pfs_groups"], **columns))


def _verdicts(policy: IKEPolicy | IPsecPolicy) -> list[tuple[str, Verdict]]:
    ciphers = [ENCRYPTION[canonical(name)] for name in policy.encryption_algorithms]
    algorithms = [*ciphers, *(AUTHENTICATION[name] for name in policy.authentication_algorithms)]
    if isinstance(policy, IKEPolicy):
        return [
            (f"IKEv{policy.ike_version}", IKE_VERSIONS[policy.ike_version]),
            *((f"DH group {number}", DH_GROUPS[number].ike) for number in policy.dh_groups),
            *((api_name(one.name), one.ike) for one in algorithms),
        ]
    pfs = [(f"PFS {api_name(word)}", PFS[word]) for word in policy.pfs_groups if word != PFS_DISABLED]
    return [*pfs, *((api_name(one.name), one.esp) for one in algorithms)]


def api_names(names: Iterable[str | int]) -> str:
    """Several algorithms in order of preference: aes256, aes128."""
    return ", ".join(api_name(str(name)) for name in names)


def describe_warning(weak: AlgorithmWarning) -> str:
    """A sentence that says what is weak or broken, and why."""

    return f"{weak.word} is {weak.verdict.strength.value}: {weak.verdict.reason}"
