"""Answers: lean JSON for programs, the browsable API for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer


class IsthmusJSONRenderer(BaseRenderer):
    """Bodies are built of plain dicts, lists and scalars; anything else is written as its text."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        if (renderer_context or {}).get("indent"):
            return json.dumps(data, ensure_ascii=False, indent=4, default=str).encode()
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str).encode()


class IsthmusBrowsableRenderer(BrowsableAPIRenderer):
    """The same endpoints with forms, for a signed-in browser."""

    template = "rest_framework/api.html"

    def get_default_renderer(self, view: Any) -> BaseRenderer:
        return IsthmusJSONRenderer()
