from __future__ import annotations

from typing import Any

import pytest

from console.core.actor import Role
from tests.factories import Party, errors_of, make_connection, make_ike_policy, make_ipsec_policy

IKE = {
    "name": "my-ike",
    "authentication_algorithm": "sha256",
    "encryption_algorithm": "aes256",
    "dh_group": 14,
    "ike_version": 2,
}
IPSEC = {
    "name": "my-ipsec",
    "authentication_algorithm": "sha1",
    "encryption_algorithm": "3des",
    "pfs": "group_5",
    "key_lifetime": 1800,
}
KINDS = pytest.mark.parametrize(
    ("collection", "body"), [("ike_policies", IKE), ("ipsec_policies", IPSEC)], ids=["ike", "ipsec"]
)


@KINDS
def test_the_life_of_a_policy(ana: Party, collection: str, body: dict[str, Any]) -> None:
    made = ana.api.post(f"/v1/{collection}", body)
    assert made.status_code == 201
    policy = made.json()
    assert body.items() <= policy.items()
    assert policy["connections"] == []
    assert policy["resource_type"] == ("ike_policy" if collection == "ike_policies" else "ipsec_policy")
    assert policy["href"] == f"http://testserver/v1/{collection}/{policy['id']}"
    path = f"/v1/{collection}/{policy['id']}"
    assert ana.api.get(path).json() == policy
    listed = ana.api.get(f"/v1/{collection}").json()
    assert listed[collection] == [policy] and listed["total_count"] == 1
    changed = ana.api.patch(path, {"key_lifetime": 7200}, content_type="application/merge-patch+json")
    assert changed.status_code == 200
    assert changed.json() == policy | {"key_lifetime": 7200}
    assert ana.api.get(f"{path}/connections").json()["connections"] == []
    gone = ana.api.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert ana.api.get(path).status_code == 404


def test_read_only_fields_of_the_seed(ana: Party) -> None:
    ike = ana.api.post("/v1/ike_policies", IKE).json()
    assert (ike["negotiation_mode"], ike["key_lifetime"]) == ("main", 28800)
    ipsec = ana.api.post("/v1/ipsec_policies", IPSEC).json()
    assert (ipsec["encapsulation_mode"], ipsec["transform_protocol"]) == ("tunnel", "esp")


def test_triple_des_is_called_by_the_name_of_its_time(ana: Party) -> None:
    for word in ("3des", "triple_des"):
        policy = ana.api.post(
            "/v1/ipsec_policies", IPSEC | {"name": f"p{word}", "encryption_algorithm": word}
        ).json()
        assert policy["encryption_algorithm"] == "3des"
        path = f"/v1/ipsec_policies/{policy['id']}?generation=1"
        assert ana.api.get(path, version="2020-06-30").json()["encryption_algorithm"] == "3des"
        assert ana.api.get(path, version="2020-07-01").json()["encryption_algorithm"] == "triple_des"


def test_the_connections_that_use_a_policy(ana: Party) -> None:
    ike, ipsec = make_ike_policy(ana), make_ipsec_policy(ana)
    row = make_connection(ana, ike_policy={"id": str(ike.pk)}, ipsec_policy={"id": str(ipsec.pk)})
    for path in (f"/v1/ike_policies/{ike.pk}", f"/v1/ipsec_policies/{ipsec.pk}"):
        reference = ana.api.get(path).json()["connections"]
        assert [one["id"] for one in reference] == [str(row.pk)]
        full = ana.api.get(f"{path}/connections").json()
        assert full["total_count"] == 1
        assert full["connections"][0]["peer_address"] == row.peer_address
        href = reference[0]["href"].removeprefix("http://testserver")
        assert ana.api.get(href).json() == full["connections"][0]
        refused = ana.api.delete(path)
        assert refused.status_code == 409
        assert errors_of(refused)[0][0] in {"ike_policy_in_use", "ipsec_policy_in_use"}


@pytest.mark.parametrize("ident", ["00000000-0000-4000-8000-000000000000", "nonsense", "{x}", "1" * 300])
@pytest.mark.parametrize("kind", ["ike", "ipsec"])
def test_unknown_policies(ana: Party, kind: str, ident: str) -> None:
    path = f"/v1/{kind}_policies/{ident}"
    for response in (
        ana.api.get(path),
        ana.api.patch(path, {"key_lifetime": 600}),
        ana.api.delete(path),
        ana.api.get(f"{path}/connections"),
    ):
        assert response.status_code == 404
        assert errors_of(response) == [(f"{kind}_policy_not_found", "id")]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": "1"}, "ike_policy_invalid_name", "name"),
        ({"name": "x" * 64}, "ike_policy_invalid_name", "name"),
        ({"name": ""}, "ike_policy_invalid_name", "name"),
        ({"name": None}, "validation_not_null", "name"),
        ({"name": "taken"}, "ike_policy_duplicate_name", "name"),
        ({"dh_group": "14"}, "validation_invalid_field_type", "dh_group"),
        ({"dh_group": True}, "validation_invalid_field_type", "dh_group"),
        ({"dh_group": 10**12}, "validation_invalid_field_type", "dh_group"),
        ({"dh_group": 3}, "validation_enum", "dh_group"),
        ({"dh_group": None}, "validation_not_null", "dh_group"),
        ({"ike_version": 2.5}, "validation_invalid_field_type", "ike_version"),
        ({"ike_version": 0}, "validation_enum", "ike_version"),
        ({"encryption_algorithm": "aes192"}, "validation_enum", "encryption_algorithm"),
        ({"encryption_algorithm": 3}, "validation_invalid_field_type", "encryption_algorithm"),
        ({"authentication_algorithm": ["sha1"]}, "validation_invalid_field_type", "authentication_algorithm"),
        ({"key_lifetime": 299}, "validation_min_value", "key_lifetime"),
        ({"key_lifetime": 86401}, "validation_max_value", "key_lifetime"),
        ({"key_lifetime": "long"}, "validation_invalid_field_type", "key_lifetime"),
        ({"pfs": "disabled"}, "bad_field", "pfs"),
        ({"negotiation_mode": "main"}, "bad_field", "negotiation_mode"),
        ({"resource_group": "default"}, "validation_invalid_field_type", "resource_group"),
        ({"resource_group": {"id": "unknown"}}, "validation_invalid_ref", "resource_group.id"),
        ({"resource_group": {"id": 5}}, "validation_invalid_field_type", "resource_group.id"),
    ],
)
def test_bad_values(ana: Party, changes: dict[str, Any], code: str, field: str) -> None:
    make_ike_policy(ana, "taken")
    created = ana.api.post("/v1/ike_policies", IKE | changes)
    assert created.status_code == 400
    assert errors_of(created) == [(code, field)]
    assert ana.api.get("/v1/ike_policies").json()["total_count"] == 1


@pytest.mark.parametrize(
    "field", ["authentication_algorithm", "encryption_algorithm", "dh_group", "ike_version"]
)
def test_required_fields(ana: Party, field: str) -> None:
    body = {name: value for name, value in IKE.items() if name != field}
    assert errors_of(ana.api.post("/v1/ike_policies", body)) == [("validation_required_field", field)]


def test_what_a_patch_cannot_change_is_named(ana: Party) -> None:
    policy = make_ike_policy(ana)
    body = {"id": "x", "resource_group": {"id": "x"}, "colour": 1, "name": "renamed"}
    response = ana.api.patch(f"/v1/ike_policies/{policy.pk}", body)
    assert errors_of(response) == [
        ("bad_field", "id"),
        ("bad_field", "resource_group"),
        ("bad_field", "colour"),
    ]
    messages = {error["target"]["name"]: error["message"] for error in response.json()["errors"]}
    assert "read-only" in messages["id"]
    assert "cannot be changed" in messages["resource_group"]
    policy.refresh_from_db()
    assert policy.name != "renamed"


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.EDITOR, 201)])
def test_roles(ana: Party, role: Role, status: int) -> None:
    api = ana.api_as(role)
    assert api.get("/v1/ike_policies").status_code == 200
    response = api.post("/v1/ike_policies", IKE)
    assert response.status_code == status
    if status == 403:
        assert errors_of(response) == [("not_authorized", "")]
