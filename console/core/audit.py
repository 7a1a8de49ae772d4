"""The audit trail's only writer: called inside the transaction of the change it records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.apps import apps

from console.core.actor import Actor, Via
from console.core.models import AuditEvent, Membership, User

# The longest request id that a caller may set, kept whole.
_REQUEST_ID = 128
# For these only the fact of a change is recorded, never a value.
SECRETS = frozenset({"psk", "psk_sealed", "psk_id", "password", "digest", "key"})
CHANGED = "changed"


class Audited(Protocol):
    """A model whose changes are recorded. `audit_type` is the code of its kind in the audit trail:
    it never changes, whatever the model or its label is called, so that history stays together.
    The first part of an action is the code of its target."""

    audit_type: ClassVar[str]

    @property
    def pk(self) -> Any: ...


def target_label(target_type: str) -> str:
    """The label of the kind of object with this code, such as "VPN gateway"."""
    for model in apps.get_models():
        if getattr(model, "audit_type", "") == target_type:
            return str(model._meta.verbose_name)
    return target_type.replace("_", " ")


def record(
    actor: Actor, action: str, target: Audited, changes: Mapping[str, tuple[object, object]]
) -> AuditEvent:
    """One event: `actor` did `action` (for example "vpn_gateway.create") to `target`.

    `changes` is {field: (before, after)}; fields that did not change are left out, secrets are
    kept as the word "changed". Must run in the transaction of the change itself.
    """
    event = _event(actor, action, target, changes)
    event.save(force_insert=True)
    return event


def record_each(actor: Actor, action: str, targets: Iterable[Audited]) -> None:
    """An event without changes for each of `targets`, in one query."""
    AuditEvent.objects.bulk_create(_event(actor, action, target, {}) for target in targets)


def _event(
    actor: Actor, action: str, target: Audited, changes: Mapping[str, tuple[object, object]]
) -> AuditEvent:
    return AuditEvent(
        account_id=actor.account_id,
        who=actor.who[:150],
        via=actor.via.value,
        address=actor.address[:45],
        request_id=actor.request_id[:_REQUEST_ID],
        action=action,
        target_type=target.audit_type,
        target_id=str(target.pk),
        target_name=str(getattr(target, "name", "") or target)[:150],
        changes={
            field: CHANGED if field in SECRETS else [_plain(before), _plain(after)]
            for field, (before, after) in changes.items()
            if before != after
        },
    )


def record_person(
    action: str,
    person: Audited,
    fields: Iterable[str] = (),
    *,
    who: str,
    address: str,
    request_id: str,
    via: Via = Via.ADMIN,
    details: Mapping[str, object] | None = None,
) -> None:
    """An event of a person: one in the trail of each account they belong to, or one in the
    installation's (an event without an account, which superusers see) when they belong to none.

    `fields` changed, of which no value is kept; `details` is {field: value}.
    """
    record_name(
        action,
        str(person),
        fields,
        person_id=str(person.pk),
        accounts=Membership.objects.filter(user_id=person.pk).values_list("account_id", flat=True),
        who=who,
        address=address,
        request_id=request_id,
        via=via,
        details=details,
    )


def record_name(
    action: str,
    name: str,
    fields: Iterable[str] = (),
    *,
    who: str,
    address: str,
    request_id: str,
    person_id: str = "",
    accounts: Iterable[UUID] = (),
    via: Via = Via.ADMIN,
    details: Mapping[str, object] | None = None,
) -> None:
    """As `record_person`, for a name that may not be that of any person."""
    changes: dict[str, object] = dict.fromkeys(fields, CHANGED)
    changes |= {field: [None, _plain(value)] for field, value in (details or {}).items()}
    AuditEvent.objects.bulk_create(
        AuditEvent(
            account_id=account_id,
            who=who[:150],
            via=via.value,
            address=address[:45],
            request_id=request_id[:_REQUEST_ID],
            action=action,
            target_type=User.audit_type,
            target_id=person_id,
            target_name=name[:150],
            changes=changes,
        )
        for account_id in (*accounts,) or (None,)
    )


def _plain(value: object) -> Any:
    """The value as JSON keeps it; anything unusual as its text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return str(value)
