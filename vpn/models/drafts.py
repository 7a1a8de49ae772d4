"""What a person has entered in the wizard so far; deleted after a day."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from console.core.encryption import DecryptionError, key_ring


class WizardDraft(models.Model):
    """`data` is {"gateway": {field: text}, "connection": {field: text}, "skip": bool}, never a key.

    `gateway_id` is set when the draft is used up: a second submit leads to what the first made.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    account = models.ForeignKey("console.Account", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    data = models.JSONField(default=dict)
    psk_sealed = models.TextField(blank=True, editable=False)
    gateway_id = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"draft of {self.user_id}"

    def seal_psk(self, value: str) -> None:
        """The caller saves; an empty value removes the key."""
        self.psk_sealed = key_ring().seal(value, self._context) if value else ""

    def open_psk(self) -> str:
        """Empty if there is none or it cannot be decrypted any more: then it must be entered again."""
        if not self.psk_sealed:
            return ""
        try:
            return key_ring().open(self.psk_sealed, self._context)
        except DecryptionError:
            return ""

    def resealed_psk(self) -> str:
        """The same key, sealed by the ring's first key. Raises DecryptionError."""
        return key_ring().seal(key_ring().open(self.psk_sealed, self._context), self._context)

    @property
    def _context(self) -> str:
        return f"wizard-draft:{self.pk}:psk"
