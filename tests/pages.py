"""Pages with whitespace as a browser treats it, so that tests do not depend on the layout of templates."""

from __future__ import annotations

import re
from typing import Any

_VERBATIM = re.compile(r"(<(pre|textarea|script|style)\b.*?</\2>)", re.DOTALL)
_BLOCK = re.compile(
    r" ?(</?(?:article|body|br|button|caption|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form"
    r"|h[1-6]|head|header|html|label|legend|li|link|main|meta|nav|ol|optgroup|option|p|script|section|select"
    r"|summary|table|tbody|td|template|text|th|thead|title|tr|ul)\b[^>]*>) ?"
)


def text_of(response: Any) -> str:
    """The body; of HTML, runs of whitespace are one space, and there is none inside the edges of a
    block or before the end of a tag. What a browser shows as written stays as it is."""
    body = str(response.content.decode())
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return body
    parts = _VERBATIM.split(body)
    # Each match adds itself and the name of its element.
    texts = [_collapsed(part) for part in parts[::3]]
    return "".join(text + raw for text, raw in zip(texts, [*parts[1::3], ""], strict=True))


def _collapsed(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" (/?>)", r"\1", text)
    return _BLOCK.sub(r"\1", text)
