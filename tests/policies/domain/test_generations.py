"""What each generation of the API accepts (contract sections 3.3, 4.5 and 4.6)."""

from __future__ import annotations

import pytest

from policies.domain.generations import (
    BY_GENERATION,
    EVERYTHING,
    GENERATION_1,
    GENERATION_2,
    ApiAlgorithms,
    _accepted,
)

OLD_CIPHERS, NEW_CIPHERS = ("triple_des", "aes128", "aes256"), ("aes128", "aes192", "aes256")
AEAD = ("aes128gcm16", "aes192gcm16", "aes256gcm16")
NEW_HASHES = ("sha256", "sha384", "sha512")
NEW_GROUPS = (*range(14, 25), 31)


def pfs(groups: tuple[int, ...]) -> tuple[str, ...]:
    return ("disabled", *(f"group_{number}" for number in groups))


FIRST = ApiAlgorithms(
    authentication=("md5", "sha1", "sha256"),
    encryption=OLD_CIPHERS,
    esp_authentication=("md5", "sha1", "sha256"),
    esp_encryption=OLD_CIPHERS,
    dh_groups=(2, 5, 14),
    pfs=pfs((2, 5, 14)),
    ike_versions=(1, 2),
    min_lifetime=300,
    max_lifetime=86400,
    most=(1, 1),
    lower_names=False,
)
SECOND = ApiAlgorithms(
    authentication=NEW_HASHES,
    encryption=NEW_CIPHERS,
    esp_authentication=(*NEW_HASHES, "disabled"),
    esp_encryption=(*NEW_CIPHERS, *AEAD),
    dh_groups=NEW_GROUPS,
    pfs=pfs(NEW_GROUPS),
    ike_versions=(1, 2),
    min_lifetime=1800,
    max_lifetime=86400,
    most=(3, 12),
    lower_names=True,
)
ALL = ApiAlgorithms(
    authentication=("md5", "sha1", *NEW_HASHES),
    encryption=("triple_des", *NEW_CIPHERS),
    esp_authentication=("md5", "sha1", *NEW_HASHES, "disabled"),
    esp_encryption=("triple_des", *NEW_CIPHERS, *AEAD),
    dh_groups=(2, 5, *NEW_GROUPS),
    pfs=pfs((2, 5, *NEW_GROUPS)),
    ike_versions=(1, 2),
    min_lifetime=300,
    max_lifetime=86400,
    most=(6, 14),
    lower_names=False,
)


@pytest.mark.parametrize(
    ("generation", "constant", "expected"),
    [(1, GENERATION_1, FIRST), (2, GENERATION_2, SECOND), (0, EVERYTHING, ALL)],
)
def test_what_a_generation_accepts(generation: int, constant: ApiAlgorithms, expected: ApiAlgorithms) -> None:
    assert constant == BY_GENERATION[generation] == expected
    selected = _accepted(
        generation,
        lifetimes=(expected.min_lifetime, expected.max_lifetime),
        most=expected.most,
        lower_names=expected.lower_names,
    )
    assert selected == expected
