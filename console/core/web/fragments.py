"""What a browser has seen of a piece of a page, so that a poll is answered with no more than is new.

A row of a piece is an element whose id begins with `line-`; it holds no other of its own tag. A
figure is a `<span data-figure>`: a number that moves all the time, sent alone. Anything that a
browser counts by itself (`data-until`, `data-since`) and form tokens make no difference.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from django.utils.safestring import SafeString, mark_safe

_ROW = re.compile(r'<(\w+) id="line-[^"]*".*?</\1>', re.DOTALL)
_FIGURE = re.compile(r"(<span data-figure>)([^<]*)")
_RESTLESS = re.compile(
    r'(<span data-(?:until|since)="[^"]*">)[^<]*|(name="csrfmiddlewaretoken" value=")[^"]*'
)


class News(NamedTuple):
    """`whole`: the piece is to be drawn anew. Else `rows` are those to be swapped in, and `figures`
    says `row number|figure|figure` of those of which only figures moved, parted by semicolons."""

    whole: bool
    rows: list[SafeString]
    figures: str

    def __bool__(self) -> bool:
        return bool(self.whole or self.rows or self.figures)


@dataclass(frozen=True, slots=True)
class Piece:
    """A rendered piece; `seen` stands in the address that polls."""

    text: SafeString
    rows: tuple[str, ...]
    seen: str

    @classmethod
    def of(cls, text: SafeString) -> Piece:
        rows = tuple(found[0] for found in _ROW.finditer(text))
        frame = _ROW.sub(lambda found: found[0].partition(">")[0], text)
        return cls(text, rows, "-".join((_mark(frame, 8), *map(_mark_of_row, rows))))

    def news(self, seen: str) -> News:
        """What is new to whoever has `seen`."""
        (frame, *marks), (known, *before) = self.seen.split("-"), seen.split("-")
        if frame != known:
            return News(True, [], "")
        rows, figures = [], []
        for number, (row, mark, old) in enumerate(zip_longest(self.rows, marks, before, fillvalue="")):
            if mark[:6] != old[:6]:
                rows.append(_swapped(row))
            elif mark != old:
                figures.append("|".join((str(number), *_figures(row))))
        return News(False, rows, ";".join(figures))


def _figures(row: str) -> list[str]:
    return [found[2] for found in _FIGURE.finditer(row)]


def _mark_of_row(row: str) -> str:
    """Six signs of the row, and four of its figures if it has any."""
    figures = _figures(row)
    still = _mark(_FIGURE.sub(r"\1", row), 6)
    return still + _mark(" ".join(figures), 4) if figures else still


def _mark(text: str, length: int) -> str:
    return hashlib.sha256(_RESTLESS.sub(r"\1\2", text).encode()).hexdigest()[:length]


def _swapped(row: str) -> SafeString:
    """Rows of tables stand nowhere but in a table, or in a template. The text is a template's own."""
    marked = row.replace(" id=", ' hx-swap-oob="true" id=', 1)
    return mark_safe(f"<template>{marked}</template>")  # noqa: S308
