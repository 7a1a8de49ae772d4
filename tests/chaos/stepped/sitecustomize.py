"""Read by each Python of an installation under test: its wall clock shows what the file CHAOS_CLOCK says
(seconds, added to the host's). The monotonic clock is left alone, as when a host's clock is stepped."""

from __future__ import annotations

import copyreg
import datetime
import os
import time
from typing import Any

_time = time.time
_datetime: Any = datetime.datetime
_file = os.open(os.environ["CHAOS_CLOCK"], os.O_RDONLY | os.O_CLOEXEC)


def _offset() -> float:
    return float(os.pread(_file, 32, 0))


class _Kind(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _datetime)


class _Stepped(datetime.datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _datetime.now(tz) + datetime.timedelta(seconds=_offset())

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(datetime.UTC).replace(tzinfo=None)


def _reduced(value: datetime.datetime) -> Any:
    return _Stepped, value.__reduce_ex__(4)[1]


_Stepped.__module__, _Stepped.__name__, _Stepped.__qualname__ = "datetime", "datetime", "datetime"
copyreg.pickle(_datetime, _reduced)
vars(datetime)["datetime"] = _Stepped
vars(time)["time"] = lambda: _time() + _offset()
