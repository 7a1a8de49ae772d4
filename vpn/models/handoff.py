"""Links through which the peer's engineer reads the parameters without an account."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.utils import timezone

from vpn.models.connections import Connection


class HandoffLink(models.Model):
    """`digest` is that of the link's secret part, which is shown once; the page shows no key."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    account = models.ForeignKey("console.Account", on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="handoff_links")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)
    read_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "hand-off link"

    def __str__(self) -> str:
        return f"link to {self.connection_id}"
