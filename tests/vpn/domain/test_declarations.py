"""Declarations: where a field is in a body, what it is about, and its default."""

from __future__ import annotations

from typing import Any

import pytest

from vpn.domain.connection_drafts import DECLARED, ConnectionDraft
from vpn.domain.declarations import put_at, topic_of
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


def test_a_key_is_not_in_the_repr_of_a_draft() -> None:
    assert "secret-key" not in repr(ConnectionDraft(name="x", psk="secret-key"))
