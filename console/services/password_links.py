"""Links by which a person sets their own password: for new superusers, and when one is lost.

An operator of the installation makes the link and hands it over; nobody else's password is ever
typed by anybody. A link works once: it is signed over the present password's hash and the last
sign-in (Django's own token), and ends after settings.PASSWORD_RESET_TIMEOUT.
"""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from console.actor import Via
from console.audit import record_person
from console.models import User
from console.services.passwords import check_password_rules


def create_password_link(
    person: User, *, who: str, address: str, request_id: str, via: Via = Via.ADMIN
) -> tuple[str, str]:
    """(uid, token) for the path of the link. The present password works until the link is used."""
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
    return urlsafe_base64_encode(force_bytes(person.pk)), default_token_generator.make_token(person)


def person_of_link(uid: str, token: str) -> User | None:
    """Whose password this link sets; None for one that is wrong, over or used."""
    try:
        ident = int(urlsafe_base64_decode(uid))
    except (ValueError, OverflowError):
        return None
    person = User.objects.filter(pk=ident, is_active=True).first() if ident < 2**63 else None
    return person if person and default_token_generator.check_token(person, token) else None


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
