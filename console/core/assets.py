"""Static files named by a hash of their content, so that browsers may cache them forever."""

from __future__ import annotations

from django.core.files.base import File
from whitenoise.storage import CompressedManifestStaticFilesStorage


class AssetStorage(CompressedManifestStaticFilesStorage):
    """Without `collectstatic`, as in tests, files keep their plain names and are served as well."""

    manifest_strict = False

    def hashed_name(self, name: str, content: File[bytes] | None = None, filename: str | None = None) -> str:
        if content is None and not self.exists(name):
            return name
        hashed: str = super().hashed_name(name, content, filename)
        return hashed
