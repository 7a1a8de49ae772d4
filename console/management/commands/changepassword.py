"""Django's command; the change is recorded in the audit trail and ends the person's sessions for good."""

from __future__ import annotations

from getpass import getuser
from typing import Any

from django.contrib.auth.management.commands import changepassword

from console.actor import Via
from console.audit import record_person
from console.models import User


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        done: str | None = super().handle(*args, **options)
        # Django asks for the password of the user who runs the command when no name is given.
        name = options["username"] or getuser()
        person = User.objects.get_by_natural_key(name)
        who = f"{getuser()} (changepassword)"
        record_person(
            "person.update", person, ["password"], who=who, address="", request_id="", via=Via.COMMAND
        )
        return done
