"""Changes of an account itself: its name, limits, settings and resource groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.conf import settings
from django.db.models import ProtectedError

from console.core.actor import Actor, Role
from console.core.audit import record
from console.core.errors import Conflict, Invalid, Violation, not_found
from console.core.models import Account, ResourceGroup
from console.core.names import label_violations
from console.core.services.change import change


def update_account(
    actor: Actor, *, name: str | None = None, quotas: object = None, api_keys_read_psk: bool | None = None
) -> Account:
    """`quotas` replaces all overrides: {name of a limit: whole number}. None leaves a field as it is.

    Raises NotAllowed, or Invalid for a bad or taken name, for limits that do not exist, and for
    quotas that are no such object.
    """
    with change(actor, Role.ADMINISTRATOR) as account:
        fields = ("name", "quotas", "api_keys_read_psk")
        before = {field: getattr(account, field) for field in fields}
        new_name = account.name if name is None else name.strip()
        others = set(Account.objects.exclude(pk=account.pk).values_list("name", flat=True))
        if broken := [*_name_violations(new_name, others, "account"), *_quota_violations(quotas)]:
            raise Invalid(broken)
        account.name = new_name
        if isinstance(quotas, Mapping):
            account.quotas = dict(quotas)
        if api_keys_read_psk is not None:
            account.api_keys_read_psk = api_keys_read_psk
        changes = {field: (before[field], getattr(account, field)) for field in fields}
        if any(old != new for old, new in changes.values()):
            account.save(update_fields=fields)
            record(actor, "account.update", account, changes)
    return account


def create_resource_group(actor: Actor, name: str) -> ResourceGroup:
    """Raises NotAllowed, or Invalid for a bad or taken name."""
    with change(actor, Role.ADMINISTRATOR) as account:
        name = _checked_group_name(actor, name)
        group = ResourceGroup.objects.create(account=account, name=name)
        record(actor, "resource_group.create", group, {"name": (None, name)})
    return group


def rename_resource_group(actor: Actor, group_id: str, name: str) -> ResourceGroup:
    """Raises NotAllowed, NotFound, or Invalid for a bad or taken name."""
    with change(actor, Role.ADMINISTRATOR):
        group = _group(actor, group_id)
        before, group.name = group.name, _checked_group_name(actor, name, exclude=group_id)
        if group.name != before:
            group.save(update_fields=["name"])
            record(actor, "resource_group.update", group, {"name": (before, group.name)})
    return group


def delete_resource_group(actor: Actor, group_id: str) -> None:
    """Raises NotAllowed, NotFound, or Conflict for the default group and while anything is in it."""
    with change(actor, Role.ADMINISTRATOR):
        group = _group(actor, group_id)
        if group.is_default:
            message = "An account keeps its default resource group."
            raise Conflict([Violation("invalid_state", "id", message)])
        record(actor, "resource_group.delete", group, {"name": (group.name, None)})
        try:
            group.delete()
        except ProtectedError:
            message = f"The resource group {group.name} is not empty; delete what is in it first."
            raise Conflict([Violation("invalid_state", "id", message)]) from None


def _group(actor: Actor, group_id: str) -> ResourceGroup:
    group = ResourceGroup.objects.filter(account_id=actor.account_id, pk=group_id).first()
    if group is None:
        raise not_found("not_found", "resource group", group_id)
    return group


def _checked_group_name(actor: Actor, name: str, exclude: str = "") -> str:
    name = name.strip()
    groups = ResourceGroup.objects.filter(account_id=actor.account_id).exclude(pk=exclude)
    if broken := _name_violations(name, set(groups.values_list("name", flat=True)), "resource group"):
        raise Invalid(broken)
    return name


def _name_violations(name: str, others: Collection[str], noun: str) -> list[Violation]:
    if broken := label_violations(name, f"The {noun}'s name"):
        return broken
    if name in others:
        message = f"Another {noun} is called {name}."
        return [Violation("validation_unique_failed", "name", message)]
    return []


def _quota_violations(quotas: object) -> list[Violation]:
    if quotas is None:
        return []
    if not isinstance(quotas, Mapping):
        message = 'quotas is an object of limits and whole numbers, such as {"gateways": 50}; this is not.'
        return [Violation("validation_invalid_field_type", "quotas", message)]
    unknown = [name for name in quotas if name not in settings.QUOTAS]
    wrong = [name for name, value in quotas.items() if not _is_limit(value)]
    broken = []
    if unknown:
        message = f"There is no limit {', '.join(unknown)}; there are {', '.join(settings.QUOTAS)}."
        broken.append(Violation("validation_enum", "quotas", message))
    if wrong:
        message = f"A limit is a whole number from 0 up; {', '.join(wrong)} is not."
        broken.append(Violation("validation_invalid_field_type", "quotas", message))
    return broken


def _is_limit(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
