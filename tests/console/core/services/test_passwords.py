"""Which passwords are accepted, wherever one can be set, and how many are hashed at once."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from django.conf import LazySettings
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from django.test import Client

from console.core import hashing
from console.core.actor import Role
from console.core.errors import Invalid
from console.core.hashing import BoundedArgon2Hasher, Gate, TooManyHashes
from console.core.models import PasswordFailures, User
from console.core.services.invitations import accept_as_new_person, create_invitation
from console.core.services.password_links import set_password_by_link
from console.core.services.passwords import change_password, check_password_rules
from console.core.services.sign_ins import Source
from console.core.validators import period, unpredictable
from tests.factories import PASSWORD, Party
from tests.pages import text_of
from tests.waiting import wait_for

BAD = [
    "123456789012",
    "a" * 5000,
    "a" * 12,
    "abcabcabcabc",
    "abcdefghijkl",
    "zyxwvutsrqpo",
    "qwertyuiopasdf",
    "passwordpassword",
    "Password12345!",
    "738495027164",
    "short",
    "anabella.rossi1",
    "correct horse battery " * 6,
]


@pytest.mark.parametrize("password", BAD)
def test_passwords_that_are_guessed_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password_rules(password, User(username="anabella.rossi"))
    assert all(violation.field == "password" and violation.message for violation in refused.value.violations)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "another horse battery", "Vx7-kkQp2-mm19", "пять лошадей и мост", "x" * 6 + "kfr9dw2nb"],
)
def test_ordinary_good_ones_pass(password: str) -> None:
    check_password_rules(password, User(username="anabella.rossi"))


@pytest.mark.parametrize(
    ("password", "is_refused"),
    [
        ("grevoldagrevolda12", True),
        ("Grevolda.Grevolda.2026", True),
        ("12grevolda34grevolda", True),
        ("grevolda rides a grey horse", False),
        ("grevolda8361-55291-77", False),
    ],
)
def test_the_user_name_repeated_or_padded_is_refused(password: str, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(Invalid, match="too similar to the username"):
            check_password_rules(password, User(username="Grevolda"))
    else:
        check_password_rules(password, User(username="Grevolda"))
    check_password_rules("a grey horse, alone", User(username="a"))


def test_a_long_password_reports_the_maximum_length() -> None:
    with pytest.raises(Invalid, match="has 129 characters; at most 128 are allowed"):
        check_password_rules("".join(map(chr, range(0x4E00, 0x4F02, 2))), User(username="ana"))


@pytest.mark.parametrize(
    ("text", "length", "steps"),
    [("", 0, 0), ("abab", 2, 1), ("aaaa", 1, 1), ("abca", 3, 1), ("kqzm", 4, 4), ("1234567890", 10, 1)],
)
def test_what_follows_from_the_character_before_does_not_count(text: str, length: int, steps: int) -> None:
    assert (period(text), unpredictable(text)) == (length, steps)


def test_a_hash_is_argon2_and_older_ones_still_hold(settings: LazySettings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    older = make_password(PASSWORD)
    settings.PASSWORD_HASHERS = ["console.core.hashing.BoundedArgon2Hasher"]
    renewed: list[str] = []
    assert check_password(PASSWORD, older, setter=renewed.append)
    assert renewed == [PASSWORD] and "p=1$" in make_password(PASSWORD)


def test_so_many_hashes_at_once_and_no_more() -> None:
    gate, inside, leave = Gate(running=1, waiting=1, patience=30), Event(), Event()
    entered: list[str] = []

    def enter(name: str) -> None:
        with gate.entered():
            entered.append(name)
            inside.set()
            leave.wait(30)

    first = Thread(target=enter, args=("first",))
    first.start()
    assert inside.wait(30)
    second = Thread(target=enter, args=("second",))
    second.start()
    wait_for(lambda: gate.waiting == 1, 30)
    with pytest.raises(TooManyHashes), gate.entered():
        pass
    assert entered == ["first"]
    leave.set()
    first.join(30)
    second.join(30)
    assert entered == ["first", "second"]
    with gate.entered():
        pass


def test_a_wait_that_is_too_long_is_refused() -> None:
    gate = Gate(running=1, waiting=1, patience=0)
    with gate.entered(), pytest.raises(TooManyHashes), gate.entered():
        pass
    with gate.entered():
        pass


@pytest.mark.parametrize("name", ["ana", "nobody"])
def test_every_check_of_a_password_passes_the_gate(
    ana: Party, name: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a name that does not exist, and where a page asks for the password again."""
    settings.PASSWORD_HASHERS = ["console.core.hashing.BoundedArgon2Hasher"]
    browser = ana.browser()
    full = Gate(running=1, waiting=0, patience=0)
    monkeypatch.setattr(hashing, "gate", lambda: full)
    with full.entered():
        response = Client().post("/sign-in", {"username": name, "password": PASSWORD})
        again = browser.post("/account/password", {"present": PASSWORD, "new": "x", "again": "x"})
    for busy in (response, again):
        assert busy.status_code == 503 and int(busy.headers["Retry-After"]) > 0
        assert "was not checked" in text_of(busy)
    assert not PasswordFailures.objects.exists(), "what was not checked counts for nothing"
    assert Client().post("/sign-in", {"username": name, "password": "wrong"}).status_code == 200


def test_no_transaction_waits_for_a_hash(
    ana: Party, ben: Party, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that writes holds the one lock of SQLite; a hash may wait seconds for its turn."""
    settings.PASSWORD_HASHERS = ["console.core.hashing.BoundedArgon2Hasher"]
    depths: list[int] = []

    def depth() -> Gate:
        depths.append(len(connection.savepoint_ids))
        return Gate(running=1, waiting=1, patience=30)

    _, token = create_invitation(ana.administrator, role=Role.VIEWER, label="carol")
    where = {"address": "192.0.2.9", "request_id": "t"}
    before = len(connection.savepoint_ids)
    monkeypatch.setattr(hashing, "gate", depth)
    accept_as_new_person(token, "carol", PASSWORD, **where)
    set_password_by_link(ben.user, PASSWORD, **where)
    change_password(ana.user, PASSWORD, Source(), keep=None)
    assert depths == [before] * 3


def test_the_hasher_of_the_product_is_the_bounded_one() -> None:
    from console.project import settings as product

    assert product.PASSWORD_HASHERS == ["console.core.hashing.BoundedArgon2Hasher"]
    assert BoundedArgon2Hasher.algorithm == "argon2"
