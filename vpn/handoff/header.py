"""The header above the configuration in every file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import unescape

from vpn.handoff import labels as sheet
from vpn.handoff.parameters import Parameters, safe_name
from vpn.handoff.table import Row

_PLACEHOLDER = re.compile(r"<[A-Z][-A-Z0-9]*>")


def header(
    parameters: Parameters,
    device: str,
    table: Iterable[Row],
    *,
    made_at: str,
    body: Iterable[str] = (),
    notes: Iterable[str] = (),
    verify: Iterable[str] = (),
) -> Iterator[str]:
    """Plain lines; the file prefixes each with its comment mark. `table` describes what `body` configures."""
    yield f"{sheet.MARK}: {device}"
    yield f"Connection: {safe_name(parameters.name)} ({parameters.connection_id})"
    yield f"Gateway: {safe_name(parameters.gateway)}"
    yield f"Made at: {made_at}, parameters {parameters.fingerprint}"
    yield ""
    yield from (line_of(row) for row in table)
    if wanted := sorted(set(_PLACEHOLDER.findall(unescape("\n".join(body))))):
        yield ""
        yield f"Replace before use: {', '.join(wanted)}"
    for title, lines in (("Note", notes), ("To check that it works", verify)):
        if present := list(lines):
            yield ""
            yield from (f"{title}: {line}" for line in present)


def line_of(row: Row) -> str:
    """Labelled lines have no note: it would be read back as part of the value."""
    plain = row.label in sheet.LABELS or not row.note
    return f"{row.label}: {row.value}" if plain else f"{row.label}: {row.value} ({row.note})"
