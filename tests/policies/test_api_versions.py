"""Policies in both generations: lists and their singular mirrors (contract section 4.7)."""

from __future__ import annotations

from typing import Any

import pytest

from policies.models import IKEPolicy
from tests.factories import Party, errors_of, make_connection, make_ike_policy, make_ipsec_policy

NEWEST = "2026-10-06&generation=2"
IKE = {
    "authentication_algorithms": ["sha512", "sha256"],
    "encryption_algorithms": ["aes256"],
    "ike_version": 2,
}
LISTS = {"authentication_algorithms", "encryption_algorithms", "dh_groups"}


def test_lists_and_their_mirrors(ana: Party) -> None:
    made = ana.api.post("/v1/ike_policies", IKE | {"dh_group": 31}, version=NEWEST)
    assert made.status_code == 201
    body = made.json()
    assert body["authentication_algorithms"] == ["sha512", "sha256"]
    assert (body["authentication_algorithm"], body["encryption_algorithm"]) == ("multiple", "aes256")
    assert (body["dh_groups"], body["dh_group"], body["key_lifetime"]) == ([31], 31, 28800)
    path = f"/v1/ike_policies/{body['id']}"
    patched = ana.api.patch(path, {"dh_groups": [20, 14]}, version=NEWEST).json()
    assert (patched["dh_groups"], patched["dh_group"]) == ([20, 14], 65535)
    one = ana.api.patch(path, {"authentication_algorithm": "sha384"}, version=NEWEST).json()
    assert one["authentication_algorithms"] == ["sha384"]


def test_generation_1_sees_no_lists(ana: Party) -> None:
    body = ana.api.post("/v1/ike_policies", IKE | {"dh_groups": [31, 14]}, version=NEWEST).json()
    old = ana.api.get(f"/v1/ike_policies/{body['id']}").json()
    assert body.keys() - old.keys() == LISTS
    assert (old["authentication_algorithm"], old["dh_group"]) == ("multiple", 65535)
    refused = ana.api.patch(f"/v1/ike_policies/{body['id']}", {"dh_groups": [14]})
    assert errors_of(refused) == [("bad_field", "dh_groups")]
    assert ana.api.patch(f"/v1/ike_policies/{body['id']}", {"name": "Old_Name"}).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"dh_group": 14, "dh_groups": [14]}, "validation_only_one", "dh_groups"),
        ({"dh_groups": [2]}, "validation_enum", "dh_groups[0]"),
        ({"dh_groups": [14, 14]}, "validation_failure", "dh_groups[1]"),
        ({"dh_groups": []}, "validation_required_field", "dh_groups"),
        ({}, "validation_required_field", "dh_groups"),
        ({"dh_groups": ["14"]}, "validation_invalid_field_type", "dh_groups[0]"),
        ({"dh_groups": [True]}, "validation_invalid_field_type", "dh_groups[0]"),
        ({"dh_group": 5}, "validation_enum", "dh_group"),
        (
            {"dh_group": 14, "authentication_algorithms": ["md5"]},
            "validation_enum",
            "authentication_algorithms[0]",
        ),
        ({"dh_group": 14, "encryption_algorithms": ["3des"]}, "validation_enum", "encryption_algorithms[0]"),
        ({"dh_group": 14, "ike_version": 1}, "validation_failure", "authentication_algorithms"),
        ({"dh_group": 14, "key_lifetime": 300}, "validation_min_value", "key_lifetime"),
        ({"dh_group": 14, "name": "Upper"}, "ike_policy_invalid_name", "name"),
    ],
)
def test_what_generation_2_refuses(ana: Party, changes: dict[str, Any], code: str, field: str) -> None:
    refused = ana.api.post("/v1/ike_policies", IKE | changes, version=NEWEST)
    assert (refused.status_code, errors_of(refused)) == (400, [(code, field)])
    assert not IKEPolicy.objects.exists()


def test_weak_algorithms_of_generation_1_are_shown_and_may_stay(ana: Party) -> None:
    weak = make_ike_policy(ana, authentication_algorithm="md5", encryption_algorithm="3des", dh_group=2)
    path = f"/v1/ike_policies/{weak.pk}"
    body = ana.api.get(path, version=NEWEST).json()
    assert (body["encryption_algorithms"], body["dh_groups"]) == (["triple_des"], [2])
    assert ana.api.patch(path, {"key_lifetime": 3600}, version=NEWEST).status_code == 200
    assert errors_of(ana.api.patch(path, {"dh_group": 5}, version=NEWEST)) == [
        ("validation_enum", "dh_group")
    ]
    assert ana.api.patch(path, {"encryption_algorithm": "aes192"}, version=NEWEST).status_code == 200


@pytest.mark.parametrize(("version", "word"), [("2020-06-30&generation=2", "3des"), (NEWEST, "triple_des")])
def test_triple_des_has_the_name_of_its_day(ana: Party, version: str, word: str) -> None:
    weak = make_ike_policy(ana, encryption_algorithm="3des")
    assert ana.api.get(f"/v1/ike_policies/{weak.pk}", version=version).json()["encryption_algorithm"] == word


def test_combined_ciphers_need_no_authentication(ana: Party) -> None:
    body = {"encryption_algorithms": ["aes256gcm16"], "pfs": "disabled"}
    good = ana.api.post("/v1/ipsec_policies", body | {"authentication_algorithm": "disabled"}, version=NEWEST)
    assert good.status_code == 201
    refused = ana.api.post(
        "/v1/ipsec_policies", body | {"authentication_algorithm": "sha256"}, version=NEWEST
    )
    assert errors_of(refused) == [("validation_failure", "authentication_algorithm")]
    path = f"/v1/ipsec_policies/{good.json()['id']}"
    alone = ana.api.patch(path, {"encryption_algorithm": "aes256"}, version=NEWEST)
    assert errors_of(alone) == [("validation_failure", "authentication_algorithms")]


def test_policies_of_one_connection_fit_ikev1_together(ana: Party) -> None:
    ike, ipsec = make_ike_policy(ana, ike_version=1), make_ipsec_policy(ana)
    make_connection(ana, ike_policy={"id": str(ike.pk)}, ipsec_policy={"id": str(ipsec.pk)})
    several = {"encryption_algorithms": ["aes256", "aes128"]}
    refused = ana.api.patch(f"/v1/ipsec_policies/{ipsec.pk}", several, version=NEWEST)
    assert errors_of(refused) == [("validation_failure", "encryption_algorithms")]
    assert ana.api.patch(f"/v1/ike_policies/{ike.pk}", {"ike_version": 2}, version=NEWEST).status_code == 200
    assert ana.api.patch(f"/v1/ipsec_policies/{ipsec.pk}", several, version=NEWEST).status_code == 200
    back = ana.api.patch(f"/v1/ike_policies/{ike.pk}", {"ike_version": 1}, version=NEWEST)
    assert errors_of(back) == [("validation_failure", "ike_version")]
