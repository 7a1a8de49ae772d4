"""Records of sign-ins: their events in the audit trail, and the list of a person's sessions."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from console.core.actor import Via
from console.core.audit import record_name, record_person
from console.core.models import Membership, SignInSession, User

log = logging.getLogger(__name__)
# As Django's rule of user names. Anything else may be a password in the wrong field.
_PLAUSIBLE = re.compile(r"[\w.@+-]{1,150}")
UNNAMED = "(not a user name)"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a person's request came from."""

    address: str = ""
    request_id: str = ""
    browser: str = ""


def record_sign_in(user: User, source: Source, *, method: str = "password") -> None:
    _record("person.sign_in", user, source, {"method": method, "browser": source.browser})


def record_failure(name: str, source: Source, *, locked_seconds: int, again: bool) -> None:
    """A wrong password for a name, which may not exist. `again`: a page asked a signed-in person for the
    password once more. `locked_seconds`: for how long this failure blocks further attempts, if it does."""
    user = User.objects.filter(username=name).first()
    shown = user.username if user else name if _PLAUSIBLE.fullmatch(name) else UNNAMED
    details: dict[str, object] = {"method": "password", "browser": source.browser}
    if locked_seconds:
        details["locked_for_seconds"] = locked_seconds
    accounts = Membership.objects.filter(user=user).values_list("account_id", flat=True) if user else ()
    record_name(
        "person.password_failed" if again else "person.sign_in_failed",
        shown,
        person_id=str(user.pk) if user else "",
        accounts=accounts,
        who=shown,
        address=source.address,
        request_id=source.request_id,
        via=Via.CONSOLE,
        details=details,
    )
    log.warning("wrong password for %s from %s", shown, source.address or "an unknown address")


def record_sign_out(user: User, source: Source) -> None:
    _record("person.sign_out", user, source)


def record_session_end(user: User, source: Source, reason: str, *, who: str = "") -> None:
    """A session that ended without a sign-out: `reason` is idle, lifetime, ended elsewhere and so on."""
    _record("person.session_end", user, source, {"reason": reason}, who=who)


def note_session(user: User, session_key: str, source: Source) -> None:
    """Records that the session was used now, from there."""
    now = timezone.now()
    seen = {"seen_at": now, "address": source.address[:45], "browser": source.browser[:200], "user": user}
    SignInSession.objects.update_or_create(session_key=session_key, defaults=seen)


def rename_session(old: str | None, new: str | None) -> None:
    """Django gives a session another key when a password changes."""
    SignInSession.objects.filter(session_key=old or "").update(session_key=new or "")


def sessions_of(user: User) -> list[SignInSession]:
    """The person's sessions that are valid, latest use first; rows of others are deleted."""
    rows = list(user.sign_ins.order_by("-seen_at"))
    valid = _valid(rows)
    gone = [row.pk for row in rows if row.pk not in valid]
    if gone:
        SignInSession.objects.filter(pk__in=gone).delete()
    return [row for row in rows if row.pk in valid]


def end_session(user: User, session_id: int, source: Source) -> bool:
    """Ends one of the person's own sessions; False when they have none with that id."""
    with transaction.atomic():
        row = user.sign_ins.filter(pk=session_id).first()
        if row is None:
            return False
        Session.objects.filter(session_key=row.session_key).delete()
        row.delete()
        _record(
            "person.session_end", user, source, {"reason": "ended elsewhere", "session_from": row.address}
        )
    return True


def end_sessions(
    user: User, source: Source, *, keep: str | None = None, who: str = "", via: Via = Via.CONSOLE
) -> int:
    """Ends all sessions of the person for good, also those that are in no list, but for the one with
    the key `keep`, which its request has to renew by `update_session_auth_hash`. How many ended."""
    with transaction.atomic():
        user.end_all_sessions()
        rows = user.sign_ins.exclude(session_key=keep or "")
        Session.objects.filter(session_key__in=list(rows.values_list("session_key", flat=True))).delete()
        ended = rows.delete()[0]
        _record(
            "person.session_end", user, source, {"reason": "all ended", "sessions": ended}, who=who, via=via
        )
    return ended


def forget_session(session_key: str | None) -> None:
    """Deletes the row of a session that has ended."""
    SignInSession.objects.filter(session_key=session_key or "").delete()


def end_lapsed_sessions(now: datetime | None = None) -> int:
    """Ends sessions that expired without a request, and returns how many.

    A closed browser sends no further request; the event says when the session was used last.
    """
    now = now or timezone.now()
    lapsed = SignInSession.objects.filter(
        began_at__lte=now - timedelta(seconds=settings.SESSION_LIFETIME_SECONDS)
    )
    if settings.SESSION_IDLE_SECONDS:
        # A minute more: the time of the last use is kept to the minute.
        idle = timedelta(seconds=settings.SESSION_IDLE_SECONDS + 60)
        lapsed = lapsed | SignInSession.objects.filter(seen_at__lte=now - idle)
    ended = 0
    for row in lapsed.select_related("user"):
        with transaction.atomic():
            if _valid([row]):
                used = {"reason": "ran out", "last_used_at": row.seen_at.isoformat(timespec="seconds")}
                _record("person.session_end", row.user, Source(row.address), used)
                ended += 1
            Session.objects.filter(session_key=row.session_key).delete()
            row.delete()
    return ended


def _valid(rows: Iterable[SignInSession]) -> set[int]:
    """Of these rows the ids of those whose browser is signed in: the session exists, and neither
    password nor epoch of its person has changed since."""
    by_key = {row.session_key: row for row in rows}
    stored = Session.objects.filter(session_key__in=list(by_key))
    valid = set()
    for session in stored:
        row = by_key[session.session_key]
        current = row.user.is_active and row.user.get_session_auth_hash()
        if session.get_decoded().get(HASH_SESSION_KEY) == current:
            valid.add(row.pk)
    return valid


def _record(
    action: str,
    user: User,
    source: Source,
    details: Mapping[str, object] | None = None,
    *,
    who: str = "",
    via: Via = Via.CONSOLE,
) -> None:
    record_person(
        action,
        user,
        who=who or user.username,
        address=source.address,
        request_id=source.request_id,
        via=via,
        details=details,
    )
