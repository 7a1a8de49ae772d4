"""Logging of every process: each message is one line, whatever a client has sent."""

from __future__ import annotations

import logging
import re

from console.core import environment as env

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class LineFormatter(logging.Formatter):
    """Escapes control characters in messages, so that a path with a line break cannot forge a record or move
    a terminal's cursor. A traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), line)


class BrokerFilter(logging.Filter):
    """Removes the traceback from Celery's records of a lost broker; other records are unchanged."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and record.name.startswith("celery.") and _of_the_broker(error):
            record.msg, record.args = "broker is down: %s", (f"{type(error).__name__}: {error}",)
            record.exc_info = record.exc_text = None
        return True


def _of_the_broker(error: BaseException) -> bool:
    """By name: settings are read before Celery is, and by processes that need none."""
    names = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    if names & {"celery.SchedulingError", "kombu.KombuError", "redis.RedisError"}:
        return True
    # kombu uses a connection that it has just closed; the worker exits and is restarted.
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    inner = place.tb_frame.f_globals.get("__name__", "") if place is not None else ""
    return isinstance(error, AttributeError) and str(inner).startswith("kombu.")


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "broker": {"()": BrokerFilter},
        "links": {"()": "console.core.redaction.LinkFilter"},
    },
    "formatters": {"line": {"()": LineFormatter, "fmt": "%(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["broker"]},
    },
    "root": {"handlers": ["stderr"], "level": env.text("ISTHMUS_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # How many requests wait for a thread.
        "waitress.queue": {"level": "ERROR"},
        # These name the path of a request.
        **{f"django.{name}": {"filters": ["links"]} for name in ("request", "server", "security.csrf")},
        "waitress": {"level": "WARNING", "filters": ["links"]},
    },
}
