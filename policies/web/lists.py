"""The lists of IKE and of IPsec policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from console.core.actor import Actor, Role
from console.core.identifiers import parse_uuid
from console.core.web.lists.declare import (
    LOWEST,
    Action,
    Column,
    Effect,
    Filter,
    Found,
    ListSpec,
    Rows,
    Search,
    created_column,
    fixed,
    name_column,
)
from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, PFS
from policies.domain.verdicts import Strength
from policies.strength import AlgorithmWarning, api_names, warnings_of
from policies.web.kinds import IKE, IPSEC, Kind, Policy

_STRENGTHS = {"ok": "good", "weak": "weak", "broken": "broken"}
_ORDER = list(Strength)


@dataclass(frozen=True, slots=True)
class PolicyShown:
    """A policy with the number of its connections and its weak algorithms."""

    row: Policy
    used_by: int
    warned: list[AlgorithmWarning]


def strength_of(policy: Policy) -> Strength:
    """The strength of its weakest algorithm."""
    found = [warned.verdict.strength for warned in warnings_of(policy)]
    return max(found, key=_ORDER.index, default=Strength.OK)


def _shown(actor: Actor, rows: Sequence[Any], search: str) -> list[PolicyShown]:
    return [PolicyShown(row, row.used_by, warnings_of(row)) for row in rows]


def _find(rows: Rows, actor: Actor, text: str) -> Found:
    known = {*ENCRYPTION, *AUTHENTICATION, "3des"}
    parts = Q(name__icontains=text) | Q(pk=parse_uuid(text))
    description = f"Policies with “{text}” in their name:"
    if text.lower() in known:
        word = "triple_des" if text.lower() == "3des" else text.lower()
        parts |= Q(encryption_algorithms__icontains=word) | Q(authentication_algorithms__icontains=word)
        description = f"Policies with “{text}” in their name or among their algorithms:"
    return Found(rows.filter(parts), description)


def _of_strength(rows: Rows, actor: Actor, value: str) -> Rows:
    """Evaluated in Python: strength is a property of the algorithm tables, not of columns."""
    return rows.filter(pk__in=[row.pk for row in rows if strength_of(row).value == value])


def _effects(kind: Kind, rows: Sequence[Any]) -> list[Effect]:
    return [_effect(kind, row.used_by) for row in rows]


def _effect(kind: Kind, users: int) -> Effect:
    if not users:
        return Effect((f"the {kind.noun} itself; no connection uses it",))
    description = "1 connection uses it" if users == 1 else f"{users} connections use it"
    return Effect(refusal=f"{description}; change {'it' if users == 1 else 'them'} first.")


def _rank(table: Any) -> Any:
    """A sort key that follows the order of the algorithm tables, from weak to strong."""
    words = list(table)

    def rank(value: Any) -> int:
        first = value[0] if value else None
        return words.index(first) if first in words else -1

    return rank


def _columns(kind: Kind) -> tuple[Column, ...]:
    version = Column(
        key="version", label="Version", text=lambda s: f"IKEv{s.row.ike_version}", sort=("ike_version",)
    )
    group = Column(
        key="group",
        label="DH group",
        text=lambda s: api_names(s.row.dh_groups),
        value="dh_groups",
        by=_rank(DH_GROUPS),
    )
    pfs = Column(
        key="pfs", label="PFS", text=lambda s: api_names(s.row.pfs_groups), value="pfs_groups", by=_rank(PFS)
    )
    return (
        name_column(),
        *([version] if kind is IKE else []),
        Column(
            key="encryption",
            label="Encryption",
            text=lambda s: api_names(s.row.encryption_algorithms),
            value="encryption_algorithms",
            by=_rank(ENCRYPTION),
        ),
        Column(
            key="authentication",
            label="Authentication",
            text=lambda s: api_names(s.row.authentication_algorithms),
            value="authentication_algorithms",
            by=_rank(AUTHENTICATION),
        ),
        group if kind is IKE else pfs,
        Column(
            key="lifetime",
            label="Key lifetime",
            text=lambda s: f"{s.row.key_lifetime} s",
            sort=("key_lifetime",),
        ),
        Column(
            key="strength",
            label="Strength",
            text=lambda s: [f"{w.word} {w.verdict.strength.value}" for w in s.warned] or "good",
        ),
        Column(key="used", label="Used by", text=lambda s: s.used_by, sort=("used_by",), ways=LOWEST),
        created_column(),
    )


def _filters(kind: Kind) -> tuple[Filter, ...]:
    used = {"yes": ("in use", Q(used_by__gt=0)), "no": ("used by none", Q(used_by=0))}
    versions = {"2": ("IKEv2", Q(ike_version=2)), "1": ("IKEv1", Q(ike_version=1))} if kind is IKE else {}
    strengths = list(_STRENGTHS.items())
    return (
        Filter(key="strength", label="Strength", options=lambda actor: strengths, narrow=_of_strength),
        fixed("used", "Used by", used),
        *([fixed("version", "IKE version", versions)] if versions else []),
    )


def _spec(kind: Kind) -> ListSpec:
    def rows(actor: Actor) -> Rows:
        # Counted by the name of the reverse relation: this layer does not import connections.
        return kind.model._default_manager.filter(account_id=actor.account_id).annotate(
            used_by=Count("connections")
        )

    return ListSpec(
        noun=kind.noun,
        plural=kind.plural,
        url=kind.list_url,
        bulk=f"{kind.word}_policies_bulk",
        rows=rows,
        shown=_shown,
        default="name",
        columns=_columns(kind),
        search=Search(hint="Name, or an algorithm such as 3des.", find=_find),
        filters=_filters(kind),
        actions=(
            Action(
                key="delete",
                label="Delete",
                role=Role.EDITOR,
                typed=True,
                run=lambda actor, row: kind.delete(actor, row.pk),
                effects=lambda actor, chosen: _effects(kind, chosen),
                done="deleted",
                stays=("all connections", "the audit trail"),
            ),
        ),
    )


LISTS = {kind.word: _spec(kind) for kind in (IKE, IPSEC)}
