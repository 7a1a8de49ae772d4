"""Renames a user, also before the migrations of this release are applied."""

from __future__ import annotations

from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.core.errors import Invalid
from console.core.models import User
from console.core.services.accounts import rename_user


class Command(BaseCommand):
    help = "Gives a user another name; the user's memberships, API keys and sessions stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the current user name, in its exact spelling")
        parser.add_argument("new_name")

    def handle(self, *args: Any, name: str, new_name: str, **options: Any) -> None:
        # Columns that later migrations add are not queried.
        user = User.objects.filter(username=name).only("username").first()
        if user is None:
            raise CommandError(f"There is no user {name}.")
        try:
            rename_user(user, new_name, who=f"{getuser()} (rename_user)")
        except Invalid as error:
            raise CommandError(" ".join(violation.message for violation in error.violations)) from None
        self.stdout.write(f"The user {name} is now {user.username}.")
