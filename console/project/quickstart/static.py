"""Collects static files; it takes seconds, so only when one of them has changed."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from console.core import assets
from console.core.private_files import close_files

_NOTE = ".collected"


def collect_static() -> bool:
    """Whether there was anything to do. Raises OSError."""
    note = Path(settings.STATIC_ROOT) / _NOTE
    state = _state()
    if note.exists() and note.read_text(encoding="ascii") == state:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    # Django sets mode 0644 for web servers of other users; here there is none.
    close_files(Path(settings.STATIC_ROOT))
    note.write_text(state, encoding="ascii")
    return True


def _state() -> str:
    """Changes with every file that is collected, and with what prepares them."""
    ignored = apps.get_app_config("staticfiles").ignore_patterns  # type: ignore[attr-defined]
    found = [
        (path, Path(storage.path(path))) for finder in get_finders() for path, storage in finder.list(ignored)
    ]
    digest = hashlib.sha256(f"{version('django')} {version('whitenoise')}".encode())
    for name, path in [*sorted(found), ("", Path(assets.__file__))]:
        stat = path.stat()
        digest.update(f"{name} {path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
