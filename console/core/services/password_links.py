"""Links by which a person sets their own password: for new superusers, and when one is lost.

An operator of the installation makes the link and hands it over; nobody else's password is ever
typed by anybody. A link works once: it is signed over the current password's hash and the last
sign-in (Django's own token), and ends after settings.PASSWORD_RESET_TIMEOUT, or when the superuser who
made it is one no longer: they could have kept it.
"""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from console.core.actor import Via
from console.core.audit import record_person
from console.core.models import User
from console.core.services.passwords import check_password_rules

# Denotes the operator who ran a command on the host.
_COMMAND = 0


class _Tokens(PasswordResetTokenGenerator):
    """Signed over the maker's id, too."""

    def __init__(self, maker: int) -> None:
        super().__init__()
        self._maker = maker

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)} {self._maker}"


def create_password_link(
    person: User, *, maker: User | None, who: str, address: str, request_id: str, via: Via = Via.ADMIN
) -> tuple[str, str]:
    """(uid, token) for the path of the link. The current password works until the link is used.

    `maker` is the superuser who asks for it; None for a command on the host.
    """
    with transaction.atomic():
        record_person(
            "person.password_link",
            person,
            ["password_link"],
            who=who,
            address=address,
            request_id=request_id,
            via=via,
        )
    made_by = maker.pk if maker else _COMMAND
    token = _Tokens(made_by).make_token(person)
    return urlsafe_base64_encode(force_bytes(person.pk)), f"{made_by}-{token}"


def person_of_link(uid: str, token: str) -> User | None:
    """The person whose password this link sets; None for one that is wrong, expired or used."""
    made_by, _, signed = token.partition("-")
    try:
        ident, maker = int(urlsafe_base64_decode(uid)), int(made_by)
    except (ValueError, OverflowError):
        return None
    if max(ident, maker) >= 2**63 or not _may_make(maker):
        return None
    person = User.objects.filter(pk=ident, is_active=True).first()
    return person if person and _Tokens(maker).check_token(person, signed) else None


def _may_make(maker: int) -> bool:
    return maker == _COMMAND or User.objects.filter(pk=maker, is_active=True, is_superuser=True).exists()


def set_password_by_link(person: User, password: str, *, address: str, request_id: str) -> None:
    """Ends every session of the person, and the link. Raises Invalid for a weak password."""
    check_password_rules(password, person)
    # Before the transaction: no writer waits for a hash.
    person.password = make_password(password)
    with transaction.atomic():
        person.save(update_fields=["password"])
        record_person(
            "person.update",
            person,
            ["password"],
            who=person.username,
            via=Via.CONSOLE,
            address=address,
            request_id=request_id,
        )
