"""Drafts of connections from request fields and rows, and the changes between two drafts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from django.db.models import QuerySet

from console.core.actor import Actor
from console.core.errors import Invalid, Violation
from console.core.names import random_name
from policies.domain.checks import IKEPolicyDraft, IPsecPolicyDraft
from policies.domain.proposals import IkeOffer, auto_ike
from policies.models import IKEPolicy, IPsecPolicy
from vpn.domain.connection_drafts import DECLARED, ConnectionDraft
from vpn.domain.declarations import put_at, topic_of
from vpn.models import Connection, Gateway
from vpn.services.fields import ConnectionFields, Reference
from vpn.services.references import find

P = TypeVar("P", IKEPolicy, IPsecPolicy)
_NEEDED = {
    "peer.address": "The peer is missing: its public IPv4 address is required, or its name{where}.",
    "psk": "psk is required: the key that both ends share.",
}


# Topics with another value at the other end of a connection.
_OF_ONE_END = {"establish_mode", "local.cidrs", "local.ike_identities"} | {
    f"peer.{name}" for name in ("address", "fqdn", "cidrs", "ike_identity")
}


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of a draft; None is auto-negotiation."""

    ike: IKEPolicy | None
    ipsec: IPsecPolicy | None

    def offer(self, api_generation: int) -> IkeOffer:
        return self.ike.offer() if self.ike else auto_ike(api_generation)

    @property
    def ipsec_single(self) -> bool:
        return self.ipsec is None or self.ipsec.single_valued

    def attached(self, before: Connection | None) -> list[IKEPolicyDraft | IPsecPolicyDraft]:
        """The policies that the connection did not have before."""
        old = (before.ike_policy, before.ipsec_policy) if before else ()
        return [one.draft() for one in (self.ike, self.ipsec) if one is not None and one not in old]


def missing_fields(fields: ConnectionFields) -> list[Violation]:
    code = "validation_required_field"
    given = {*fields, *(("peer.address",) if {"address", "fqdn"} & fields.get("peer", {}).keys() else ())}
    where = " (peer.fqdn, from version 2024-04-30 of generation 2 on)" if fields.get("api_generation") else ""
    missing = [(name, text.format(where=where)) for name, text in _NEEDED.items() if name not in given]
    return [Violation(code, name, message) for name, message in missing]


def find_policies(
    actor: Actor, fields: ConnectionFields, broken: list[Violation], *, keep: Connection | None = None
) -> Policies:
    """The policies that the fields refer to, or those of `keep` for omitted fields.

    A policy that does not exist is None, and its violation is added to `broken`.
    """
    ike = keep.ike_policy if keep else None
    ipsec = keep.ipsec_policy if keep else None
    if "ike_policy" in fields:
        ike = _policy(actor, IKEPolicy.objects.all(), fields["ike_policy"], "ike", broken)
    if "ipsec_policy" in fields:
        ipsec = _policy(actor, IPsecPolicy.objects.all(), fields["ipsec_policy"], "ipsec", broken)
    return Policies(ike, ipsec)


def _policy(
    actor: Actor, rows: QuerySet[P], reference: Reference | None, kind: str, broken: list[Violation]
) -> P | None:
    if reference is None:
        return None
    noun, collection = str(rows.model._meta.verbose_name), f"{kind}_policies"
    code, field = f"{kind}_policy_not_found", f"{kind}_policy"
    try:
        return find(actor, rows, reference, field=field, code=code, noun=noun, collection=collection)
    except Invalid as error:
        broken += error.violations
        return None


def merge_violations(known: list[Violation], more: list[Violation]) -> list[Violation]:
    """`known`, then `more` without its violations about the same topics: they would only follow from the
    empty value that the rules get for a missing field or an unknown reference."""
    known_topics = {topic_of(violation.field) for violation in known}
    return [*known, *(v for v in more if topic_of(v.field) not in known_topics)]


def other_kind(connection: Connection, fields: ConnectionFields) -> list[Violation]:
    """An address cannot be replaced by a name, nor a name by an address (contract section 8.2)."""
    other = "peer_address" if connection.peer_fqdn else "peer_fqdn"
    if not DECLARED[other].given_in(fields):
        return []
    kind = "name" if connection.peer_fqdn else "address"
    message = f"The peer of this connection is known by its {kind}; that cannot be changed."
    return [Violation("validation_failure", DECLARED[other].path, message)]


def draft_from(fields: ConnectionFields, gateway: Gateway | None, policies: Policies) -> ConnectionDraft:
    """The connection that these fields would create."""
    generation = fields.get("api_generation") or 1
    values = {
        name: declaration.value_in(fields, declaration.default_in(generation))
        for name, declaration in DECLARED.items()
    }
    if "name" not in fields:
        values["name"] = _free_name(gateway)
    return ConnectionDraft(**values, ike=policies.offer(generation), ipsec_single=policies.ipsec_single)


def _free_name(gateway: Gateway | None) -> str:
    return random_name(set(gateway.connections.values_list("name", flat=True)) if gateway else ())


def draft_of(connection: Connection) -> ConnectionDraft:
    """The existing connection."""
    cidrs: dict[str, list[str]] = {"local": [], "peer": []}
    for row in connection.cidrs.all():
        cidrs[row.side].append(row.cidr)
    policies = Policies(connection.ike_policy, connection.ipsec_policy)
    columns = {
        name: declaration.parse(getattr(connection, name))
        for name, declaration in DECLARED.items()
        if declaration.column
    }
    return ConnectionDraft(
        **columns,
        psk=connection.known_psk(),
        local_cidrs=tuple(cidrs["local"]),
        peer_cidrs=tuple(cidrs["peer"]),
        ike=policies.offer(connection.api_generation),
        ipsec_single=policies.ipsec_single,
    )


def fields_of(connection: Connection) -> ConnectionFields:
    """The fields of a connection with the same settings at the other end, without its name, its ends and
    its establish mode. A key that cannot be decrypted is empty."""
    draft, body = draft_of(connection), dict[str, Any]()
    for name, declaration in DECLARED.items():
        if name != "name" and declaration.topic not in _OF_ONE_END:
            put_at(body, declaration.path, getattr(draft, name))
    for name in ("ike_policy", "ipsec_policy"):
        policy = getattr(connection, f"{name}_id")
        body[name] = {"id": str(policy)} if policy else None
    return cast(ConnectionFields, body | {"psk": draft.psk or ""})


def merged(before: ConnectionDraft, fields: ConnectionFields, policies: Policies) -> ConnectionDraft:
    """The connection after an update with these fields; fixed fields are unchanged."""
    values = {
        name: declaration.value_in(fields, getattr(before, name))
        for name, declaration in DECLARED.items()
        if not declaration.fixed
    }
    offer = policies.offer(before.api_generation)
    return replace(before, **values, ike=offer, ipsec_single=policies.ipsec_single)


def changes_between(
    connection: Connection, before: ConnectionDraft, after: ConnectionDraft, policies: Policies
) -> dict[str, tuple[object, object]]:
    """For the audit trail, by the names of `Declaration.audited`; a new key is only reported as changed."""
    pairs: dict[str, tuple[object, object]] = {
        declaration.audited: (getattr(before, name), getattr(after, name))
        for name, declaration in DECLARED.items()
        if not declaration.fixed
    }
    pairs["ike_policy"] = (_name(connection.ike_policy), _name(policies.ike))
    pairs["ipsec_policy"] = (_name(connection.ipsec_policy), _name(policies.ipsec))
    changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return changes | ({"psk": ("set", "changed")} if "psk" in changes else {})


def topics(changed: Iterable[str]) -> set[str]:
    """The topics of changes given by their audited names, to compare with those of violations."""
    by_name = {declaration.audited: declaration.topic for declaration in DECLARED.values()}
    return {by_name.get(name, name) for name in changed}


def _name(policy: IKEPolicy | IPsecPolicy | None) -> str | None:
    return policy.name if policy else None
