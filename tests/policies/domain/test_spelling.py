"""A single algorithm, a list of one, and the two names of triple DES."""

from __future__ import annotations

import pytest

from console.core.errors import Violation
from policies.domain.spelling import as_given, audited, given_twice, listed, one_spelling, singular

PAIRS = {
    "authentication_algorithm": "authentication_algorithms",
    "encryption_algorithm": "encryption_algorithms",
    "dh_group": "dh_groups",
    "pfs": "pfs_groups",
}


@pytest.mark.parametrize(("one", "plural"), PAIRS.items())
def test_each_list_has_a_singular_name(one: str, plural: str) -> None:
    assert (singular(plural), singular(one), singular("name")) == (one, one, "name")


@pytest.mark.parametrize("word", ["3des", "triple_des"])
def test_both_names_of_triple_des_are_stored_as_one(word: str) -> None:
    assert listed({"encryption_algorithm": word}) == {"encryption_algorithms": ("triple_des",)}
    assert listed({"encryption_algorithms": ["aes256", word]}) == {
        "encryption_algorithms": ("aes256", "triple_des")
    }


def test_one_algorithm_is_a_list_of_one() -> None:
    assert listed({"dh_group": 14, "pfs_groups": ["group_14"], "name": "a"}) == {
        "dh_groups": (14,),
        "pfs_groups": ("group_14",),
        "name": "a",
    }


def test_a_response_has_one_form_of_each_list() -> None:
    body = {
        "name": "a",
        "dh_group": 14,
        "dh_groups": [14],
        "pfs": "group_14",
        "pfs_groups": ["group_14", "group_31"],
    }
    assert one_spelling(body, lists=True) == {
        "name": "a",
        "dh_group": 14,
        "pfs_groups": ["group_14", "group_31"],
    }
    assert one_spelling(body, lists=False) == {"name": "a", "dh_group": 14}
    assert one_spelling({"dh_group": 14, "dh_groups": None}, lists=True) == {"dh_group": 14}


def test_a_list_and_its_singular_form_are_not_given_together() -> None:
    message = "Give dh_group or dh_groups, not both."
    both = {"dh_group": 14, "dh_groups": [14], "pfs": "group_14", "encryption_algorithms": ["aes256"]}
    assert given_twice(both) == [("validation_only_one", "dh_groups", message)]


def test_an_error_is_about_the_form_that_was_given() -> None:
    unknown = Violation("validation_enum", "dh_groups[0]", "dh_groups[0] must be one of 2, 5; '1' is not.")
    required = Violation("validation_required_field", "dh_groups", "dh_groups must list one.")
    name = Violation("bad_name", "name", "Not about dh_groups.")
    broken = [unknown, required, name]
    assert as_given(broken, {"dh_group": 1, "pfs_groups": []}) == [
        ("validation_enum", "dh_group", "dh_group must be one of 2, 5; '1' is not."),
        ("validation_required_field", "dh_group", "dh_group must list one."),
        name,
    ]
    assert as_given(broken, {"dh_groups": [1]}) == broken
    assert as_given(broken, {"dh_group": 1, "dh_groups": [1]}) == broken
    assert as_given(broken, {}) == broken


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"encryption_algorithm": "3des"}, "3des"),
        ({"encryption_algorithms": ["aes256", "3des"]}, "3des"),
        ({"encryption_algorithm": "triple_des"}, "triple_des"),
        ({"encryption_algorithms": ["triple_des"]}, "triple_des"),
        ({"name": "3des", "encryption_algorithms": None}, "triple_des"),
    ],
)
def test_an_error_has_the_name_of_triple_des_that_was_given(fields: dict[str, object], word: str) -> None:
    broken = [Violation("validation_failure", "authentication_algorithms", "triple_des needs a hash.")]
    assert as_given(broken, fields) == [
        ("validation_failure", "authentication_algorithms", f"{word} needs a hash.")
    ]


def test_the_audit_trail_calls_a_list_of_one_by_its_singular_name() -> None:
    assert audited([("dh_groups", (2,), (14,)), ("name", "a", "b")]) == {
        "dh_group": (2, 14),
        "name": ("a", "b"),
    }
    assert audited([("pfs_groups", None, ("group_14",))]) == {"pfs": (None, "group_14")}
    assert audited([("dh_groups", (2,), (14, 5))]) == {"dh_groups": ([2], [14, 5])}
