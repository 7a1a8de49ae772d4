"""Renderers: compact JSON for programs, the browsable API for people."""

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


class RawBodyRenderer(IsthmusJSONRenderer):
    """What the browsable API's raw forms begin with: fields that have a value, as JSON of the
    request's version."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        view = (renderer_context or {}).get("view")
        body = view.written(data) if view else data
        return super().render(_filled(body), accepted_media_type, renderer_context)


def _filled(data: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _filled(one) if isinstance(one, Mapping) else one for name, one in data.items()}
    return {name: one for name, one in found.items() if one not in (None, "", {}, [])}


class IsthmusBrowsableRenderer(BrowsableAPIRenderer):
    """The same endpoints with forms, for a signed-in browser."""

    template = "rest_framework/api.html"

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """With a form for PATCH, which DRF has for PUT only."""
        context = super().get_context(data, accepted_media_type, renderer_context)
        view, request = renderer_context["view"], renderer_context["request"]
        return {
            **context,
            # The page's policy allows no styles in the page itself; a file has them.
            "code_style": "",
            "patch_form": self.get_rendered_html_form(data, view, "PATCH", request),
        }

    def get_default_renderer(self, view: Any) -> BaseRenderer:
        return IsthmusJSONRenderer()
