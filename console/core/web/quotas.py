"""Quotas on the account's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.core.registry import Use

_NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """`place` names the fullest VPC, zone or gateway, for a quota that applies to each."""

    word: str
    limit: int
    used: int
    place: str

    @property
    def state(self) -> str:
        """The status for `{% status %}`."""
        if self.used >= self.limit:
            return "full"
        return "nearly full" if self.used >= self.limit * _NEARLY else "ok"

    @property
    def free(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def top(self) -> int:
        """The maximum of the meter: an account may exceed a limit that was lowered later."""
        return max(self.limit, self.used, 1)


def quota_rows(limits: Mapping[str, int], used: Mapping[str, Use]) -> list[QuotaRow]:
    """A row for each quota whose use is known, in the order of the settings."""
    return [
        QuotaRow(_word(name), limit, used[name].used, used[name].place)
        for name, limit in limits.items()
        if name in used
    ]


def _word(name: str) -> str:
    """`subnets_per_vpc` is "Subnets per VPC"."""
    text = name.replace("_", " ").replace("vpc", "VPC").replace("cidr", "CIDR").replace("api ", "API ")
    text = text.replace("ike ", "IKE ").replace("ipsec ", "IPsec ")
    return text[0].upper() + text[1:]
