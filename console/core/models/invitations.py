"""Invitations: an account offers a role, a person accepts it with a password of their own."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from console.core.actor import Role
from console.core.models.accounts import Account


class Invitation(models.Model):
    """`digest` is SHA-256 in hex of the link's secret part, which is shown once.

    `label` names the person invited, as the administrator wrote it. `refused_names` counts
    the user names that its holder asked for and that were taken.
    """

    audit_type: ClassVar[str] = "invitation"
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=16, choices=[(r.value, r.value.capitalize()) for r in Role])
    label = models.CharField(max_length=63)
    email = models.EmailField(blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)
    accepted_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, editable=False)
    refused_names = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.label
