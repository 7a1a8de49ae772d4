"""Fills an empty database: an account, its administrator, an API key."""

from __future__ import annotations

import secrets
from uuid import UUID

from django.db import transaction

from console.core.actor import Actor, Role, Via
from console.core.models import Account, ApiKey, User
from console.core.services import add_member, create_account, create_api_key, create_user, revoke_api_key
from console.project.quickstart.datadir import DataDir

USERNAME = "admin"
ACCOUNT = "default"
KEY = "quickstart"
_WHO = "quickstart"


def actor_of(account_id: UUID) -> Actor:
    return Actor(account_id, _WHO, Role.ADMINISTRATOR, Via.COMMAND)


def first_start(data_dir: DataDir) -> tuple[dict[str, str], bool]:
    """The credentials as stored, and whether this is the first start (the password is new).

    A lost credentials file gets a new key in place of the lost one; a password stays unknown.
    """
    with transaction.atomic():
        account = Account.objects.filter(name=ACCOUNT).first()
        if account is None:
            return _create(data_dir), True
        stored = data_dir.read_credentials()
        if not stored.get("api_key"):
            stored = {"username": USERNAME, "password": "", "api_key": _new_key(account.id)}
            data_dir.write_credentials(stored | {"account_id": str(account.id)})
    return stored | {"account_id": str(account.id)}, False


def _create(data_dir: DataDir) -> dict[str, str]:
    account = create_account(ACCOUNT, who=_WHO)
    password = secrets.token_urlsafe(15)
    user = User.objects.filter(username=USERNAME).first()
    user = user or create_user(USERNAME, password, is_superuser=True)
    add_member(actor_of(account.id), user, Role.ADMINISTRATOR)
    credentials = {
        "username": USERNAME,
        "password": password,
        "api_key": _new_key(account.id),
        "account_id": str(account.id),
    }
    # Before the commit: a kill between the two must not leave an unknown key.
    data_dir.write_credentials(credentials)
    return credentials


def _new_key(account_id: UUID) -> str:
    actor = actor_of(account_id)
    for row in ApiKey.objects.filter(account_id=account_id, name=KEY, revoked_at=None):
        revoke_api_key(actor, row.id)
    return create_api_key(actor, name=KEY, role=Role.ADMINISTRATOR)[1]
