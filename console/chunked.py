"""Bodies that come in chunks, without a length in front.

Django and Django REST framework take a request without a length for one without a body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class WholeBodies:
    """Gives such a body its length before the application sees it.

    At most one byte more than a body may have is read: enough to refuse it as too large.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        # Only a server that ends the stream itself can be read without a length.
        if environ.get("HTTP_TRANSFER_ENCODING") and environ.get("wsgi.input_terminated"):
            raw = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ["CONTENT_LENGTH"] = str(len(raw))
            environ["wsgi.input"] = BytesIO(raw)
        return self.application(environ, start_response)
