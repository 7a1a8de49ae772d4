"""Accounts, people, their roles, and resource groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from console.core.actor import Role


def _opaque_id() -> str:
    return uuid4().hex


class PersonManager(UserManager["User"]):
    """Creates people; the rules of names and passwords hold for commands such as createsuperuser too."""

    use_in_migrations = False

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **extra_fields: Any
    ) -> User:
        """Raises ValidationError."""
        self._check(username, email, password)
        return super().create_user(username, email, password, **extra_fields)

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra_fields: Any
    ) -> User:
        """Raises ValidationError."""
        self._check(username, email, password)
        return super().create_superuser(username, email, password, **extra_fields)

    def named_alike(self, username: str, *, exclude: int | None = None) -> User | None:
        """The person whose name is equal to this one, ignoring case; None if there is none.

        `exclude` is the primary key of a person who does not count.
        """
        alike = self.filter(username__iexact=username)
        return (alike if exclude is None else alike.exclude(pk=exclude)).first()

    def _check(self, username: str, email: str | None, password: str | None) -> None:
        if taken := self.named_alike(self.model.normalize_username(username)):
            raise ValidationError(f"There is a user {taken.username} already.")
        if password is not None:
            validate_password(password, self.model(username=username, email=email or ""))


class User(AbstractUser):
    """A person who signs in. Rights come from memberships; `is_superuser` sees the admin site.

    `session_epoch` is part of what every session is checked against: raising it ends all sessions of
    the person for good. It is raised whenever an inactive person is saved, so that activating someone
    again revives no session.
    """

    audit_type: ClassVar[str] = "person"
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()

    class Meta(AbstractUser.Meta):
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="one_person_of_each_name",
                violation_error_message="There is a user of this name already, in upper or lower case.",
            )
        ]

    def save(self, *args: Any, update_fields: Any = None, **kwargs: Any) -> None:
        ends = not self.is_active and (update_fields is None or "is_active" in update_fields)
        if self._state.adding or not (ends or update_fields is None):
            super().save(*args, update_fields=update_fields, **kwargs)
            return
        # Incremented by the database: another process may have changed it since this object was read.
        read = self.session_epoch
        self.session_epoch = F("session_epoch") + int(ends)
        try:
            fields = update_fields and {*update_fields, "session_epoch"}
            super().save(*args, update_fields=fields, **kwargs)
        finally:
            self.session_epoch = read
        self.refresh_from_db(fields=["session_epoch"])

    def end_all_sessions(self) -> None:
        """Increments the epoch, also if it has changed since this object was read."""
        User.objects.filter(pk=self.pk).update(session_epoch=F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])

    def get_session_auth_hash(self) -> str:
        return self._of_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._of_epoch, super().get_session_auth_fallback_hash())

    def _of_epoch(self, hashed: str) -> str:
        """As Django computes it for the first epoch, so that older sessions remain valid."""
        if not self.session_epoch:
            return hashed
        return salted_hmac("console.session_epoch", f"{hashed}{self.session_epoch}").hexdigest()


class Account(models.Model):
    """A tenant. `quotas` overrides the settings' figures by name, for example {"gateways": 50}.

    `api_keys_read_psk`: whether API keys of the role editor and above are given pre-shared keys.
    """

    audit_type: ClassVar[str] = "account"
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=63, unique=True)
    quotas = models.JSONField(default=dict, blank=True)
    api_keys_read_psk = models.BooleanField("API keys may read pre-shared keys", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class ResourceGroup(models.Model):
    """`id` is an opaque string of 32 characters (contract section 2.7)."""

    audit_type: ClassVar[str] = "resource_group"
    id = models.CharField(primary_key=True, max_length=32, default=_opaque_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="resource_groups")
    name = models.CharField(max_length=63, default="default")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "name"], name="one_group_name_per_account"),
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(is_default=True), name="one_default_group_per_account"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role in an account."""

    audit_type: ClassVar[str] = "member"
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(r.value, r.value.capitalize()) for r in Role])
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "account"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} in {self.account}"
