"""Files that only this installation's user can read."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def close_files(directory: Path) -> None:
    """Removes the permissions of others from all files below the directory."""
    for place, _, names in os.walk(directory):
        for path in (Path(place, name) for name in names):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077 and found.st_uid == os.getuid():
                path.chmod(stat.S_IMODE(found.st_mode) & 0o700)


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically, mode 0600. Raises OSError, and then changes nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
