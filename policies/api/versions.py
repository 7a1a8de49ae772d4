"""How policies of older versions differ (contract sections 1.3 and 4.7)."""

from __future__ import annotations

from console.core.api.changes import Body, VersionChange
from console.core.api.versions import GENERATION_2, TRIPLE_DES, ApiVersion

_LISTS = frozenset({"authentication_algorithms", "encryption_algorithms", "dh_groups", "pfs_groups"})


def _without_lists(body: Body, version: ApiVersion) -> None:
    """Generation 1 has one algorithm of each kind; of several it says `multiple`."""
    for name in _LISTS:
        body.pop(name, None)


def _old_spelling(body: Body, version: ApiVersion) -> None:
    body["encryption_algorithm"] = version.cipher(body["encryption_algorithm"])


POLICY = (
    VersionChange(GENERATION_2, added=_LISTS, down=_without_lists),
    VersionChange(ApiVersion(TRIPLE_DES, 2), down=_old_spelling),
)
