"""The product's application, at /large an answer that no socket's buffers hold, and at /slow one that
comes when there is a file "release" in the data directory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from console.project.wsgi import application as _product

# Less than what the server keeps for a client without letting the application wait.
LARGE = 8_000_000
_PIECE = b"x" * 1_000_000


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/slow":
        directory = Path(os.environ["ISTHMUS_DATA_DIR"])
        (directory / f"begun-{uuid4()}").touch()
        while not (directory / "release").exists():
            time.sleep(0.02)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]
    if environ["PATH_INFO"] != "/large":
        response: Iterable[bytes] = _product(environ, start_response)
        return response
    start_response("200 OK", [("Content-Length", str(LARGE))])
    return (_PIECE for _ in range(LARGE // len(_PIECE)))
