"""API keys: shown once, kept as a digest."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from console.core.actor import Role
from console.core.models.accounts import Account


class ApiKey(models.Model):
    """`digest` is SHA-256 in hex of the whole key; `hint` its first characters, for people.

    A key acts with its own role, independent of its creator.
    """

    audit_type: ClassVar[str] = "api_key"
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=63)
    role = models.CharField(
        max_length=16,
        choices=[(r.value, r.value.capitalize()) for r in Role],
        default=Role.EDITOR.value,
    )
    hint = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    # Survives a new user name; empty for keys that commands made.
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                condition=models.Q(revoked_at__isnull=True),
                name="one_live_key_name_per_account",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @property
    def usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())
