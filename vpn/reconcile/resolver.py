"""Looks up the names of peers in a thread of the listener, independently of reconcile runs.

Every lookup has a thread of its own and ends after LOOKUP_TIMEOUT; an account has at most
LOOKUPS_OF_ACCOUNT in flight, so that the slow names of one account do not delay those of others. A name
is looked up again when its TTL (RFC 1035 section 3.2.1) has expired, one without an answer after a
back-off. Only the due times are kept here; answers are stored in the rows.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import NamedTuple
from uuid import UUID

import dns.exception
import dns.resolver
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import F, Q, QuerySet
from dns.nameserver import Do53Nameserver

from vpn.domain.checks.common import parse_address
from vpn.domain.identities import name_key
from vpn.models import Connection, Gateway
from vpn.triggers import request_reconcile

log = logging.getLogger(__name__)
# Seconds.
TICK, LOOKUP_TIMEOUT = 0.5, 2.0
LOOKUPS, LOOKUPS_OF_ACCOUNT = 32, 4
# Limits of the TTL: 0 must not make a busy loop, and a week must not hide a new address for so long.
MIN_WAIT, MAX_WAIT = 5.0, 3600.0
HOSTS = Path("/etc/hosts")
# For a name that the hosts file knows: it has no TTL.
WITHOUT_TTL = 60.0
BACK_OFF = (5.0, 10.0, 20.0, 40.0, 60.0)
# How many addresses of a name are kept, in the order of the answer.
MAX_ADDRESSES = 16


class Answer(NamedTuple):
    """IPv4 addresses in the order of the answer; empty if there is no answer. `ttl` in seconds."""

    addresses: tuple[str, ...] = ()
    ttl: float = 0.0


Lookup = Callable[[str], Answer]


@dataclass(slots=True)
class _PendingLookup:
    account_id: UUID
    future: Future[Answer]


class Resolver:
    """Keeps `resolved_addresses` of this host's connections up to date."""

    def __init__(
        self, node: str, lookup: Lookup | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._node = node
        self._lookup = lookup or ask_dns
        self._clock = clock
        self._pool = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="names")
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._answers: dict[str, list[str]] = {}
        self._in_flight: dict[str, _PendingLookup] = {}

    def run(self, stop: Event) -> None:
        """Until `stop` is set. While the database is unavailable, answers are kept and recorded later."""
        while not stop.wait(TICK):
            try:
                self.poll_once()
            except DatabaseError as error:
                log.warning("names: %s", error)
                close_old_connections()
        self._pool.shutdown(wait=False, cancel_futures=True)
        connection.close()

    def poll_once(self) -> None:
        """Record the answers that have arrived, then start the lookups that are due."""
        for name, lookup in list(self._in_flight.items()):
            if lookup.future.done():
                self._finish(name, lookup.future.result())
                del self._in_flight[name]
        wanted = self._wanted()
        for gone in self._due.keys() - wanted.keys():
            for kept in (self._due, self._failures, self._answers):
                kept.pop(gone, None)
        self._start_due(wanted)

    def idle(self) -> bool:
        """Whether no lookup is under way."""
        return not self._in_flight

    def _wanted(self) -> dict[str, set[UUID]]:
        """Each name of this host's connections, and the accounts that use it. A new connection with a name
        that is already resolved gets the answer at once."""
        rows = self._rows().exclude(peer_fqdn="")
        found: dict[str, set[UUID]] = {}
        late = set()
        for name, account, addresses in rows.values_list("peer_fqdn", "account_id", "resolved_addresses"):
            key = name_key(name)
            found.setdefault(key, set()).add(account)
            if not addresses and key in self._answers:
                late.add(key)
        for key in late:
            self._record(key, self._answers[key])
        return found

    def _rows(self) -> QuerySet[Connection]:
        return Connection.objects.filter(gateway__node=self._node, gateway__deleted_at=None)

    def _start_due(self, wanted: dict[str, set[UUID]]) -> None:
        """The longest due first. Each counts for one account that uses the name and is below its limit."""
        now = self._clock()
        busy = Counter(lookup.account_id for lookup in self._in_flight.values())
        for name in sorted(wanted.keys() - self._in_flight.keys(), key=lambda one: self._due.get(one, 0.0)):
            account = next((one for one in wanted[name] if busy[one] < LOOKUPS_OF_ACCOUNT), None)
            if self._due.get(name, now) <= now and account and len(self._in_flight) < LOOKUPS:
                busy[account] += 1
                self._in_flight[name] = _PendingLookup(account, self._pool.submit(self._lookup, name))

    def _finish(self, name: str, answer: Answer) -> None:
        if answer.addresses:
            self._answers[name] = list(answer.addresses[:MAX_ADDRESSES])
            self._record(name, self._answers[name])
            self._failures.pop(name, None)
            wait = min(max(answer.ttl, MIN_WAIT), MAX_WAIT)
        else:
            failures = self._failures.get(name, 0)
            self._failures[name] = failures + 1
            wait = BACK_OFF[min(failures, len(BACK_OFF) - 1)]
        self._due[name] = self._clock() + wait

    def _record(self, name: str, addresses: list[str]) -> None:
        """Gateways are reconciled only if the answer differs."""
        spelled = Q(peer_fqdn__iexact=name) | Q(peer_fqdn__iexact=f"{name}.")
        rows = self._rows().filter(spelled).only("pk", "gateway_id", "resolved_addresses")
        changed = [row for row in rows if sorted(row.resolved_addresses) != sorted(addresses)]
        if not changed:
            return
        with transaction.atomic():
            Connection.objects.filter(pk__in=[row.pk for row in changed]).update(resolved_addresses=addresses)
            for gateway_id in {row.gateway_id for row in changed}:
                Gateway.objects.filter(pk=gateway_id).update(work_requested=F("work_requested") + 1)
                request_reconcile(gateway_id, self._node)


def ask_dns(name: str) -> Answer:
    """The answer of the DNS; if there is none within LOOKUP_TIMEOUT, the entry in this host's own file. The
    C library is not used: it would query the DNS once more, without this time limit."""
    try:
        reply = _resolver().resolve(f"{name}.", "A", lifetime=LOOKUP_TIMEOUT)
    except (dns.exception.DNSException, OSError, UnicodeError):
        return _ask_host(name)
    return Answer(tuple(str(record) for record in reply), float(reply.rrset.ttl) if reply.rrset else 0.0)


def _resolver() -> dns.resolver.Resolver:
    """Of the servers in ISTHMUS_DNS_SERVERS, else of the host's."""
    if not settings.DNS_SERVERS:
        return dns.resolver.Resolver()
    made = dns.resolver.Resolver(configure=False)
    made.nameservers = [Do53Nameserver(address, port) for address, port in settings.DNS_SERVERS]
    return made


def _ask_host(name: str) -> Answer:
    """The IPv4 addresses of hosts(5)."""
    try:
        lines = HOSTS.read_text(errors="replace").splitlines()
    except OSError:
        return Answer()
    found = []
    for line in lines:
        address, *names = line.partition("#")[0].split() or [""]
        if name_key(name) in map(name_key, names) and parse_address(address):
            found.append(address)
    return Answer(tuple(dict.fromkeys(found)), WITHOUT_TTL) if found else Answer()
