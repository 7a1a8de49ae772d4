"""Accounts, the people in them, what they may do, and how their things are grouped."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from console.actor import Role


def _opaque_id() -> str:
    return uuid4().hex


class User(AbstractUser):
    """A person who signs in. Rights come from memberships; `is_superuser` sees the admin site."""

    audit_type: ClassVar[str] = "person"

    class Meta(AbstractUser.Meta):
        verbose_name = "person"
        verbose_name_plural = "people"


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
