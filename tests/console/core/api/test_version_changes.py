"""Older forms of request bodies and errors, change by change."""

from __future__ import annotations

from datetime import date

from django.http import QueryDict

from console.core.api.changes import (
    VersionChange,
    downgrade_errors,
    renamed,
    upgrade_request,
)
from console.core.api.versions import ApiVersion
from console.core.errors import Violation

ONE, TWO = ApiVersion(date(2020, 1, 1), 2), ApiVersion(date(2021, 1, 1), 2)
OLD = ApiVersion(date(2026, 1, 1), 1)
NEW = ApiVersion(date(2022, 1, 1), 2)


CHANGES = (
    VersionChange(ONE, renamed={"size": "width"}, added=frozenset({"colour"})),
    VersionChange(TWO, renamed={"width": "box.width"}),
)


def test_all_of_generation_1_is_older_than_generation_2() -> None:
    assert OLD.is_before(ONE) and not NEW.is_before(ONE) and ONE.is_before(TWO)


def test_a_body_is_upgraded_through_all_changes() -> None:
    assert upgrade_request({"a": 1, "size": 5, "b": 2}, OLD, CHANGES) == (
        {"a": 1, "box": {"width": 5}, "b": 2},
        [],
    )
    assert upgrade_request({"width": 5}, ONE, CHANGES) == ({"box": {"width": 5}}, [])
    assert upgrade_request({"box": {"width": 5}}, NEW, CHANGES) == ({"box": {"width": 5}}, [])


def test_what_an_older_body_leaves_out_may_mean_something() -> None:
    changes = (VersionChange(TWO, implied={"mode": "plain"}),)
    assert upgrade_request({}, ONE, changes, {"mode"}) == ({"mode": "plain"}, [])
    assert upgrade_request({"mode": "other"}, ONE, changes, {"mode"}) == ({"mode": "other"}, [])
    assert upgrade_request({}, ONE, changes) == upgrade_request({}, NEW, changes, {"mode"}) == ({}, [])
    for form, mode in (("mode=", "plain"), ("mode=other", "other")):
        body, _ = upgrade_request(QueryDict(form), ONE, changes, {"mode"})
        assert body["mode"] == mode


def test_newer_names_are_refused_in_older_versions() -> None:
    body, broken = upgrade_request({"colour": "red", "width": 5, "size": 4}, OLD, CHANGES)
    assert body == {"box": {"width": 4}}
    assert [(v.code, v.field) for v in broken] == [("bad_field", "colour"), ("bad_field", "width")]


def test_errors_name_what_the_version_calls_it() -> None:
    broken = [Violation("x", "box.width[0]", "No."), Violation("x", "other", "No.")]
    assert [v.field for v in downgrade_errors(broken, OLD, CHANGES)] == ["size[0]", "other"]
    assert [v.field for v in downgrade_errors(broken, ONE, CHANGES)] == ["width[0]", "other"]


def test_only_whole_names_are_renamed() -> None:
    names = {"peer": "far"}
    assert [renamed(path, names) for path in ("peer", "peer.a", "peer[1]", "peers", "a.peer")] == [
        "far",
        "far.a",
        "far[1]",
        "peers",
        "a.peer",
    ]


def test_forms_may_say_the_older_names() -> None:
    form = QueryDict("size=5&a=1")
    body, broken = upgrade_request(form, OLD, CHANGES)
    assert (body["box.width"], body["a"], broken) == ("5", "1", [])
