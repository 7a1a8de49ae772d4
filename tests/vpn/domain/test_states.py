"""The one word for a gateway's states."""

from __future__ import annotations

from itertools import product

import pytest

from vpn.domain.states import HealthState, LifecycleState, label_of, status_of


@pytest.mark.parametrize(
    ("lifecycle", "health", "status", "label"),
    [
        ("pending", "inapplicable", "pending", "pending"),
        ("failed", "inapplicable", "failed", "failed"),
        ("deleting", "ok", "deleting", "deleting"),
        ("stable", "ok", "available", "available"),
        ("stable", "inapplicable", "available", "available"),
        ("stable", "degraded", "available", "degraded"),
        ("stable", "faulted", "failed", "failed"),
        ("pending", "degraded", "pending", "pending"),
    ],
)
def test_states_and_their_word(lifecycle: str, health: str, status: str, label: str) -> None:
    assert (status_of(lifecycle, health), label_of(lifecycle, health)) == (status, label)


def test_a_requested_deletion_comes_before_what_is_observed() -> None:
    for lifecycle, health in product(LifecycleState, HealthState):
        assert status_of(lifecycle, health, deleting=True) == "deleting"
        assert label_of(lifecycle, health, deleting=True) == "deleting"
