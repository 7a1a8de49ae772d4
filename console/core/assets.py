"""Styles, scripts and pictures under names of their content, so that browsers may keep them for ever."""

from __future__ import annotations

from django.core.files.base import File
from whitenoise.storage import CompressedManifestStaticFilesStorage


class AssetStorage(CompressedManifestStaticFilesStorage):
    """Without `collectstatic`, as in tests, files have their plain names, and are served all the same."""

    manifest_strict = False

    def hashed_name(self, name: str, content: File[bytes] | None = None, filename: str | None = None) -> str:
        if content is None and not self.exists(name):
            return name
        hashed: str = super().hashed_name(name, content, filename)
        return hashed
