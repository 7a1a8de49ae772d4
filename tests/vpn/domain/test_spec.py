"""The digests by which loaded configurations are compared."""

from __future__ import annotations

from vpn.domain.spec import DpdAction, Selector, digest


def test_a_digest_is_that_of_the_values_and_stays_the_same_between_versions() -> None:
    """Another one would load everything again: the first 16 hex digits of SHA-256 over the JSON text."""
    assert digest() == "4f53cda18c2baa0c"
    assert (
        digest(Selector("10.1.0.0/24", "10.2.0.0/24"), DpdAction.HOLD, {"b": 1, "a": (2,)})
        == "a6ef7b2cdcf65479"
    )


def test_a_digest_depends_on_each_value_but_not_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert len({digest("a", "b"), digest("b", "a"), digest("ab"), digest(("a", "b"))}) == 4
    assert digest(object) == digest(str(object)), "what JSON does not know counts as text"
