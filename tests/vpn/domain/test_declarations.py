"""Declarations: where a field is in a body, what it is about, and its default."""

from __future__ import annotations

from dataclasses import make_dataclass, replace
from typing import Any

import pytest

from vpn.domain.connection_drafts import DECLARED, ConnectionDraft
from vpn.domain.declarations import Declaration, declare, declared, put_at, topic_of
from vpn.domain.identities import Identity

KEY = {"type": "key_id", "value": "Kg=="}


@pytest.mark.parametrize("name", DECLARED)
def test_a_value_is_found_where_it_was_put(name: str) -> None:
    declaration, body = DECLARED[name], dict[str, Any]()
    assert not declaration.given_in(body)
    value: Any = KEY if "identity" in name else 2 if name == "api_generation" else ["a"]
    put_at(body, declaration.path, value)
    assert declaration.given_in(body)
    assert declaration.value_in(body) == declaration.parse(value)
    assert declaration.topic == topic_of(declaration.path)


def test_paths_share_objects() -> None:
    body: dict[str, Any] = {}
    put_at(body, "local.cidrs", ["10.0.0.0/24"])
    put_at(body, "local.ike_identities[0]", KEY)
    assert body == {"local": {"cidrs": ["10.0.0.0/24"], "ike_identities": [KEY]}}
    assert DECLARED["local_identity"].value_in(body) == Identity("key_id", "Kg==")
    assert not DECLARED["local_identity"].given_in({"local": {"ike_identities": []}})
    assert not DECLARED["peer_address"].given_in({"peer": None})


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("name", "name"),
        ("peer.cidrs[3]", "peer.cidrs"),
        ("peer.ike_identity.value", "peer.ike_identity"),
        ("local.ike_identities[0].type", "local.ike_identities"),
        ("dead_peer_detection.timeout", "dead_peer_detection"),
        ("ike_policy.id", "ike_policy"),
        ("", ""),
    ],
)
def test_what_a_path_is_about(path: str, topic: str) -> None:
    assert topic_of(path) == topic


def test_defaults_of_both_generations() -> None:
    draft = ConnectionDraft(name="x")
    for name, declaration in DECLARED.items():
        if name != "name":
            assert declaration.default_in(1) == getattr(draft, name)
    newer = [DECLARED[f"dpd_{one}"].default_in(2) for one in ("action", "interval", "timeout")]
    assert newer == ["restart", 2, 10]
    assert DECLARED["establish_mode"].default_in(2) == "bidirectional"


def test_a_declaration_is_read_from_a_field() -> None:
    """Built here rather than at import, so that the test is known to call `declare`."""
    fields: list[Any] = [
        ("plain", str, declare("plain")),
        (
            "full",
            int,
            declare("a.full", 1, visible=False, audited="a.full", column=False, fixed=True, gen2=2),
        ),
        ("derived", int, 0),
    ]
    draft = make_dataclass("Draft", fields)
    assert declared(draft) == {
        "plain": Declaration(name="plain", path="plain", audited="plain"),
        "full": Declaration(
            name="full", path="a.full", audited="a.full", column=False, fixed=True, default=1, gen2=2
        ),
    }
    assert repr(draft("x")).endswith("Draft(plain='x', derived=0)")
    assert draft("x").full == 1


def test_a_value_that_is_not_in_the_body() -> None:
    name, address = DECLARED["name"], DECLARED["peer_address"]
    assert (name.value_in({}), name.value_in({}, "x"), name.value_in({"name": "y"}, "x")) == (None, "x", "y")
    assert address.value_in({}, "x") == address.value_in({"peer": {}}, "x") == "x"
    assert address.value_in({"peer": {"address": None}}, "x") == ""


@pytest.mark.parametrize(
    ("name", "value", "parsed", "stored"),
    [
        ("name", "x", "x", "x"),
        ("peer_address", "198.51.100.4", "198.51.100.4", "198.51.100.4"),
        ("peer_address", None, "", None),
        ("local_cidrs", ["10.0.0.0/24"], ("10.0.0.0/24",), ("10.0.0.0/24",)),
        ("peer_identity", KEY, Identity("key_id", "Kg=="), KEY),
        ("peer_identity", None, None, None),
        ("api_generation", None, 1, 1),
        ("api_generation", 2, 2, 2),
    ],
)
def test_values_of_bodies_and_columns(name: str, value: object, parsed: object, stored: object) -> None:
    declaration = DECLARED[name]
    assert declaration.parse(value) == parsed
    assert declaration.store(parsed) == stored


def test_the_identity_of_a_peer() -> None:
    draft = ConnectionDraft(name="x", peer_address="198.51.100.4")
    by_name = ConnectionDraft(name="x", peer_fqdn="VPN.example.com.")
    known = ConnectionDraft(
        name="x", peer_fqdn="vpn.example.com", peer_identity=Identity("fqdn", "b.example.com")
    )
    assert [one.peer for one in (draft, by_name)] == ["198.51.100.4", "vpn.example.com"]
    assert draft.identities("203.0.113.1") == ("203.0.113.1", "198.51.100.4")
    assert by_name.identities("203.0.113.1") == ("203.0.113.1", "@vpn.example.com")
    assert known.identities("203.0.113.1") == ("203.0.113.1", "@b.example.com")
    here = replace(draft, local_identity=Identity("fqdn", "a.example.com"))
    assert here.identities("203.0.113.1") == ("@a.example.com", "198.51.100.4")


def test_a_key_is_not_in_the_repr_of_a_draft() -> None:
    assert "secret-key" not in repr(ConnectionDraft(name="x", psk="secret-key"))
