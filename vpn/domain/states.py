"""The states of gateways and members, and the one word that says both (contract sections 6.1 and 6.2)."""

from __future__ import annotations

from enum import StrEnum


class LifecycleState(StrEnum):
    """How far a gateway is between its creation and the end of its deletion."""

    PENDING = "pending"
    STABLE = "stable"
    FAILED = "failed"
    DELETING = "deleting"


class HealthState(StrEnum):
    """How well a gateway or member works; `inapplicable` until it exists."""

    OK = "ok"
    DEGRADED = "degraded"
    FAULTED = "faulted"
    INAPPLICABLE = "inapplicable"


def status_of(lifecycle: str, health: str, *, deleting: bool = False) -> str:
    """The status of older versions of the API: pending, available, failed or deleting. `deleting` if the
    deletion was requested, whatever was observed since."""
    if deleting:
        return LifecycleState.DELETING.value
    if lifecycle != LifecycleState.STABLE:
        return str(lifecycle)
    return "failed" if health == HealthState.FAULTED else "available"


def label_of(lifecycle: str, health: str, *, deleting: bool = False) -> str:
    """As `status_of`, with `degraded` for a gateway that is available and needs attention."""
    status = status_of(lifecycle, health, deleting=deleting)
    return "degraded" if status == "available" and health == HealthState.DEGRADED else status
