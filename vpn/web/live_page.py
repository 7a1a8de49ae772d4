"""Pages that keep themselves up to date, part by part.

A page says what it has seen: the gateway's stamp, and a mark of each part. A poll gets 204 while
the stamp is the same, else only the parts that look different. Anything that a browser counts
by itself (`data-until`, `data-since`) and form tokens make no difference. Of a part of which
only rows have changed, those rows are sent alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from console.core.web.fragments import Fragment
from console.core.web.requests import ConsoleRequest

Context = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LivePage:
    """`template` shows {{ parts.NAME }} inside an element with the id part-NAME, for every
    `folder`/NAME.html in `names`."""

    template: str
    folder: str
    names: Sequence[str]

    def whole(self, request: ConsoleRequest, stamp: object, poll: str, context: Context) -> HttpResponse:
        """`poll` is the address that answers with `news`."""
        parts = self._parts(request, context)
        drawn = {name: fragment.text for name, fragment in parts.items()}
        more = {"parts": drawn, "seen": _seen(stamp, parts), "poll": poll, "now": timezone.now()}
        return render(request, self.template, context | more)

    def news(
        self, request: ConsoleRequest, stamp: object, poll: str, context: Callable[[], Context]
    ) -> HttpResponse:
        """What has changed since `seen`; the context is made only when anything has."""
        known, *marks = request.GET.get("seen", "").split(".")
        if known == str(stamp):
            return HttpResponse(status=204)
        made = context()
        parts = self._parts(request, made)
        before = dict(zip(self.names, marks, strict=False))
        news = {name: fragment.diff(before.get(name, "")) for name, fragment in parts.items()}
        more = {
            "fresh": {name: parts[name].text for name, new in news.items() if new.whole},
            "rows": [row for new in news.values() for row in new.rows],
            "seen": _seen(stamp, parts),
            "poll": poll,
            "now": timezone.now(),
        }
        return render(request, "vpn/_news.html", made | more)

    def _parts(self, request: ConsoleRequest, context: Context) -> dict[str, Fragment]:
        return {
            name: Fragment.of(render_to_string(f"{self.folder}/{name}.html", context, request))
            for name in self.names
        }


def _seen(stamp: object, parts: dict[str, Fragment]) -> str:
    return ".".join((str(stamp), *(fragment.seen for fragment in parts.values())))
