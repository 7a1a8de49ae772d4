"""Replaces Django's command, by which an operator sets another user's password."""

from __future__ import annotations

from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from console.core.actor import Via
from console.core.models import User
from console.core.services.password_links import create_password_link


class Command(BaseCommand):
    help = (
        "Prints a link, valid once, by which a user sets a new password. Nobody sets the password of "
        "another person; the current one works until the link is used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="the user whose password is to be changed")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        person = User.objects.filter(username__iexact=username).first()
        if person is None:
            raise CommandError(f"There is no user {username}.")
        if not person.is_active:
            raise CommandError(f"The user {username} is deactivated; activate them in the admin site first.")
        who = f"{getuser()} (changepassword)"
        uid, token = create_password_link(
            person, maker=None, who=who, address="", request_id="", via=Via.COMMAND
        )
        path = reverse("password_link", kwargs={"uid": uid, "token": token})
        self.stdout.write(f"{settings.PUBLIC_URL}{path}")
        if not settings.PUBLIC_URL:
            self.stderr.write("This is a path of the console: put the console's address in front of it.")
