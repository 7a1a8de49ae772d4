"""The product's application, and at /large an answer that no socket's buffers hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.wsgi import application as _product

# Less than what the server keeps for a client without letting the application wait.
LARGE = 8_000_000
_PIECE = b"x" * 1_000_000


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/large":
        answer: Iterable[bytes] = _product(environ, start_response)
        return answer
    start_response("200 OK", [("Content-Length", str(LARGE))])
    return (_PIECE for _ in range(LARGE // len(_PIECE)))
