"""The error container, independent of a Django request (contract section 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.core.errors import Violation

INTERNAL = "Something went wrong here, not with the request. Quote the trace when you report it."


def error_item(violation: Violation, base: str) -> dict[str, Any]:
    """Without a target. `base` is scheme and host of the manual, empty where they are unknown."""
    return {
        "code": violation.code,
        "message": violation.message,
        "more_info": f"{base}/manual/errors#{violation.code}",
    }


def error_container(items: Iterable[dict[str, Any]], trace: str) -> dict[str, Any]:
    """`trace` is the request id, which the log contains."""
    return {"errors": list(items), "trace": trace}
