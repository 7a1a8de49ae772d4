"""Which API a request speaks: the `version` date and the `generation` (contract section 1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings

from console.core.api.errors import InvalidParameter
from console.core.errors import Violation

OLDEST = date(2019, 1, 1)
# From this date on `generation` must be said, and there is a second one.
GENERATION_REQUIRED = date(2019, 5, 31)
ASYNCHRONOUS_DELETE = date(2020, 1, 1)
TRIPLE_DES = date(2020, 7, 1)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ApiVersion(NamedTuple):
    """The newest behaviour not later than `date`, in the form of `generation`."""

    date: date
    generation: int

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> ApiVersion:
        """From the query string. Raises InvalidParameter with everything that is wrong."""
        today = datetime.now(UTC).date()
        return _parse(query.get("version"), query.get("generation"), today, settings.REFUSE_FUTURE_VERSIONS)

    def is_before(self, other: ApiVersion) -> bool:
        """All of generation 1 is older than generation 2, whatever its date."""
        return (self.generation, self.date) < (other.generation, other.date)

    @property
    def deleted_status(self) -> int:
        """The status of DELETE of a gateway or connection (contract section 1.3)."""
        return 202 if self.date >= ASYNCHRONOUS_DELETE or self.generation > 1 else 204

    def cipher(self, name: str) -> str:
        """`triple_des` was called `3des` at first (contract section 3.3)."""
        return "3des" if name == "triple_des" and self.date < TRIPLE_DES else name


DEFAULT = ApiVersion(OLDEST, 1)


# The dates on which responses changed, for tables of changes (contract section 1.3).
GENERATION_2 = ApiVersion(GENERATION_REQUIRED, 2)
ROUTE_MODE = ApiVersion(date(2020, 11, 13), 2)
HEALTH = ApiVersion(date(2023, 10, 10), 2)
OBJECTS = ApiVersion(date(2024, 4, 30), 2)
# Every form of the API by its first version, oldest first.
FORMS = (
    DEFAULT,
    ApiVersion(GENERATION_REQUIRED, 1),
    ApiVersion(ASYNCHRONOUS_DELETE, 1),
    ApiVersion(TRIPLE_DES, 1),
    GENERATION_2,
    ApiVersion(TRIPLE_DES, 2),
    ROUTE_MODE,
    HEALTH,
    OBJECTS,
)


def form_of(version: ApiVersion) -> ApiVersion:
    """The first version that has the same form of requests and responses."""
    return [form for form in FORMS if form.generation == version.generation and form.date <= version.date][-1]


@lru_cache(maxsize=64)
def _parse(version: str | None, generation: str | None, today: date, refuse_future: bool) -> ApiVersion:
    found: list[Violation] = []
    floor = GENERATION_REQUIRED if generation == "2" else OLDEST
    when = _version_date(version, floor, today if refuse_future else date.max, found)
    if generation is None:
        if when is not None and when >= GENERATION_REQUIRED:
            message = f"Say generation=1 or generation=2: required from version {GENERATION_REQUIRED} on."
            found.append(Violation("missing_generation_parameter", "generation", message))
    elif generation not in ("1", "2"):
        message = "The API has two generations; say generation=1 or generation=2."
        found.append(Violation("invalid_generation_parameter", "generation", message))
    if found or when is None:
        raise InvalidParameter(found)
    return ApiVersion(when, int(generation or 1))


def _version_date(text: str | None, floor: date, last: date, found: list[Violation]) -> date | None:
    if text is None:
        message = "Say a version date, for example version=2019-01-01."
        found.append(Violation("missing_version", "version", message))
        return None
    try:
        when = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        when = None
    if when is None:
        message = "The version is a date in the form YYYY-MM-DD, for example 2019-01-01."
        found.append(Violation("invalid_version", "version", message))
    elif when < floor:
        message = f"The version is {floor} or later; {when} is before it."
        found.append(Violation("invalid_version_range", "version", message))
        return None
    # A client's clock may be a day ahead.
    elif when > last and when > last + timedelta(days=1):
        message = f"The version lies between {floor} and today, {last}."
        found.append(Violation("invalid_version_range", "version", message))
        return None
    return when
