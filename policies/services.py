"""Policies: create, change, delete. The signal `policy_changed` announces changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import ProtectedError, QuerySet

from console.core.actor import Actor, Role
from console.core.audit import record
from console.core.errors import Conflict, Invalid, Violation, not_found
from console.core.names import random_name
from console.core.quotas import limits_for
from console.core.services import resolve_resource_group, resource_group_violations
from console.core.services.change import change
from policies.domain.algorithms import PFS_DISABLED
from policies.domain.checks import (
    IKE_LIFETIME,
    IPSEC_LIFETIME,
    IKEPolicyDraft,
    IPsecPolicyDraft,
    PolicyFacts,
    ike_violations,
    ipsec_violations,
)
from policies.domain.generations import EVERYTHING, ApiAlgorithms
from policies.domain.spelling import as_given, audited, given_twice, listed, singular
from policies.models import IKEPolicy, IPsecPolicy
from policies.signals import policy_changed

Fields = Mapping[str, Any]
P = TypeVar("P", IKEPolicy, IPsecPolicy)

# Values of missing fields while the others are validated.
_NEEDED: dict[type, dict[str, Any]] = {
    IKEPolicy: {
        "authentication_algorithms": ("sha256",),
        "encryption_algorithms": ("aes256",),
        "dh_groups": (14,),
        "ike_version": 2,
    },
    IPsecPolicy: {
        "authentication_algorithms": ("sha256",),
        "encryption_algorithms": ("aes256",),
        "pfs_groups": (PFS_DISABLED,),
    },
}
_OPTIONAL: dict[type, dict[str, Any]] = {
    IKEPolicy: {"key_lifetime": IKE_LIFETIME},
    IPsecPolicy: {"key_lifetime": IPSEC_LIFETIME},
}
# Other fields whose rules a change can break.
_REACH = {
    "ike_version": {"authentication_algorithms", "encryption_algorithms", "dh_groups"},
    "encryption_algorithms": {"authentication_algorithms"},
    "authentication_algorithms": {"encryption_algorithms"},
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


def check_ike_policy(actor: Actor, fields: Fields, algorithms: ApiAlgorithms = EVERYTHING) -> list[Violation]:
    """The violations that `create_ike_policy` would raise; writes nothing."""
    return _creation_violations(actor, IKEPolicy, fields, algorithms)


def check_ipsec_policy(
    actor: Actor, fields: Fields, algorithms: ApiAlgorithms = EVERYTHING
) -> list[Violation]:
    """The violations that `create_ipsec_policy` would raise; writes nothing."""
    return _creation_violations(actor, IPsecPolicy, fields, algorithms)


def create_ike_policy(actor: Actor, fields: Fields, algorithms: ApiAlgorithms = EVERYTHING) -> IKEPolicy:
    """`algorithms` are those of the requested API generation; the console accepts all. Raises NotAllowed,
    Invalid."""
    return _create(actor, IKEPolicy, fields, algorithms)


def create_ipsec_policy(actor: Actor, fields: Fields, algorithms: ApiAlgorithms = EVERYTHING) -> IPsecPolicy:
    """As `create_ike_policy`."""
    return _create(actor, IPsecPolicy, fields, algorithms)


def update_ike_policy(
    actor: Actor, policy_id: UUID, fields: Fields, algorithms: ApiAlgorithms = EVERYTHING
) -> IKEPolicy:
    """Gateways that use it take the change over; their tunnels may drop for a moment.

    What a generation does not know stays in the policy until that field is changed. Raises
    NotAllowed, NotFound, Invalid.
    """
    return _update(actor, policy_id, fields, algorithms, get_ike_policy)


def update_ipsec_policy(
    actor: Actor, policy_id: UUID, fields: Fields, algorithms: ApiAlgorithms = EVERYTHING
) -> IPsecPolicy:
    """As `update_ike_policy`."""
    return _update(actor, policy_id, fields, algorithms, get_ipsec_policy)


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


def _create(actor: Actor, model: type[P], fields: Fields, algorithms: ApiAlgorithms) -> P:
    with change(actor, Role.EDITOR) as account:
        taken = set(model.objects.owned_by(actor).values_list("name", flat=True))
        fields = fields if "name" in fields else {**fields, "name": random_name(taken)}
        if broken := _creation_violations(actor, model, fields, algorithms):
            raise Invalid(broken)
        group = resolve_resource_group(actor, fields.get("resource_group"))
        policy = model(account=account, resource_group=group)
        values = _values(model, listed(fields))
        _fill(policy, values)
        policy.save(force_insert=True)
        record(
            actor, f"{_kind(model)}.create", policy, audited((name, None, v) for name, v in values.items())
        )
    return policy


def _update(
    actor: Actor, policy_id: UUID, fields: Fields, algorithms: ApiAlgorithms, get: Callable[[Actor, UUID], P]
) -> P:
    with change(actor, Role.EDITOR):
        policy = get(actor, policy_id)
        before = _values_of(policy)
        given = listed(fields)
        after = before | {name: value for name, value in given.items() if name in before}
        changed = {name for name in given if name not in before or before[name] != after[name]}
        broken = _violations(actor, type(policy), after, algorithms, existing=policy)
        broken = given_twice(fields) + [one for one in broken if _is_about(one, changed)]
        if broken:
            raise Invalid(as_given(broken, fields))
        changes = audited((name, before[name], after[name]) for name in after if before[name] != after[name])
        if changes:
            _fill(policy, after)
            policy.save()
            record(actor, f"{_kind(type(policy))}.update", policy, changes)
            policy_changed.send(type(policy), policy=policy)
    return policy


def _is_about(violation: Violation, given: set[str]) -> bool:
    """Of a field that changes; or of what must fit it, not of a word that has been there before."""
    field = violation.field.partition("[")[0]
    reach = set().union(*(_REACH.get(name, set()) for name in given))
    return field in given or (field in reach and violation.code == "validation_failure")


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
    actor: Actor, model: type[IKEPolicy] | type[IPsecPolicy], fields: Fields, algorithms: ApiAlgorithms
) -> list[Violation]:
    given = listed(fields)
    names = singular if algorithms.most == (1, 1) else str
    missing = [names(name) for name in _NEEDED[model] if name not in given]
    found = [
        Violation("validation_required_field", name, f"The field {name} is required.") for name in missing
    ]
    found += given_twice(fields) + resource_group_violations(actor, fields.get("resource_group"))
    return as_given(found + _violations(actor, model, _values(model, given), algorithms), fields)


def _violations(
    actor: Actor,
    model: type[IKEPolicy] | type[IPsecPolicy],
    values: Fields,
    algorithms: ApiAlgorithms,
    existing: IKEPolicy | IPsecPolicy | None = None,
) -> list[Violation]:
    rows = dict(model.objects.owned_by(actor).values_list("name", "pk"))
    facts = PolicyFacts(
        other_names={name for name, pk in rows.items() if pk != getattr(existing, "pk", None)},
        existing=len(rows),
        quota=limits_for(actor.account_id)["ike_policies" if model is IKEPolicy else "ipsec_policies"],
        creating=existing is None,
        algorithms=algorithms,
    )
    if model is IKEPolicy:
        draft = IKEPolicyDraft(**values)
        if existing is not None and draft.ike_version == 1:
            facts = replace(facts, beside_several=_several_beside(existing.pk))
        return ike_violations(draft, facts=facts)
    if existing is not None:
        facts = replace(
            facts, used_with_ikev1=existing.connections.filter(ike_policy__ike_version=1).exists()
        )
    return ipsec_violations(IPsecPolicyDraft(**values), facts=facts)


def _several_beside(policy_id: UUID) -> str:
    """The name of an IPsec policy with several algorithms that a connection uses together with this one."""
    used = IPsecPolicy.objects.filter(connections__ike_policy=policy_id)
    return next((row.name for row in used if not row.single_valued), "")


def _values(model: type[IKEPolicy] | type[IPsecPolicy], given: Fields) -> dict[str, Any]:
    """All fields of a policy, with defaults for those that are not in `given`."""
    whole = {"name": "a", **_NEEDED[model], **_OPTIONAL[model]}
    return {name: given.get(name, default) for name, default in whole.items()}


def _values_of(policy: IKEPolicy | IPsecPolicy) -> dict[str, Any]:
    whole = {"name": "", **_NEEDED[type(policy)], **_OPTIONAL[type(policy)]}
    values = {name: getattr(policy, name) for name in whole}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}


def _fill(policy: IKEPolicy | IPsecPolicy, values: Fields) -> None:
    for name, value in values.items():
        setattr(policy, name, list(value) if isinstance(value, tuple) else value)
