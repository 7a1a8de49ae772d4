"""Invitations to an account: made by an administrator, accepted by the person they are for.

Nobody is made a member without accepting, and nobody sets another person's password.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from console.core.actor import Actor, Role, Via
from console.core.audit import record, record_person
from console.core.errors import Conflict, Invalid, NotFound, Violation, not_found
from console.core.models import Invitation, Membership, User
from console.core.names import label_violations
from console.core.services.accounts import prepare_user, save_new_user
from console.core.services.change import change
from console.core.services.sign_in_limits import TooManyFailures, begin_attempt

LIFETIME = timedelta(days=7)
# Open ones of an account.
MOST = 50
# User names that are taken, asked for by the holder of one invitation, before it is revoked.
MOST_REFUSED_NAMES = 10
_GONE = "This invitation has expired, has been used or was revoked. Ask for another one."
_UNIQUE = "validation_unique_failed"
_TAKEN = "This user name cannot be used: choose another one, or sign in to accept if it is yours."


def open_invitations(account_id: UUID) -> QuerySet[Invitation]:
    """Those whose links can be accepted; the newest first."""
    return _open().filter(account_id=account_id)


def _open() -> QuerySet[Invitation]:
    """Neither accepted, revoked nor expired, and created by a person who is still an administrator of
    the account: nobody can return by an invitation of their own after they were removed."""
    administers = Q(
        memberships__account_id=OuterRef("account_id"), memberships__role=Role.ADMINISTRATOR.value
    )
    creators = User.objects.filter(username=OuterRef("created_by"), is_active=True)
    able = Exists(creators.filter(Q(is_superuser=True) | administers))
    return Invitation.objects.filter(able, accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())


def create_invitation(actor: Actor, *, role: Role, label: str, email: str = "") -> tuple[Invitation, str]:
    """The row, and the secret part of its link, which cannot be shown again.

    Raises NotAllowed, Invalid for a bad label or e-mail address, Conflict when too many are open.
    """
    label, email = label.strip(), email.strip()
    token = secrets.token_urlsafe(32)
    with change(actor, Role.ADMINISTRATOR):
        if broken := [*_label_violations(label), *_email_violations(email)]:
            raise Invalid(broken)
        if open_invitations(actor.account_id).count() >= MOST:
            message = f"The account has {MOST} open invitations; revoke one first."
            raise Conflict([Violation("over_quota", "", message)])
        row = Invitation.objects.create(
            account_id=actor.account_id,
            role=role.value,
            label=label,
            email=email,
            digest=_digest(token),
            created_by=actor.who[:150],
            expires_at=timezone.now() + LIFETIME,
        )
        changes = {"label": (None, label), "role": (None, role.value), "email": ("", email)}
        record(actor, "invitation.create", row, {**changes, "expires_at": (None, row.expires_at)})
    return row, token


def revoke_invitation(actor: Actor, invitation_id: UUID) -> Invitation:
    """Invalidates its link. Raises NotAllowed, NotFound, Conflict once it is accepted."""
    with change(actor, Role.ADMINISTRATOR):
        row = Invitation.objects.filter(account_id=actor.account_id, pk=invitation_id).first()
        if row is None:
            raise not_found("not_found", "invitation", invitation_id)
        if row.accepted_at is not None:
            message = f"The invitation for {row.label} is accepted already; remove the member instead."
            raise Conflict([Violation("invalid_state", "", message)])
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            record(actor, "invitation.revoke", row, {"revoked_at": (None, row.revoked_at)})
    return row


def find_invitation(token: str) -> Invitation | None:
    """The open invitation of this link, with its account."""
    return _open().filter(digest=_digest(token)).select_related("account").first()


def accept_invitation(user: User, token: str, *, address: str, request_id: str) -> Membership:
    """The person becomes a member, once. Raises NotFound for an invalid link,
    Invalid when they belong to the account already: then the invitation stays open."""
    with transaction.atomic():
        row = _open().select_for_update().filter(digest=_digest(token)).first()
        if row is None:
            raise NotFound([Violation("not_found", "", _GONE)])
        if Membership.objects.filter(account_id=row.account_id, user=user).exists():
            message = f"{user.username} belongs to this account already; the invitation stays open."
            raise Invalid([Violation(_UNIQUE, "", message)])
        member = Membership.objects.create(account_id=row.account_id, user=user, role=row.role)
        row.accepted_at, row.accepted_by = timezone.now(), user
        row.save(update_fields=["accepted_at", "accepted_by"])
        actor = Actor(
            row.account_id, user.username, Role(row.role), Via.CONSOLE, address, request_id, user.pk
        )
        changes = {"user": (None, user.username), "role": (None, row.role)}
        record(actor, "member.add", member, {**changes, "invited_by": (None, row.created_by)})
    return member


def accept_as_new_person(token: str, username: str, password: str, *, address: str, request_id: str) -> User:
    """A person who is new here, with a name and password of their own, as a member.

    Which names exist is for members only, so that a name that is taken is refused after everything
    else was found right (one that is free uses up the invitation), counts as a wrong password of that
    name from this address, and revokes the invitation after MOST_REFUSED_NAMES.

    Raises NotFound as `accept_invitation`, Invalid for a taken name or a weak password, and
    TooManyFailures.
    """
    invitation = find_invitation(token)
    if invitation is None:
        raise NotFound([Violation("not_found", "", _GONE)])
    attempt, taken = begin_attempt(username, address), False
    try:
        return _create_member(token, username, password, address, request_id)
    except Invalid as error:
        taken = any(one.field == "username" and one.code == _UNIQUE for one in error.violations)
        if not taken:
            raise
        _count_refused_name(invitation, address, request_id)
        if seconds := attempt.failed():
            raise TooManyFailures(seconds) from None
        raise Invalid([Violation(_UNIQUE, "username", _TAKEN)]) from None
    finally:
        if not taken:
            attempt.cancelled()


def _create_member(token: str, username: str, password: str, address: str, request_id: str) -> User:
    # Before the transaction: no writer waits for a hash.
    user = prepare_user(username, password)
    with transaction.atomic():
        save_new_user(user)
        record_person(
            "person.create",
            user,
            ["username", "password"],
            who=user.username,
            via=Via.CONSOLE,
            address=address,
            request_id=request_id,
        )
        accept_invitation(user, token, address=address, request_id=request_id)
    return user


def _count_refused_name(invitation: Invitation, address: str, request_id: str) -> None:
    rows = Invitation.objects.filter(pk=invitation.pk)
    with transaction.atomic():
        rows.update(refused_names=F("refused_names") + 1)
        used_up = rows.filter(refused_names__gte=MOST_REFUSED_NAMES, revoked_at=None)
        if used_up.update(revoked_at=timezone.now()):
            who = f"holder of the invitation for {invitation.label}"
            actor = Actor(invitation.account_id, who, Role.VIEWER, Via.CONSOLE, address, request_id)
            changes = {"refused_names": (None, MOST_REFUSED_NAMES)}
            record(actor, "invitation.revoke", invitation, changes)


def _label_violations(label: str) -> list[Violation]:
    return [one._replace(field="label") for one in label_violations(label, "The name of the person invited")]


def _email_violations(email: str) -> list[Violation]:
    if email:
        try:
            validate_email(email)
        except ValidationError:
            message = "This is not an e-mail address; write one such as dana@example.com, or none."
            return [Violation("validation_failure", "email", message)]
    return []


def _digest(token: str) -> str:
    """Tokens are random (256 bits), so a plain hash keeps them safe and is fast to look up."""
    return hashlib.sha256(token.encode()).hexdigest()
