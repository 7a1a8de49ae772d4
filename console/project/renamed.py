"""Modules that operators name in commands and settings: their earlier names work for one version."""

from __future__ import annotations

import os
import warnings

SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE"


def warn_of_name(old: str, new: str) -> None:
    """A line on standard error of the process that was started by the earlier name."""
    warnings.warn(
        f"{old} is now {new}; the earlier name goes with the next version", FutureWarning, stacklevel=3
    )


def renamed_settings_module() -> str:
    """The earlier name that the environment of this process still uses; empty if it does not."""
    name = os.environ.get(SETTINGS_MODULE, "")
    return name if name == "console.settings" else ""
