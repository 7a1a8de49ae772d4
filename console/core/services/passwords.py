"""Changing one's own password."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction

from console.core.actor import Via
from console.core.audit import record_person
from console.core.errors import Invalid, Violation
from console.core.models import User
from console.core.services.sign_ins import Source

RULES = "12 to 128 characters; no common password, no repetition or sequence, and not like your name."


def check_password_rules(password: str, user: User) -> None:
    """Raises Invalid, with one violation for each rule that is broken."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            [Violation("validation_failure", "password", text) for text in error.messages]
        ) from None


def change_password(user: User, password: str, source: Source, *, keep: str | None) -> None:
    """The person's other sessions end with it; `keep` is the key of the one that stays, which its
    request has to renew by `update_session_auth_hash`. Raises Invalid."""
    check_password_rules(password, user)
    # Before the transaction: no writer waits for a hash.
    user.password = make_password(password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        others = user.sign_ins.exclude(session_key=keep or "")
        Session.objects.filter(session_key__in=list(others.values_list("session_key", flat=True))).delete()
        others.delete()
        record_person(
            "person.update",
            user,
            ["password"],
            who=user.username,
            via=Via.CONSOLE,
            address=source.address,
            request_id=source.request_id,
        )
