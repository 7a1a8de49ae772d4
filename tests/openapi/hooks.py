"""Changes to the document before schemathesis uses it (SCHEMATHESIS_HOOKS names this module)."""

from __future__ import annotations

import json
import os
from typing import Any

import schemathesis

METHODS = ("get", "post", "put", "patch", "delete")


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Responses may have nothing undocumented, and paths lead to objects that exist, or to none."""
    for schema in raw_schema["components"]["schemas"].values():
        if schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    places: dict[str, list[str]] = json.loads(os.environ["ISTHMUS_PLACES"])
    for path in raw_schema["paths"].values():
        for method in METHODS:
            for parameter in path.get(method, {}).get("parameters", []):
                if parameter["name"] in places and parameter["in"] == "path":
                    parameter["schema"] = {"type": "string", "enum": places[parameter["name"]]}
