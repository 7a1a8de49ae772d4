"""Algorithms and their strength, for pages and the manual."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import template

from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, IKE_VERSIONS, PFS
from policies.domain.verdicts import Verdict
from policies.models import IKEPolicy, IPsecPolicy
from policies.strength import AlgorithmWarning, api_name, api_names, warnings_of

register = template.Library()


class Row(NamedTuple):
    """One algorithm of the manual's table."""

    kind: str
    word: str
    ike: Verdict | None
    esp: Verdict | None


@register.simple_tag
def algorithm_rows() -> list[Row]:
    """Every algorithm that the API knows, in its order."""
    rows = [Row("Encryption", api_name(name), a.ike, a.esp) for name, a in ENCRYPTION.items()]
    rows += [Row("Authentication", api_name(name), a.ike, a.esp) for name, a in AUTHENTICATION.items()]
    rows += [Row("DH group", str(number), a.ike, a.esp) for number, a in DH_GROUPS.items()]
    rows += [Row("PFS", api_name(name), None, verdict) for name, verdict in PFS.items()]
    return rows + [Row("IKE version", str(number), verdict, None) for number, verdict in IKE_VERSIONS.items()]


@register.filter
def weaknesses(policy: IKEPolicy | IPsecPolicy) -> list[AlgorithmWarning]:
    """What of a policy should not be chosen any more, and why."""
    return warnings_of(policy)


@register.filter
def word(name: Any) -> str:
    """An algorithm as the first API documents spell it."""
    return api_name(str(name))


@register.filter
def words(names: list[Any]) -> str:
    """Several algorithms, best first."""
    return api_names(names)
