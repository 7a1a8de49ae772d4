"""Accounts and who belongs to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from console.core.actor import Actor, Role, Via
from console.core.audit import record, record_person
from console.core.errors import Conflict, Invalid, Violation, not_found
from console.core.models import Account, ApiKey, Membership, ResourceGroup, User
from console.core.names import label_violations
from console.core.services.change import change
from console.core.services.keys import keys_made_by, revoke_api_key
from console.core.services.passwords import check_password_rules

_LONGEST_USERNAME = 150


def create_account(name: str, *, who: str, via: Via = Via.COMMAND) -> Account:
    """A new tenant with its default resource group; `who` and `via` are for the audit trail.

    Raises Invalid when the name is empty, too long or taken.
    """
    name = name.strip()
    with transaction.atomic():
        if broken := label_violations(name, "The name of an account"):
            raise Invalid(broken)
        if Account.objects.filter(name=name).exists():
            message = f"There is an account with the name {name} already."
            raise Invalid([Violation("validation_unique_failed", "name", message)])
        account = Account.objects.create(name=name)
        ResourceGroup.objects.create(account=account, name="default", is_default=True)
        actor = Actor(account.id, who, Role.ADMINISTRATOR, via)
        record(actor, "account.create", account, {"name": (None, name)})
    return account


def default_resource_group(account_id: UUID) -> ResourceGroup:
    """The group of objects that name no other."""
    return ResourceGroup.objects.get(account_id=account_id, is_default=True)


def resolve_resource_group(actor: Actor, reference: Mapping[str, Any] | None) -> ResourceGroup:
    """The group that `reference` identifies; without one the default group.

    `reference` holds exactly one of `id` and `name` (contract section 2.7). Raises Invalid when it
    does not, or when the account has no such group.
    """
    if reference is None:
        return default_resource_group(actor.account_id)
    given = [key for key in reference if reference[key]]
    if len(given) != 1 or given[0] not in ("id", "name"):
        message = "Name the resource group by exactly one of id, name."
        raise Invalid([Violation("validation_only_one", "resource_group", message)])
    way = given[0]
    groups = ResourceGroup.objects.filter(account_id=actor.account_id, **{way: str(reference[way])})
    group = groups.first()
    if group is None:
        message = f"There is no resource group with the {way} {reference[way]} in this account."
        raise Invalid([Violation("validation_invalid_ref", f"resource_group.{way}", message)])
    return group


def resource_group_violations(actor: Actor, reference: Mapping[str, Any] | None) -> list[Violation]:
    """What `resolve_resource_group` would refuse."""
    try:
        if reference is not None:
            resolve_resource_group(actor, reference)
    except Invalid as error:
        return list(error.violations)
    return []


def create_person_without_password(username: str, *, email: str = "", is_superuser: bool = False) -> User:
    """A person who sets their own password by a link (`console.core.services.password_links`).

    Raises Invalid for an empty or taken name.
    """
    user = User(
        username=free_username(username), email=email, is_superuser=is_superuser, is_staff=is_superuser
    )
    user.set_unusable_password()
    save_new_user(user)
    return user


def create_user(username: str, password: str, *, email: str = "", is_superuser: bool = False) -> User:
    """A person who may sign in, with a password of their own choice (or that quickstart generated
    for the first person). Raises Invalid for a taken name or a password that is too weak."""
    user = prepare_user(username, password, email=email, is_superuser=is_superuser)
    save_new_user(user)
    return user


def prepare_user(username: str, password: str, *, email: str = "", is_superuser: bool = False) -> User:
    """As `create_user`, not saved yet: a hash takes its time, and no other writer is to wait for it.

    The password is checked before the name is looked up, so that a weak one gets the same answer
    whether or not the name is taken.
    """
    user = User(
        username=_valid_username(username), email=email, is_superuser=is_superuser, is_staff=is_superuser
    )
    check_password_rules(password, user)
    free_username(user.username)
    user.set_password(password)
    return user


def save_new_user(user: User) -> None:
    """Raises Invalid when the name was taken meanwhile."""
    free_username(user.username)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        # By another transaction, which was not visible above.
        free_username(user.username)
        raise


def rename_user(user: User, username: str, *, who: str) -> None:
    """For commands; pages of the admin site write the row themselves. Raises Invalid."""
    before, name = user.username, free_username(username, exclude=user.pk)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(username=name)
        user.username = name
        details = {"username": name, "former_username": before}
        record_person(
            "person.update",
            user,
            who=who,
            via=Via.COMMAND,
            address="",
            request_id="",
            details=details,
        )


def free_username(username: str, *, exclude: int | None = None) -> str:
    """In the form in which the sign-in page looks for it (NFKC). Names that differ only in the case
    of their letters would be taken for each other in the trail.

    `exclude` is the primary key of the person who is to be renamed. Raises Invalid.
    """
    name = _valid_username(username)
    if taken := User.objects.named_alike(name, exclude=exclude):
        message = f"There is a user {taken.username} already."
        raise Invalid([Violation("validation_unique_failed", "username", message)])
    return name


def _valid_username(username: str) -> str:
    """Normalized (NFKC), whether or not it is taken. Raises Invalid."""
    name = User.normalize_username(username)
    if not name.strip():
        raise Invalid([Violation("validation_required_field", "username", "A user name is needed.")])
    if len(name) > _LONGEST_USERNAME:
        message = f"A user name has at most {_LONGEST_USERNAME} characters; this has {len(name)}."
        raise Invalid([Violation("validation_failure", "username", message)])
    try:
        User._meta.get_field("username").run_validators(name)
    except ValidationError as error:
        broken = [Violation("validation_failure", "username", text) for text in error.messages]
        raise Invalid(broken) from None
    return name


def add_member(actor: Actor, user: User, role: Role) -> Membership:
    """For the first start and for commands: pages invite (`console.core.services.invitations`).

    Raises NotAllowed, or Invalid when the user belongs to the account already."""
    with change(actor, Role.ADMINISTRATOR):
        if Membership.objects.filter(account_id=actor.account_id, user=user).exists():
            message = f"{user.username} belongs to this account already."
            raise Invalid([Violation("validation_unique_failed", "user", message)])
        member = Membership.objects.create(account_id=actor.account_id, user=user, role=role.value)
        record(actor, "member.add", member, {"user": (None, user.username), "role": (None, role.value)})
    return member


def set_role(actor: Actor, membership_id: int, role: Role) -> Membership:
    """Raises NotAllowed, NotFound, or Conflict when no administrator would be left."""
    with change(actor, Role.ADMINISTRATOR):
        member = _member(actor, membership_id)
        before, member.role = member.role, role.value
        if role is not Role.ADMINISTRATOR:
            _keep_an_administrator(actor, member)
        if member.role != before:
            member.save(update_fields=["role"])
            record(actor, "member.update", member, {"role": (before, role.value)})
    return member


def remove_member(actor: Actor, membership_id: int, *, revoke: Collection[UUID] = ()) -> list[ApiKey]:
    """Also revokes those API keys of `revoke` that the member made; returns those that remain valid.

    Raises NotAllowed, NotFound, or Conflict when no administrator would be left.
    """
    with change(actor, Role.ADMINISTRATOR):
        return _remove(actor, _member(actor, membership_id), revoke)


def leave_account(actor: Actor, *, revoke: Collection[UUID] = ()) -> list[ApiKey]:
    """The person leaves by themselves; an administrator may revoke API keys as in `remove_member`.

    Raises NotFound for who is no member (a superuser acts in any account), or Conflict when no
    administrator would be left.
    """
    with change(actor, Role.VIEWER):
        rows = Membership.objects.select_related("user").filter(account_id=actor.account_id)
        own = None if actor.user_id is None else rows.filter(user_id=actor.user_id).first()
        if own is None:
            raise not_found("not_found", "member", actor.who)
        return _remove(actor, own, revoke if actor.may(Role.ADMINISTRATOR) else ())


def _remove(actor: Actor, member: Membership, revoke: Collection[UUID]) -> list[ApiKey]:
    _keep_an_administrator(actor, member)
    made = list(keys_made_by(actor.account_id, member.user_id))
    for key in made:
        if key.pk in revoke:
            revoke_api_key(actor, key.pk)
    changes = {"user": (member.user.username, None), "role": (member.role, None)}
    record(actor, "member.remove", member, changes)
    member.delete()
    return [key for key in made if key.pk not in revoke]


def _member(actor: Actor, membership_id: int) -> Membership:
    rows = Membership.objects.select_related("user", "account").filter(account_id=actor.account_id)
    member = rows.filter(pk=membership_id).first()
    if member is None:
        raise not_found("not_found", "member", membership_id)
    return member


def _keep_an_administrator(actor: Actor, leaving: Membership) -> None:
    others = Membership.objects.filter(account_id=actor.account_id, role=Role.ADMINISTRATOR.value)
    if not others.exclude(pk=leaving.pk).exists():
        message = "An account needs an administrator; name another one first."
        raise Conflict([Violation("invalid_state", "role", message)])
