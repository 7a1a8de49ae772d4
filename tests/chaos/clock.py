"""The wall clock of one installation, stepped; the host's own is never touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

_HOOK = Path(__file__).with_name("stepped")


@dataclass
class Clock:
    """`file` holds the step, in seconds and of fixed width, for the hook in every Python process."""

    file: Path
    shows: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.file.touch()
        self.step(timedelta(0))

    @property
    def environment(self) -> Mapping[str, str]:
        """For every process of the installation; charons and Redis get none of it."""
        return {"PYTHONPATH": str(_HOOK), "CHAOS_CLOCK": str(self.file)}

    def step(self, by: timedelta) -> None:
        """From now on the wall clock shows `by` more (or less) than the host's."""
        with self.file.open("r+") as file:
            file.write(f"{by.total_seconds():+012.1f}\n")
        self.shows = by
