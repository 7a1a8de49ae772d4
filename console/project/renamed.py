"""Names that operators use in commands and settings: the earlier ones work for one version."""

from __future__ import annotations

import os
import warnings

SETTINGS_MODULE = "DJANGO_SETTINGS_MODULE"
# The earlier name of each renamed setting, and its name now.
RENAMED_SETTINGS = {"ISTHMUS_INSTANCE": "ISTHMUS_INSTALLATION"}


def warn_of_name(old: str, new: str) -> None:
    """Warns on standard error of the process that was started by the earlier name."""
    warnings.warn(
        f"{old} is now {new}; the next version removes the earlier name", FutureWarning, stacklevel=3
    )


def renamed_settings_module() -> str:
    """The earlier name that the environment of this process still uses; empty if it does not."""
    name = os.environ.get(SETTINGS_MODULE, "")
    return name if name == "console.settings" else ""


def setting(name: str, default: str) -> str:
    """The setting by its name now, else by its earlier name, else `default`."""
    names = (name, *(old for old, new in RENAMED_SETTINGS.items() if new == name))
    return next((value for one in names if (value := os.environ.get(one, ""))), default)


def renamed_settings() -> dict[str, str]:
    """The earlier names that the environment of this process still uses, and the name now of each."""
    return {old: new for old, new in RENAMED_SETTINGS.items() if os.environ.get(old)}
