"""Limits on wrong passwords, by name and by address, across all processes.

The counts are rows of the database: all web processes share them, they outlive a restart, and they
hold while Redis is away. Three limits, each within a window of ISTHMUS_LOCKOUT_MINUTES:

- one user name from one address: strict (ISTHMUS_LOCKOUT_FAILURES);
- one address, whatever names it tries (ISTHMUS_LOCKOUT_ADDRESS_FAILURES);
- one user name, from whatever addresses: wide (ISTHMUS_LOCKOUT_NAME_FAILURES). Addresses from which
  the person has signed in before are not counted here and not refused, so that strangers with many
  addresses cannot lock a person out of the places where they work.

An IPv6 address counts as its /64, which is what one subscriber gets at least. Many get a /48, so that
all addresses of one together have a limit too: some times that of an address, and not for addresses from
which the person has signed in before.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from console.core.models import KnownNetwork, PasswordFailures, User

UNKNOWN = "unknown"
_REMEMBERED = timedelta(days=90)
# The limit of an IPv6 /48, as a multiple of that of an address.
SITE_FACTOR = 5


class TooManyFailures(Exception):
    """Wrong passwords have used up a limit: no password is checked for `seconds` more."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many wrong passwords, {seconds} s to wait")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password that is about to be checked, counted as wrong until `succeeded` or `cancelled`.

    `name` as it is counted; `known`: the person has signed in from there before.
    """

    name: str
    network: str
    known: bool

    def limits(self) -> Iterator[tuple[str, str, int]]:
        """Name, address and maximum number of failures, in the order in which rows are locked."""
        site = site_of(self.network)
        if site and not self.known:
            yield "", site, SITE_FACTOR * settings.LOCKOUT_ADDRESS_FAILURES
        yield "", self.network, settings.LOCKOUT_ADDRESS_FAILURES
        if not self.known:
            yield self.name, "", settings.LOCKOUT_NAME_FAILURES
        yield self.name, self.network, settings.LOCKOUT_FAILURES

    def failed(self) -> int:
        """Seconds to wait when this failure has used up a limit, else 0."""
        now = timezone.now()
        end = now + settings.LOCKOUT_WINDOW
        locked = 0
        for name, network, most in self.limits():
            rows = PasswordFailures.objects.filter(name=name, network=network, failures__gte=most)
            locked += rows.filter(locked_until=None).update(locked_until=end)
        return _seconds(end - now) if locked else 0

    def succeeded(self, user: User) -> None:
        """Forgets the failures of this name from here. Those of the address and of the name stay, or
        a guesser could reset them by signing in under a name of their own."""
        with transaction.atomic():
            self.cancelled()
            PasswordFailures.objects.filter(name=self.name, network=self.network).delete()
            if self.network != UNKNOWN:
                seen = {"seen_at": timezone.now()}
                KnownNetwork.objects.update_or_create(user=user, network=self.network, defaults=seen)

    def cancelled(self) -> None:
        """The password was not checked."""
        for name, network, _ in self.limits():
            rows = PasswordFailures.objects.filter(name=name, network=network, failures__gt=0)
            rows.update(failures=F("failures") - 1)


def begin_attempt(name: str, address: str) -> Attempt:
    """Counts an attempt before its password is checked, so that many at once cannot pass together.

    Raises TooManyFailures; a refused attempt changes nothing and makes the wait no longer.
    """
    network = network_of(address)
    known = KnownNetwork.objects.filter(user__username=name, network=network).exists()
    attempt = Attempt(normal_name(name), network, known)
    limits, now = list(attempt.limits()), timezone.now()
    for known_name, known_network, most in limits:
        row = PasswordFailures.objects.filter(name=known_name, network=known_network).first()
        if row is not None:
            _check(row, most, now)
    with transaction.atomic():
        for one_name, one_network, most in limits:
            _count(one_name, one_network, most, now)
    return attempt


def release(name: str = "", address: str = "") -> int:
    """Forgets wrong passwords of a name and an address; without either, all. Returns the number of rows."""
    rows = PasswordFailures.objects.all()
    if name:
        rows = rows.filter(name=normal_name(name))
    if address:
        network = network_of(address)
        rows = rows.filter(network__in=[network, site_of(network) or network])
    return rows.delete()[0]


def forget_old_failures(now: datetime | None = None) -> None:
    """Deletes counts whose window is over, and addresses that were not used for 90 days."""
    now = now or timezone.now()
    over = Q(locked_until=None) | Q(locked_until__lte=now)
    PasswordFailures.objects.filter(over, began_at__lte=now - settings.LOCKOUT_WINDOW).delete()
    KnownNetwork.objects.filter(seen_at__lte=now - _REMEMBERED).delete()


def network_of(address: str) -> str:
    """What an address counts as: IPv4 itself, IPv6 its /64, anything else one common word."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(IPv6Network((found, 64), strict=False))
    return str(found)


def site_of(network: str) -> str:
    """The /48 of an IPv6 /64; empty for anything else."""
    return str(IPv6Network(network).supernet(new_prefix=48)) if ":" in network else ""


def normal_name(name: str) -> str:
    """One count for all spellings of a name."""
    return unicodedata.normalize("NFKC", name).casefold()[:150]


def _count(name: str, network: str, most: int, now: datetime) -> None:
    rows = PasswordFailures.objects.select_for_update()
    row, _ = rows.get_or_create(name=name, network=network, defaults={"began_at": now})
    _check(row, most, now)
    if now - row.began_at >= settings.LOCKOUT_WINDOW:
        row.failures, row.began_at, row.locked_until = 0, now, None
    row.failures += 1
    row.save()


def _check(row: PasswordFailures, most: int, now: datetime) -> None:
    if row.locked_until and row.locked_until > now:
        raise TooManyFailures(_seconds(row.locked_until - now))
    end = row.began_at + settings.LOCKOUT_WINDOW
    if row.failures >= most and end > now:
        raise TooManyFailures(_seconds(end - now))


def _seconds(left: timedelta) -> int:
    return max(1, -int(-left.total_seconds() // 1))
