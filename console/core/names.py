"""Rules for names, and generated names for objects created without one (contract section 7.2)."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from console.core.errors import Violation

LONGEST_LABEL = 63

_ADJECTIVES = (
    "amber", "brisk", "calm", "clear", "early", "fair", "fleet", "gentle", "keen", "level",
    "lively", "mild", "noble", "plain", "prime", "quiet", "ready", "smart", "steady", "swift",
)  # fmt: skip
_NOUNS = (
    "anchor", "arch", "bay", "beacon", "bridge", "canal", "cape", "coast", "delta", "ferry",
    "fjord", "harbor", "island", "lagoon", "pier", "reef", "ridge", "shore", "strait", "valley",
)  # fmt: skip


def label_violations(text: str, subject: str) -> list[Violation]:
    """Violations of a free-text name; `subject` begins the message.

    Control, format and other unprintable characters are refused: they would reach terminals, logs
    and CSV files, or make two names look alike.
    """
    message = ""
    if not 1 <= len(text) <= LONGEST_LABEL:
        message = f"{subject} has 1 to {LONGEST_LABEL} characters; this has {len(text)}."
    elif not text.isprintable():
        place = next(index for index, char in enumerate(text) if not char.isprintable())
        message = (
            f"{subject} has printable characters only; the character at position {place + 1} "
            f"(U+{ord(text[place]):04X}) is not printable."
        )
    return [Violation("validation_invalid_name", "name", message)] if message else []


def random_name(taken: Collection[str] = ()) -> str:
    """Hyphenated random words that are not taken."""
    name = f"{secrets.choice(_ADJECTIVES)}-{secrets.choice(_NOUNS)}-{secrets.choice(_NOUNS)}"
    return f"{name}-{secrets.token_hex(3)}" if name in taken else name
