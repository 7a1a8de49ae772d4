"""Static files: from our own origin, under names of their content, kept by browsers for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client

from console.core.templatetags.console import icons
from console.project import settings as product


@pytest.fixture
def collected(tmp_path: Path, settings: LazySettings) -> Iterator[Path]:
    settings.STATIC_ROOT = tmp_path
    storage = staticfiles_storage
    before = storage.location, storage.hashed_files
    storage.__dict__.update(base_location=tmp_path, location=str(tmp_path), hashed_files={})
    call_command("collectstatic", interactive=False, verbosity=0)
    # A process that begins after files were collected has not seen their plain names.
    icons.cache_clear()
    yield tmp_path
    icons.cache_clear()
    storage.__dict__.update(base_location=before[0], location=before[0], hashed_files=before[1])


def test_pages_name_files_by_their_content(db: None, collected: Path) -> None:
    client = Client()
    page = client.get("/sign-in").content.decode()
    urls = re.findall(r'(?:href|src)="(/static/[^"#]+)', page)
    assert len(urls) >= 8
    assert all(re.search(r"\.[0-9a-f]{12}\.", url) for url in urls), urls
    response = client.get(next(url for url in urls if "tokens" in url))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    smaller = client.get(next(url for url in urls if "console" in url), headers={"Accept-Encoding": "gzip"})
    assert smaller.headers["Content-Encoding"] == "gzip"
    plain = client.get("/static/tokens.css")
    assert "immutable" not in plain.headers["Cache-Control"]


def test_without_collecting_files_are_served_all_the_same(db: None, settings: LazySettings) -> None:
    settings.WHITENOISE_USE_FINDERS = product.WHITENOISE_USE_FINDERS
    client = Client()
    page = client.get("/sign-in").content.decode()
    urls = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    assert {client.get(url).status_code for url in urls} == {200}
    assert re.findall(r'(?:href|src)="(https?:[^"]+)', page) == []
