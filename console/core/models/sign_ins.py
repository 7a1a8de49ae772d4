"""Sign-ins: who is signed in from where, and how many wrong passwords came from where."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class SignInSession(models.Model):
    """One browser in which a person is signed in.

    `session_key` names the row of `django_session` that makes the browser signed in; it is as secret
    as the cookie and is shown nowhere. Times are when somebody did something, to the minute.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    began_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.user} from {self.address or 'an unknown address'}"


class KnownNetwork(models.Model):
    """An address (IPv6: the /64) from which a person has signed in; others cannot lock it out."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    network = models.CharField(max_length=45)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "network"], name="one_known_network_each")]

    def __str__(self) -> str:
        return f"{self.user} from {self.network}"


class PasswordFailures(models.Model):
    """Wrong passwords within a window of time, of a user name from an address (IPv6: a /64 or /48).

    Without an address: of the name from anywhere; without a name: of any name from the address.
    Attempts whose password is still being checked are counted as wrong until it is known.
    """

    name = models.CharField("user name", max_length=150, blank=True)
    network = models.CharField("address", max_length=45, blank=True)
    failures = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField(default=timezone.now)
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "limit of sign-ins"
        verbose_name_plural = "limits of sign-ins"
        constraints = [models.UniqueConstraint(fields=["name", "network"], name="one_count_of_failures_each")]
        indexes = [models.Index(fields=["began_at"])]

    def __str__(self) -> str:
        return f"{self.name or 'any name'} from {self.network or 'anywhere'}"
