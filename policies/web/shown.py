"""How policies are put into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from policies.domain.algorithms import (
    AUTHENTICATION,
    DH_GROUPS,
    ENCRYPTION,
    IKE_VERSIONS,
    PFS,
    PFS_DISABLED,
    Strength,
    Verdict,
    canonical,
)
from policies.models import IKEPolicy, IPsecPolicy

_SPELLINGS = {"triple_des": "3des"}


class Warned(NamedTuple):
    """An algorithm that is weak or broken: the word people know, and what the RFC says."""

    word: str
    verdict: Verdict


def word_of(name: str) -> str:
    """The seed document's spelling: 3des; group_14 as group 14."""
    return _SPELLINGS.get(name, name.replace("_", " "))


def warnings_of(policy: IKEPolicy | IPsecPolicy) -> list[Warned]:
    """Every choice of the policy that is not `ok`, the worst first.

    PFS disabled is left out: it is the seed's own default and a trade of its own (see the manual).
    """
    found = [(word, verdict) for word, verdict in _verdicts(policy) if verdict.strength is not Strength.OK]
    order = list(Strength)
    found.sort(key=lambda pair: -order.index(pair[1].strength))
    return [Warned(word, verdict) for word, verdict in found]


def warned_of(kind: str, values: Mapping[str, Any]) -> list[Warned]:
    """The same of the choices in the form of an `ike` or `ipsec` policy, before there is one."""
    columns = {
        "encryption_algorithms": [values["encryption_algorithm"]],
        "authentication_algorithms": [values["authentication_algorithm"]],
    }
    if kind == "ike":
        groups = [values["dh_group"]]
        return warnings_of(IKEPolicy(ike_version=values["ike_version"], dh_groups=groups, **columns))
    return warnings_of(IPsecPolicy(pfs_groups=[values["pfs"]], **columns))


def _verdicts(policy: IKEPolicy | IPsecPolicy) -> list[tuple[str, Verdict]]:
    cipher = ENCRYPTION[canonical(policy.encryption_algorithm)]
    digest = AUTHENTICATION[policy.authentication_algorithm]
    names = word_of(cipher.name), word_of(digest.name)
    if isinstance(policy, IKEPolicy):
        return [
            (f"IKEv{policy.ike_version}", IKE_VERSIONS[policy.ike_version]),
            (f"DH group {policy.dh_group}", DH_GROUPS[policy.dh_group].ike),
            (names[0], cipher.ike),
            (names[1], digest.ike),
        ]
    pfs = [] if policy.pfs == PFS_DISABLED else [(f"PFS {word_of(policy.pfs)}", PFS[policy.pfs])]
    return [*pfs, (names[0], cipher.esp), (names[1], digest.esp)]


def labelled(name: str, verdict: Verdict) -> str:
    """For the options of a form: `md5 (broken: RFC 8247)`."""
    word = word_of(name)
    return word if verdict.strength is Strength.OK else f"{word} ({verdict.strength.value}: {verdict.rfc})"
