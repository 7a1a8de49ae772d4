"""Presets: values that prefill the form of a new policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from policies.domain.algorithms import INTEGRATED


@dataclass(frozen=True, slots=True)
class Preset:
    """`purpose` says which peers it suits; the values are those of the form of its kind."""

    name: str
    purpose: str
    ike: Mapping[str, Any]
    ipsec: Mapping[str, Any]

    def values(self, kind: str) -> dict[str, Any]:
        """For the form of `ike` or `ipsec` policies, with the preset's own name."""
        return {"name": self.name, **(self.ike if kind == "ike" else self.ipsec)}


def _ike(version: int, cipher: str, digest: str, group: int) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            "ike_version": version,
            "encryption_algorithm": cipher,
            "authentication_algorithm": digest,
            "dh_group": group,
            "key_lifetime": 28800,
        }
    )


def _ipsec(cipher: str, digest: str, pfs: str) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            "encryption_algorithm": cipher,
            "authentication_algorithm": digest,
            "pfs": pfs,
            "key_lifetime": 3600,
        }
    )


PRESETS: tuple[Preset, ...] = (
    Preset(
        "strong",
        "The strongest algorithms that most current peers support: AES-256, SHA-384 and the curve P-384, "
        "and AES-GCM for the data.",
        _ike(2, "aes256", "sha384", 20),
        _ipsec("aes256gcm16", INTEGRATED, "group_20"),
    ),
    Preset(
        "compatible",
        "For older and newer peers: only what RFC 8247 and RFC 8221 require of every device, and no fresh "
        "Diffie-Hellman exchange for phase 2 keys, which many peers leave off.",
        _ike(2, "aes128", "sha256", 14),
        _ipsec("aes128", "sha256", "disabled"),
    ),
    Preset(
        "legacy",
        "Only for old peers that support nothing else, until they are replaced: broken and weak "
        "algorithms, for the reasons shown below.",
        _ike(1, "triple_des", "sha1", 2),
        _ipsec("triple_des", "sha1", "group_2"),
    ),
)


def find_preset(name: str) -> Preset | None:
    return next((preset for preset in PRESETS if preset.name == name), None)
