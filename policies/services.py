"""Policies: create, change, delete. Whoever uses one hears of its changes by `policy_changed`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import ProtectedError, QuerySet

from console.actor import Actor, Role
from console.audit import record
from console.errors import Conflict, Invalid, Violation, not_found
from console.names import random_name
from console.quotas import limits_for
from console.services import resolve_resource_group
from console.services.change import change
from policies.domain.algorithms import canonical
from policies.domain.checks import (
    IKE_LIFETIME,
    IPSEC_LIFETIME,
    IKEPolicyDraft,
    IPsecPolicyDraft,
    PolicyFacts,
    ike_violations,
    ipsec_violations,
)
from policies.models import IKEPolicy, IPsecPolicy
from policies.signals import policy_changed

Fields = Mapping[str, Any]
P = TypeVar("P", IKEPolicy, IPsecPolicy)

# What a field that is missing counts as while the others are checked.
_NEEDED: dict[type, dict[str, Any]] = {
    IKEPolicy: {
        "authentication_algorithm": "sha256",
        "encryption_algorithm": "aes256",
        "dh_group": 14,
        "ike_version": 2,
    },
    IPsecPolicy: {"authentication_algorithm": "sha256", "encryption_algorithm": "aes256", "pfs": "disabled"},
}
_OPTIONAL: dict[type, dict[str, Any]] = {
    IKEPolicy: {"key_lifetime": IKE_LIFETIME},
    IPsecPolicy: {"key_lifetime": IPSEC_LIFETIME},
}
_LISTS = {
    "authentication_algorithm": "authentication_algorithms",
    "encryption_algorithm": "encryption_algorithms",
    "dh_group": "dh_groups",
    "pfs": "pfs_groups",
}


def ike_policies_of(actor: Actor) -> QuerySet[IKEPolicy]:
    return IKEPolicy.objects.owned_by(actor).select_related("resource_group")


def ipsec_policies_of(actor: Actor) -> QuerySet[IPsecPolicy]:
    return IPsecPolicy.objects.owned_by(actor).select_related("resource_group")


def get_ike_policy(actor: Actor, policy_id: UUID) -> IKEPolicy:
    """Raises NotFound."""
    return _get(ike_policies_of(actor), policy_id)


def get_ipsec_policy(actor: Actor, policy_id: UUID) -> IPsecPolicy:
    """Raises NotFound."""
    return _get(ipsec_policies_of(actor), policy_id)


def check_ike_policy(actor: Actor, fields: Fields) -> list[Violation]:
    """What `create_ike_policy` would refuse; writes nothing."""
    return _creation_violations(actor, IKEPolicy, fields)


def check_ipsec_policy(actor: Actor, fields: Fields) -> list[Violation]:
    """What `create_ipsec_policy` would refuse; writes nothing."""
    return _creation_violations(actor, IPsecPolicy, fields)


def create_ike_policy(actor: Actor, fields: Fields) -> IKEPolicy:
    """Raises NotAllowed, Invalid."""
    return _create(actor, IKEPolicy, fields)


def create_ipsec_policy(actor: Actor, fields: Fields) -> IPsecPolicy:
    """Raises NotAllowed, Invalid."""
    return _create(actor, IPsecPolicy, fields)


def update_ike_policy(actor: Actor, policy_id: UUID, fields: Fields) -> IKEPolicy:
    """Gateways that use it take the change over; their tunnels may drop for a moment.

    Raises NotAllowed, NotFound, Invalid.
    """
    return _update(actor, policy_id, fields, get_ike_policy)


def update_ipsec_policy(actor: Actor, policy_id: UUID, fields: Fields) -> IPsecPolicy:
    """As `update_ike_policy`."""
    return _update(actor, policy_id, fields, get_ipsec_policy)


def delete_ike_policy(actor: Actor, policy_id: UUID) -> None:
    """Raises NotAllowed, NotFound, or Conflict while a connection uses it."""
    _delete(actor, policy_id, get_ike_policy)


def delete_ipsec_policy(actor: Actor, policy_id: UUID) -> None:
    """Raises NotAllowed, NotFound, or Conflict while a connection uses it."""
    _delete(actor, policy_id, get_ipsec_policy)


def _kind(model: type[IKEPolicy] | type[IPsecPolicy]) -> str:
    return "ike_policy" if model is IKEPolicy else "ipsec_policy"


def _get(rows: QuerySet[P], policy_id: UUID) -> P:
    policy = rows.filter(pk=policy_id).first()
    if policy is None:
        noun = str(rows.model._meta.verbose_name)
        raise not_found(f"{_kind(rows.model)}_not_found", noun, policy_id)
    return policy


def _create(actor: Actor, model: type[P], fields: Fields) -> P:
    with change(actor, Role.EDITOR) as account:
        taken = set(model.objects.owned_by(actor).values_list("name", flat=True))
        fields = fields if "name" in fields else {**fields, "name": random_name(taken)}
        if broken := _creation_violations(actor, model, fields):
            raise Invalid(broken)
        group = resolve_resource_group(actor, fields.get("resource_group"))
        policy = model(account=account, resource_group=group)
        values = _values(model, fields)
        _fill(policy, values)
        policy.save(force_insert=True)
        record(actor, f"{_kind(model)}.create", policy, {name: (None, v) for name, v in values.items()})
    return policy


def _update(actor: Actor, policy_id: UUID, fields: Fields, get: Callable[[Actor, UUID], P]) -> P:
    with change(actor, Role.EDITOR):
        policy = get(actor, policy_id)
        before = _values_of(policy)
        after = before | {name: value for name, value in fields.items() if name in before}
        after["encryption_algorithm"] = canonical(after["encryption_algorithm"])
        if broken := _violations(actor, type(policy), after, but=policy):
            raise Invalid(broken)
        changes = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
        if changes:
            _fill(policy, after)
            policy.save()
            record(actor, f"{_kind(type(policy))}.update", policy, changes)
            policy_changed.send(type(policy), policy=policy)
    return policy


def _delete(actor: Actor, policy_id: UUID, get: Callable[[Actor, UUID], P]) -> None:
    with change(actor, Role.EDITOR):
        policy = get(actor, policy_id)
        kind, name = _kind(type(policy)), policy.name
        record(actor, f"{kind}.delete", policy, {"name": (name, None)})
        try:
            policy.delete()
        except ProtectedError as error:
            users = sorted(str(row) for row in error.protected_objects)
            shown = ", ".join(users[:5]) + (", ..." if len(users) > 5 else "")
            count = f"{len(users)} VPN connection{'s' if len(users) > 1 else ''}"
            message = f"The policy {name} is used by {count} ({shown}); choose another there first."
            raise Conflict([Violation(f"{kind}_in_use", "id", message)]) from None


def _creation_violations(
    actor: Actor, model: type[IKEPolicy] | type[IPsecPolicy], fields: Fields
) -> list[Violation]:
    needed = _NEEDED[model]
    missing = [
        Violation("validation_required_field", name, f"The field {name} is required.")
        for name in needed
        if name not in fields
    ]
    return [*missing, *_group(actor, fields), *_violations(actor, model, _values(model, fields))]


def _group(actor: Actor, fields: Fields) -> list[Violation]:
    try:
        resolve_resource_group(actor, fields.get("resource_group"))
    except Invalid as error:
        return list(error.violations)
    return []


def _violations(
    actor: Actor, model: type[IKEPolicy] | type[IPsecPolicy], values: Fields, but: object = None
) -> list[Violation]:
    rows = dict(model.objects.owned_by(actor).values_list("name", "pk"))
    facts = PolicyFacts(
        other_names={name for name, pk in rows.items() if pk != getattr(but, "pk", None)},
        existing=len(rows),
        quota=limits_for(actor.account_id)["ike_policies" if model is IKEPolicy else "ipsec_policies"],
        creating=but is None,
    )
    if model is IKEPolicy:
        return ike_violations(IKEPolicyDraft(**values), facts=facts)
    return ipsec_violations(IPsecPolicyDraft(**values), facts=facts)


def _values(model: type[IKEPolicy] | type[IPsecPolicy], fields: Fields) -> dict[str, Any]:
    """Everything a policy consists of, with defaults where `fields` is silent."""
    whole = {"name": "a", **_NEEDED[model], **_OPTIONAL[model]}
    values = {name: fields.get(name, default) for name, default in whole.items()}
    return values | {"encryption_algorithm": canonical(values["encryption_algorithm"])}


def _values_of(policy: IKEPolicy | IPsecPolicy) -> dict[str, Any]:
    whole = {"name": "", **_NEEDED[type(policy)], **_OPTIONAL[type(policy)]}
    return {name: getattr(policy, name) for name in whole}


def _fill(policy: IKEPolicy | IPsecPolicy, values: Fields) -> None:
    for name, value in values.items():
        if name in _LISTS:
            setattr(policy, _LISTS[name], [value])
        else:
            setattr(policy, name, value)
