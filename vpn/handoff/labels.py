"""The labelled lines in the header of every export: for people, and for the console that reads it."""

from __future__ import annotations

import re

# The first line of every export; the number is the version of the format.
MARK = "Isthmus hand-off 1"

YOUR_ADDRESS = "Your address"
GATEWAY_ADDRESS = "Gateway address"
YOUR_CIDRS = "CIDRs on your side"
GATEWAY_CIDRS = "CIDRs behind the gateway"
IKE_VERSION = "IKE version"
IKE_PROPOSALS = "IKE proposals"
ESP_PROPOSALS = "IPsec proposals"
KEY = "Pre-shared key"

# In place of the key; cannot be a key, because keys have no spaces or angle brackets.
PLACEHOLDER = "<PRE-SHARED-KEY>"
LEFT_OUT = "(left out)"

LABELS: tuple[str, ...] = (YOUR_ADDRESS, GATEWAY_ADDRESS, YOUR_CIDRS, GATEWAY_CIDRS)
LABELS += (IKE_VERSION, IKE_PROPOSALS, ESP_PROPOSALS, KEY)
# Comment marks of the vendors' files before a label: # ! // ; and XML's <!--
_LINE = re.compile(rf"[ \t]*(?:[#!;/]|<!--)*[ \t]*({'|'.join(map(re.escape, LABELS))}):[ \t]*([^\n]*)")
_LONGEST_VALUE = 4000


def is_placeholder(value: str) -> bool:
    return PLACEHOLDER in value or value == LEFT_OUT


def read(text: str) -> dict[str, str]:
    """The first value of each label; empty if the text is not an export of this product."""
    if MARK not in text:
        return {}
    found: dict[str, str] = {}
    for line in text.split(MARK, 1)[1].split("\n"):
        if match := _LINE.match(line):
            found.setdefault(match[1], match[2].strip()[:_LONGEST_VALUE])
    return found if {YOUR_ADDRESS, GATEWAY_ADDRESS} & set(found) else {}
