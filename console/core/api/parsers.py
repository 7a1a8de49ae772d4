"""Bodies are JSON whatever their Content-Type; only the browsable API's own forms are not."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from console.core.api.errors import TooLarge, bad_request
from console.core.api.renderers import RawBodyRenderer
from console.core.errors import LONGEST_FIELD, Invalid, Violation

FORM = "multipart/form-data"
# Levels of nested objects and lists; bodies of the API have four.
DEEPEST = 16
_UNCLEAN = re.compile("[\0\ud800-\udfff]")


class AnyTypeJSONParser(BaseParser):
    """One JSON object. `curl -d` labels its body a form, and PATCH has a type of its own."""

    # As shown by forms and OPTIONS; FormsNeedASession selects it for every Content-Type.
    media_type = "application/json"
    renderer_class = RawBodyRenderer

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Raises TooLarge, or Invalid with `bad_request` or `bad_field`."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge.over(limit)
        return read_object(raw)


class BrowserFormParser(MultiPartParser):
    """Forms of the browsable API; `FormsNeedASession` keeps other clients away from it."""

    media_type = FORM


class FormsNeedASession(DefaultContentNegotiation):
    """Multipart bodies go to the form parser for sessions, and are refused for keys (415).

    Decided by the header, not by the user: authentication checks a form's CSRF token and so reads the
    form.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> Any:
        """Most clients accept anything, and get JSON without further negotiation."""
        if request.META.get("HTTP_ACCEPT", "*/*") == "*/*" and "format" not in request.query_params:
            first = next(iter(renderers))
            return first, first.media_type
        return super().select_renderer(request, renderers, format_suffix)

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        form = str(request.content_type).lower().startswith(FORM)
        if form and request.META.get("HTTP_AUTHORIZATION"):
            return None
        wanted = BrowserFormParser if form else AnyTypeJSONParser
        return next((parser for parser in parsers if isinstance(parser, wanted)), None)


def read_object(raw: bytes) -> dict[str, Any]:
    """Strict JSON: one object, UTF-8, no name twice, no NaN, no characters that no text may hold.

    Raises Invalid.
    """
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError:
        raise bad_request("The body is not UTF-8 text.") from None
    except RecursionError:
        raise bad_request("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise bad_request(f"The body is not JSON: {error.msg} ({where}).") from None
    except ValueError:
        raise bad_request("The body holds a number that is too long.") from None
    if not isinstance(value, dict):
        raise bad_request('The body must be a JSON object, such as {"name": "my-gateway"}.')
    _refuse_bad_values(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        ((twice, _),) = Counter([name for name, _ in pairs]).most_common(1)
        raise bad_request(f"The body says {twice[:64]!r} twice in one object.")
    return found


def _constant(word: str) -> None:
    raise bad_request(f"The body is not JSON: {word} is no JSON value.")


def _refuse_bad_values(body: dict[str, Any]) -> None:
    """NUL and lone surrogates can be escaped in JSON, and numbers be too large, but they can neither
    be stored nor sent; nothing of the API is nested as deeply as all that."""
    waiting: list[tuple[object, str, int]] = [(body, "", 0)]
    while waiting:
        value, path, depth = waiting.pop()
        if isinstance(value, str) and not is_clean(value):
            message = "The text holds a NUL character or half of a surrogate pair."
            raise Invalid([Violation("bad_field", path, message)])
        if isinstance(value, float) and not math.isfinite(value):
            raise Invalid([Violation("bad_field", path, "The number is too large.")])
        if isinstance(value, dict | list) and depth == DEEPEST:
            raise bad_request("The body is nested too deeply.")
        if isinstance(value, dict):
            waiting += ((name, path, depth + 1) for name in value)
            inside = f"{path}." if path else ""
            waiting += ((one, f"{inside}{name}"[:LONGEST_FIELD], depth + 1) for name, one in value.items())
        if isinstance(value, list):
            waiting += ((one, f"{path}[{index}]", depth + 1) for index, one in enumerate(value))


def is_clean(text: str) -> bool:
    return _UNCLEAN.search(text) is None
