"""What of a policy should not be chosen any more, and the words for algorithms."""

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
    Strength,
    Verdict,
    canonical,
)
from policies.domain.spelling import listed
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
            *((word_of(one.name), one.ike) for one in algorithms),
        ]
    pfs = [(f"PFS {word_of(word)}", PFS[word]) for word in policy.pfs_groups if word != PFS_DISABLED]
    return [*pfs, *((word_of(one.name), one.esp) for one in algorithms)]


def words_of(names: Iterable[str | int]) -> str:
    """Several algorithms, best first: aes256, aes128."""
    return ", ".join(word_of(str(name)) for name in names)


def told_of(weak: Warned) -> str:
    """A sentence: what is weak or broken, and who says so."""
    return f"{weak.word} is {weak.verdict.strength.value}: {weak.verdict.reason}"
