"""Which algorithms and figures each generation of the API accepts (contract sections 3.3, 4.5 and 4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from policies.domain.algorithms import AUTHENTICATION, DH_GROUPS, ENCRYPTION, INTEGRATED, PFS_DISABLED


@dataclass(frozen=True, slots=True)
class ApiAlgorithms:
    """The algorithms that one generation of the API accepts; lifetimes in seconds, limits included.

    `most` is how many algorithms of one kind, and how many groups, a policy may have.
    """

    authentication: tuple[str, ...]
    encryption: tuple[str, ...]
    esp_authentication: tuple[str, ...]
    esp_encryption: tuple[str, ...]
    dh_groups: tuple[int, ...]
    pfs: tuple[str, ...]
    ike_versions: tuple[int, ...]
    min_lifetime: int
    max_lifetime: int
    most: tuple[int, int] = (1, 1)
    lower_names: bool = False


def _accepted(
    generation: int, *, lifetimes: tuple[int, int], most: tuple[int, int], lower_names: bool
) -> ApiAlgorithms:
    """The algorithms whose rows name this generation; 0 means all rows."""
    ciphers = [row for row in ENCRYPTION.values() if generation in {0, *row.generations}]
    hashes = [row.name for row in AUTHENTICATION.values() if generation in {0, *row.generations}]
    groups = tuple(number for number, row in DH_GROUPS.items() if generation in {0, *row.generations})
    return ApiAlgorithms(
        authentication=tuple(name for name in hashes if name != INTEGRATED),
        # IKE is served without AEAD ciphers.
        encryption=tuple(row.name for row in ciphers if not row.aead),
        esp_authentication=tuple(hashes),
        esp_encryption=tuple(row.name for row in ciphers),
        dh_groups=groups,
        pfs=(PFS_DISABLED, *(f"group_{number}" for number in groups)),
        ike_versions=(1, 2),
        min_lifetime=lifetimes[0],
        max_lifetime=lifetimes[1],
        most=most,
        lower_names=lower_names,
    )


GENERATION_1 = _accepted(1, lifetimes=(300, 86400), most=(1, 1), lower_names=False)
GENERATION_2 = _accepted(2, lifetimes=(1800, 86400), most=(3, 12), lower_names=True)
# Everything of both, for the console and the admin site.
EVERYTHING = _accepted(0, lifetimes=(300, 86400), most=(6, 14), lower_names=False)
BY_GENERATION: Mapping[int, ApiAlgorithms] = MappingProxyType(
    {0: EVERYTHING, 1: GENERATION_1, 2: GENERATION_2}
)
