"""The settings format of strongSwan: sections in braces, `key = value`, comments, quoted strings.

The reader never fails: it skips what it does not understand, and omits entries beyond limits on nesting
and size that no configuration written by hand reaches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_DEEPEST = 12
_MOST_ENTRIES = 4000
_MOST_LINKS = 8
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r]+)
    | (?P<comment>\#[^\n]*)
    | (?P<newline>\n)
    | (?P<mark>[{}=])
    | "(?P<quoted>(?:[^"\\]|\\.)*)"?
    | (?P<word>[^\s{}="\#]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass
class Section:
    """Values by key, sections by name; the last value of a repeated key wins, as in strongSwan."""

    values: dict[str, str] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)
    parents: list[str] = field(default_factory=list)

    def at(self, *names: str) -> Section:
        """The section at a path; an empty one if it does not exist."""
        section = self
        for name in names:
            section = section.sections.get(name) or Section()
        return section


@dataclass
class Read:
    """A parsed text. `includes` counts lines that name other files; `cut`: some entries were omitted."""

    root: Section
    includes: int = 0
    cut: bool = False


Token = tuple[str, str]


def read_settings(text: str) -> Read:
    """Never raises; linear in the length of the text."""
    return _Reader(text).read()


def inherited(root: Section, section: Section) -> Section:
    """The section with what it inherits from the sections after its colon."""
    merged = Section()
    seen = [section]
    for one in seen:
        for path in one.parents[:_MOST_LINKS]:
            parent = root.at(*path.split("."))
            if len(seen) < _MOST_LINKS and not any(parent is known for known in seen):
                seen.append(parent)
    for one in reversed(seen):
        _lay_over(merged, one, 0)
    return merged


def _lay_over(under: Section, over: Section, depth: int) -> None:
    under.values |= over.values
    under.parents = over.parents
    if depth < _DEEPEST:
        for name, section in over.sections.items():
            _lay_over(under.sections.setdefault(name, Section()), section, depth + 1)


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "quoted"
        if kind != "comment":
            yield kind, match[kind] or ""


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), quoted, flags=re.DOTALL)


class _Reader:
    """Reads in one pass; `_stack` holds the open sections."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._read = Read(Section())
        self._stack = [self._read.root]
        # Braces beyond the deepest level are only counted.
        self._beyond = 0
        self._entries = 0

    def read(self) -> Read:
        words: list[str] = []
        for kind, text in self._tokens:
            if kind in {"word", "quoted"}:
                words.append(text)
            elif kind == "newline":
                words = self._after_line(words)
            elif kind == "mark":
                self._mark(text, words)
                words = []
        self._after_line(words)
        return self._read

    def _mark(self, mark: str, words: list[str]) -> None:
        if mark == "{":
            self._open(words)
        elif mark == "}":
            self._close()
        else:
            self._value(words)

    def _after_line(self, words: list[str]) -> list[str]:
        """A name may be on the line before its brace; an include ends with its line."""
        if words and words[0] == "include":
            self._read.includes += 1
            return []
        return words[-_MOST_LINKS:]

    def _open(self, words: list[str]) -> None:
        if self._beyond or len(self._stack) > _DEEPEST or not self._has_space():
            self._beyond += 1
            self._read.cut = True
            return
        name, _, parents = " ".join(words).partition(":")
        section = self._stack[-1].sections.setdefault(name.strip(), Section())
        section.parents = [path.strip() for path in parents.split(",") if path.strip()]
        self._stack.append(section)

    def _close(self) -> None:
        if self._beyond:
            self._beyond -= 1
        elif len(self._stack) > 1:
            self._stack.pop()

    def _value(self, words: list[str]) -> None:
        """Reads up to the end of the line or a brace; quoted parts are kept unchanged."""

        parts: list[str] = []
        end = ""
        for kind, text in self._tokens:
            if kind in {"newline"} or (kind == "mark" and text != "="):
                end = text
                break
            parts.append({"quoted": _plain(text), "space": " "}.get(kind, text))
        if words and not self._beyond and self._has_space():
            self._stack[-1].values[words[-1]] = "".join(parts).strip()
        if end == "}":
            self._close()
        elif end == "{":
            self._open([])

    def _has_space(self) -> bool:
        self._entries += 1
        self._read.cut = self._read.cut or self._entries > _MOST_ENTRIES
        return self._entries <= _MOST_ENTRIES
