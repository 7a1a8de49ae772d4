"""Fragments of a page, and what of one differs from what a browser has seen: a poll gets only that.

A row of a fragment is an element whose id begins with `line-`; it holds no other of its own tag. A
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


class FragmentDiff(NamedTuple):
    """`whole`: the fragment is to be replaced. Else `rows` are those to be swapped in, and `figures`
    has `row number|figure|figure` for each row of which only figures changed, separated by semicolons."""

    whole: bool
    rows: list[SafeString]
    figures: str

    def __bool__(self) -> bool:
        return bool(self.whole or self.rows or self.figures)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A rendered fragment; `seen` is its version in the address that polls."""

    text: SafeString
    rows: tuple[str, ...]
    seen: str

    @classmethod
    def of(cls, text: SafeString) -> Fragment:
        rows = tuple(found[0] for found in _ROW.finditer(text))
        frame = _ROW.sub(lambda found: found[0].partition(">")[0], text)
        return cls(text, rows, "-".join((_digest(frame, 8), *map(_row_digest, rows))))

    def diff(self, seen: str) -> FragmentDiff:
        """What differs from the version `seen`."""
        (frame, *digests), (known, *before) = self.seen.split("-"), seen.split("-")
        if frame != known:
            return FragmentDiff(True, [], "")
        rows, figures = [], []
        for number, (row, digest, old) in enumerate(zip_longest(self.rows, digests, before, fillvalue="")):
            if digest[:6] != old[:6]:
                rows.append(_swapped(row))
            elif digest != old:
                figures.append("|".join((str(number), *_figures(row))))
        return FragmentDiff(False, rows, ";".join(figures))


def _figures(row: str) -> list[str]:
    return [found[2] for found in _FIGURE.finditer(row)]


def _row_digest(row: str) -> str:
    """Six hex digits of the row, and four of its figures if it has any."""
    figures = _figures(row)
    still = _digest(_FIGURE.sub(r"\1", row), 6)
    return still + _digest(" ".join(figures), 4) if figures else still


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(_RESTLESS.sub(r"\1\2", text).encode()).hexdigest()[:length]


def _swapped(row: str) -> SafeString:
    """HTML allows table rows only in a table or a template. The text comes from our own template."""
    marked = row.replace(" id=", ' hx-swap-oob="true" id=', 1)
    return mark_safe(f"<template>{marked}</template>")  # noqa: S308
