"""The audit trail: one row per change, written in the change's own transaction."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """Append only. `changes` is {field: [before, after]}; secrets appear in it as "changed"."""

    account = models.ForeignKey("console.Account", on_delete=models.CASCADE, related_name="+", null=True)
    at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    who = models.CharField(max_length=150)
    via = models.CharField(max_length=16)
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=128, blank=True)
    action = models.CharField(max_length=64)
    target_type = models.CharField(max_length=32)
    target_id = models.CharField(max_length=64)
    target_name = models.CharField(max_length=150, blank=True)
    changes = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"]),
            models.Index(fields=["account", "target_id", "-id"]),
            models.Index(fields=["account", "who", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.who} {self.action} {self.target_name}"
