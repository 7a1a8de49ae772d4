"""The labelled lines at the head of every export: for people, and for the next console to read."""

from __future__ import annotations

import re

# Stands first in every text that this product exports; the number names the form of the lines.
MARK = "Isthmus hand-off 1"

YOUR_ADDRESS = "Your address"
GATEWAY_ADDRESS = "Gateway address"
YOUR_CIDRS = "CIDRs on your side"
GATEWAY_CIDRS = "CIDRs behind the gateway"
IKE_VERSION = "IKE version"
IKE_PROPOSALS = "IKE proposals"
ESP_PROPOSALS = "IPsec proposals"
KEY = "Pre-shared key"

# Where the key belongs; no key can be this, for none has spaces or angle brackets.
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
    """The first value of each label; empty when the text is no export of ours."""
    if MARK not in text:
        return {}
    found: dict[str, str] = {}
    for line in text.split(MARK, 1)[1].split("\n"):
        if match := _LINE.match(line):
            found.setdefault(match[1], match[2].strip()[:_LONGEST_VALUE])
    return found if {YOUR_ADDRESS, GATEWAY_ADDRESS} & set(found) else {}
