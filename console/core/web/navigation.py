"""The main navigation: where a signed-in person can go from anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

# URL name, word, icon, further paths that belong to the entry.
_ENTRIES = (
    ("overview", "Overview", "overview", ()),
    ("gateways", "VPN gateways", "gateway", ()),
    ("connections", "Connections", "connection", ()),
    ("ike_policies", "IKE policies", "shield", ()),
    ("ipsec_policies", "IPsec policies", "lock", ()),
    ("networks", "Networks", "network", ()),
    ("activity", "Activity", "activity", ()),
    ("account_home", "Account", "account", ("/keys", "/members")),
)


@dataclass(frozen=True, slots=True)
class NavItem:
    url: str
    label: str
    icon: str
    current: bool


def nav_items(path: str) -> list[NavItem]:
    """All entries that have a page; the one with the longest address around `path` is current."""
    found = []
    for name, label, icon, others in _ENTRIES:
        try:
            found.append((reverse(name), label, icon, others))
        except NoReverseMatch:
            continue
    around = [max((_within(path, one) for one in (url, *others)), default=0) for url, _, _, others in found]
    best = max(around, default=0)
    return [
        NavItem(url, label, icon, current=0 < best == length)
        for (url, label, icon, _), length in zip(found, around, strict=True)
    ]


def _within(path: str, base: str) -> int:
    """The length of `base` when `path` is it or lies below it, else 0; "/" is only itself."""
    return len(base) if path == base or (base != "/" and path.startswith(f"{base}/")) else 0
