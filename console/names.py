"""Names for things that were given none (contract section 7.2)."""

from __future__ import annotations

import secrets
from collections.abc import Collection

_ADJECTIVES = (
    "amber", "brisk", "calm", "clear", "early", "fair", "fleet", "gentle", "keen", "level",
    "lively", "mild", "noble", "plain", "prime", "quiet", "ready", "smart", "steady", "swift",
)  # fmt: skip
_NOUNS = (
    "anchor", "arch", "bay", "beacon", "bridge", "canal", "cape", "coast", "delta", "ferry",
    "fjord", "harbor", "island", "lagoon", "pier", "reef", "ridge", "shore", "strait", "valley",
)  # fmt: skip


def random_name(taken: Collection[str] = ()) -> str:
    """Hyphenated random words that are not taken."""
    name = f"{secrets.choice(_ADJECTIVES)}-{secrets.choice(_NOUNS)}-{secrets.choice(_NOUNS)}"
    return f"{name}-{secrets.token_hex(3)}" if name in taken else name
