"""Applies the steps of a plan in order."""

from __future__ import annotations

from collections.abc import Iterable

from console.core.encryption import DecryptionError
from vpn.domain.actions import Initiate, LoadPeer
from vpn.domain.plan import Step
from vpn.drivers.base import Driver, DriverError


def apply_steps(driver: Driver, steps: Iterable[Step], *, generation: int) -> None:
    """Raises DriverError or StaleGeneration. A peer whose pre-shared key cannot be decrypted is neither
    loaded nor initiated to; all other steps are applied before DriverError is raised."""
    unreadable: dict[str, str] = {}
    cause = ""
    with driver.together():
        for step in steps:
            match step.action:
                case LoadPeer(peer):
                    try:
                        driver.apply(step.member, step.action, generation=generation)
                    except DecryptionError as error:
                        unreadable[peer.name], cause = peer.peer_address, str(error)
                case Initiate(peer=name) if name in unreadable:
                    continue
                case action:
                    driver.apply(step.member, action, generation=generation)
    if unreadable:
        raise DriverError(f"Reading the pre-shared key for {', '.join(unreadable.values())}", cause)
