"""Removes from logs the addresses that grant access by themselves."""

from __future__ import annotations

import logging
import re

# The secret part of such a link follows this in its path.
_OPENS = re.compile(r"(/(?:shared|invitations|password-links/[^/\s?#'\"]+)/)[^/\s?#'\"]+")


class LinkFilter(logging.Filter):
    """Replaces the secret part of a link with an ellipsis."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_hidden(arg) if isinstance(arg, str) else arg for arg in record.args)
        if isinstance(record.msg, str):
            record.msg = _hidden(record.msg)
        return True


def _hidden(text: str) -> str:
    return _OPENS.sub(r"\1…", text)
