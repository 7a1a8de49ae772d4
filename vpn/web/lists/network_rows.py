"""The rows of the lists of networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vpn.models import Gateway, Subnet, Vpc


@dataclass(frozen=True, slots=True)
class VpcShown:
    row: Vpc

    @property
    def prefixes(self) -> list[str]:
        return [prefix.cidr for prefix in self.row.address_prefixes.all()]


@dataclass(frozen=True, slots=True)
class SubnetShown:
    """A subnet with its gateways."""

    row: Subnet
    gateways: list[Gateway]


@dataclass(frozen=True, slots=True)
class Plain:
    """A row without additional data."""

    row: Any


def plain(rows: Sequence[Any]) -> list[Plain]:
    return [Plain(row) for row in rows]
