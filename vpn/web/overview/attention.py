"""The items of the overview that need attention, worst first. Runs no query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from console.core.web.quotas import QuotaRow
from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, IKE_VERSIONS
from policies.domain.verdicts import Strength, Verdict
from policies.strength import api_name
from vpn.models import Gateway
from vpn.web.overview.snapshot import ConnectionSummary, Snapshot, Suite
from vpn.web.shown import status_label

# How many items of one kind are listed; more are counted in one line, unless only one would be.
MOST = 5
PENDING_IS_LONG = timedelta(minutes=2)
_WORST = list(Strength)


class Item(NamedTuple):
    """One line: `word` is a status, `label` the text shown for it; `code` is an anchor in the manual.

    The name links to the connection, to the gateway, or to the route `page` with `query`.
    """

    word: str
    label: str
    name: str
    text: str
    gateway: UUID | None = None
    connection: UUID | None = None
    page: str = ""
    query: str = ""
    code: str = ""


def attention(seen: Snapshot, quotas: Iterable[QuotaRow], weak: Mapping[UUID, list[Suite]]) -> list[Item]:
    """The first items of each kind; the others are counted in a last line of their kind."""
    existing = [gateway for gateway in seen.gateways if gateway.deleted_at is None]
    alive = {gateway.pk: gateway for gateway in existing}
    connections = [c for c in seen.connections if c.gateway_id in alive]
    down = [c for c in connections if c.state == "down" and _is_running(alive[c.gateway_id])]
    partly = [c for c in connections if c.state == "partly"]
    return [
        *_bounded(_gateways(existing, "failed", "has failed"), "gateways failed", "gateways"),
        *_bounded(_networks(seen), "VPCs have a fault", "networks"),
        *_bounded(map(_down, down), "connections are down", "connections", "?status=down"),
        *_bounded(_gateways(existing, "degraded", "runs on one member"), "gateways are degraded", "gateways"),
        *_bounded(map(_partly, partly), "connections are up in part", "connections"),
        *_bounded(_pending(existing, seen.now), "gateways are pending", "gateways"),
        *_bounded(_weak(connections, weak), "connections use weak algorithms", "connections", "?weak=used"),
        *_bounded(_old_keys(connections, seen), "keys are older than a year", "connections", "?key=365"),
        *_bounded(_limits(quotas), "limits are nearly reached", "account_home"),
    ]


def _bounded(items: Iterable[Item], noun: str, page: str, query: str = "") -> Iterator[Item]:
    found = list(items)
    if len(found) <= MOST + 1:
        yield from found
    else:
        yield from found[:MOST]
        first = found[0]
        yield Item(first.word, first.label, f"{len(found) - MOST} more", f"{noun}.", page=page, query=query)


def _is_running(gateway: Gateway) -> bool:
    """Whether tunnels can be up: a failed or pending gateway has its own item, which explains its tunnels."""
    return status_label(gateway) in {"available", "degraded"}


def _gateways(gateways: Iterable[Gateway], word: str, text: str) -> Iterator[Item]:
    for gateway in gateways:
        if status_label(gateway) == word:
            why = (gateway.lifecycle_reasons or gateway.health_reasons or [{}])[0]
            sentence = f"{text}. {why.get('message', '')}".strip()
            yield Item(word, word, gateway.name, sentence, gateway.pk, code=why.get("code", ""))


def _networks(seen: Snapshot) -> Iterator[Item]:
    return (
        Item("failed", "fault", vpc.name, vpc.failure, page="networks") for vpc in seen.vpcs if vpc.failure
    )


def _down(row: ConnectionSummary) -> Item:
    why = row.reasons[0] if row.reasons else {"code": "", "message": "No reason is known yet."}
    label = "down" if row.changed_at else "never up"
    return Item("down", label, row.name, why["message"], row.gateway_id, row.id, code=why["code"])


def _partly(row: ConnectionSummary) -> Item:
    why = row.reasons[0]
    return Item("degraded", "up in part", row.name, why["message"], row.gateway_id, row.id, code=why["code"])


def _pending(gateways: Iterable[Gateway], now: datetime) -> Iterator[Item]:
    for gateway in gateways:
        if status_label(gateway) == "pending" and now - gateway.created_at > PENDING_IS_LONG:
            why = (gateway.lifecycle_reasons or [{}])[0].get("message", "")
            sentence = f"is not ready yet, longer than usual. {why}".strip()
            yield Item("pending", "pending", gateway.name, sentence, gateway.pk)


def _weak(rows: Iterable[ConnectionSummary], suites: Mapping[UUID, list[Suite]]) -> Iterator[Item]:
    found = [(row, *weaknesses(suites[row.id])) for row in rows if row.id in suites]
    found.sort(key=lambda one: -_WORST.index(one[1]))
    for row, worst, words in found:
        sentence = f"uses {', '.join(words)}."
        yield Item(worst.value, f"{worst.value} algorithms", row.name, sentence, row.gateway_id, row.id)


def is_weak(suite: Suite) -> bool:
    return weaknesses([suite])[0] is not Strength.OK


def weaknesses(suites: Iterable[Suite]) -> tuple[Strength, list[str]]:
    """The worst strength of the negotiated algorithms, and the names of those that are not `ok`."""
    found: dict[str, Strength] = {}
    for suite in suites:
        for word, verdict in _verdicts(suite):
            if verdict.strength is not Strength.OK:
                found[word] = max(found.get(word, Strength.OK), verdict.strength, key=_WORST.index)
    return max(found.values(), key=_WORST.index, default=Strength.OK), list(found)


def _verdicts(suite: Suite) -> Iterator[tuple[str, Verdict]]:
    for version, verdict in IKE_VERSIONS.items():
        if str(version) == suite.ike_version:
            yield f"IKEv{version}", verdict
    for part in suite.ike.split("-"):
        yield from ((word, ike) for keyword, word, ike, _ in _KEYWORDS if keyword == part)
    for part in suite.esp.split("-"):
        yield from ((word, esp) for keyword, word, _, esp in _KEYWORDS if keyword == part)


def _keywords() -> list[tuple[str, str, Verdict, Verdict]]:
    """strongSwan's keyword, the display name, and the verdicts for IKE and ESP."""
    named = [*ENCRYPTION.values(), *AUTHENTICATION.values()]
    found = [(one.keyword, api_name(one.name), one.ike, one.esp) for one in named]
    return found + [(g.keyword, f"DH group {g.name}", g.ike, g.esp) for g in DH_GROUPS.values()]


_KEYWORDS = _keywords()


def _old_keys(rows: Iterable[ConnectionSummary], seen: Snapshot) -> Iterator[Item]:
    old = [(seen.old_keys[row.id], row) for row in rows if row.id in seen.old_keys]
    for since, row in sorted(old, key=lambda one: one[0]):
        sentence = f"has had its pre-shared key for {(seen.now - since).days} days; replace it at both ends."
        yield Item("weak", "old key", row.name, sentence, row.gateway_id, row.id)


def _limits(quotas: Iterable[QuotaRow]) -> Iterator[Item]:
    near = [row for row in quotas if row.state != "ok"]
    for row in sorted(near, key=lambda one: one.limit - one.used):
        word = "degraded" if row.state == "full" else "weak"
        where = f" in {row.place}" if row.place else ""
        yield Item(word, row.state, row.word, f"{row.used} of {row.limit}{where}.", page="account_home")
