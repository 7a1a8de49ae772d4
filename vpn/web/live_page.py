"""Pages that update themselves by polling, part by part.

A page sends the version of its data, and a digest of each part. A poll gets 204 while the
version is the same, otherwise only the parts that render differently. Times that the browser counts
itself (`data-until`, `data-since`) and form tokens make no difference. If only rows of a part have
changed, only those rows are sent.
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

    def whole(self, request: ConsoleRequest, version: object, poll: str, context: Context) -> HttpResponse:
        """The whole page; `poll` is the address that responds with `diff`."""
        parts = self._parts(request, context)
        drawn = {name: fragment.text for name, fragment in parts.items()}
        more = {"parts": drawn, "seen": _seen(version, parts), "poll": poll, "now": timezone.now()}
        return render(request, self.template, context | more)

    def diff(
        self, request: ConsoleRequest, version: object, poll: str, context: Callable[[], Context]
    ) -> HttpResponse:
        """What has changed since `seen`; the context is built only if something has."""
        known, *digests = request.GET.get("seen", "").split(".")
        if known == str(version):
            return HttpResponse(status=204)
        made = context()
        parts = self._parts(request, made)
        before = dict(zip(self.names, digests, strict=False))
        diffs = {name: fragment.diff(before.get(name, "")) for name, fragment in parts.items()}
        more = {
            "fresh": {name: parts[name].text for name, new in diffs.items() if new.whole},
            "rows": [row for new in diffs.values() for row in new.rows],
            "seen": _seen(version, parts),
            "poll": poll,
            "now": timezone.now(),
        }
        return render(request, "vpn/_fragment_diff.html", made | more)

    def _parts(self, request: ConsoleRequest, context: Context) -> dict[str, Fragment]:
        return {
            name: Fragment.of(render_to_string(f"{self.folder}/{name}.html", context, request))
            for name in self.names
        }


def _seen(version: object, parts: dict[str, Fragment]) -> str:
    return ".".join((str(version), *(fragment.seen for fragment in parts.values())))
