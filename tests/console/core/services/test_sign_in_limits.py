"""Limits for wrong passwords: by name, by address, by both, and for many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from console.core.models import PasswordFailures
from console.core.services.sign_in_limits import (
    TooManyFailures,
    begin_attempt,
    forget_old_failures,
    network_of,
    normal_name,
)
from tests.factories import PASSWORD, Party, make_party
from tests.pages import text_of

HERE, THERE = "192.0.2.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def _small_limits(settings: LazySettings) -> None:
    settings.LOCKOUT_FAILURES, settings.LOCKOUT_ADDRESS_FAILURES, settings.LOCKOUT_NAME_FAILURES = 3, 6, 9


def attempt(name: str, given: str = "wrong", address: str = HERE, **extra: Any) -> Any:
    return Client().post("/sign-in", {"username": name, "password": given}, REMOTE_ADDR=address, **extra)


def fail(name: str, times: int, address: str = HERE) -> list[int]:
    return [attempt(name, address=address).status_code for _ in range(times)]


def age_all(by: timedelta) -> None:
    for row in PasswordFailures.objects.all():
        row.began_at -= by
        row.locked_until = row.locked_until and row.locked_until - by
        row.save()


def test_too_many_wrong_passwords_must_wait(ana: Party) -> None:
    assert fail("ana", 3) == [200, 200, 429]
    response = attempt("ana", PASSWORD)
    assert response.status_code == 429 and 890 < int(response.headers["Retry-After"]) <= 900
    assert response.headers["Cache-Control"] == "no-store"
    assert "Wait 15 minutes" in text_of(response)


def test_the_response_does_not_disclose_whether_the_user_exists(ana: Party) -> None:
    pages = []
    for name, address in (("ana", HERE), ("nobody", THERE)):
        answers = [attempt(name, address=address) for _ in range(4)]
        mains = [text_of(response).partition("<main")[2].partition("</main>")[0] for response in answers]
        tokens = [main.partition('csrfmiddlewaretoken" value="')[2][:64] for main in mains]
        mains = [
            main.replace(token, "").replace(f'value="{name}"', "")
            for main, token in zip(mains, tokens, strict=True)
        ]
        pages.append(([response.status_code for response in answers], mains))
        assert name not in mains[-1]
    assert pages[0] == pages[1]


def test_many_names_from_many_networks_of_one_site_are_stopped(ana: Party) -> None:
    """Each /64 of an IPv6 /48 tries two names: no other limit counts so many."""
    assert attempt("ana", PASSWORD, "2001:db8:5:ffff::1").status_code == 302
    codes = [
        attempt(f"name{number}", address=f"2001:db8:5:{number // 2:x}::1").status_code for number in range(40)
    ]
    assert codes[:29] == [200] * 29 and set(codes[29:]) == {429}
    assert attempt("name0", address="2001:db8:6::1").status_code == 200, "another /48"
    assert attempt("ana", PASSWORD, "2001:db8:5:ffff::1").status_code == 302, "known to the person"
    call_command("allow_sign_in", address="2001:db8:5:50::1", verbosity=0)
    assert attempt("name0", address="2001:db8:5:51::1").status_code == 200


def test_one_name_from_many_networks_of_one_site_is_stopped(ana: Party) -> None:
    codes = [attempt("ana", address=f"2001:db8:5:{number:x}::1").status_code for number in range(14)]
    assert codes[:8] == [200] * 8 and set(codes[8:]) == {429}


def test_forty_names_from_one_address_are_stopped(ana: Party) -> None:
    codes = [attempt(f"name{number}").status_code for number in range(40)]
    assert codes[:5] == [200] * 5 and set(codes[5:]) == {429}
    assert attempt("ana", PASSWORD).status_code == 429
    assert attempt("ana", PASSWORD, THERE).status_code == 302


def test_addresses_of_one_ipv6_subscriber_are_one(ana: Party) -> None:
    codes = [attempt("ana", address=f"2001:db8:1:2::{number:x}").status_code for number in range(14)]
    assert codes == [200, 200, *[429] * 12]
    assert attempt("ana", PASSWORD, "2001:db8:1:2:ffff::1").status_code == 429
    assert attempt("ana", PASSWORD, "2001:db8:1:3::1").status_code == 302


def test_a_name_is_not_tried_from_many_addresses_without_end(ana: Party) -> None:
    codes = [attempt("ana", address=f"203.0.113.{number}").status_code for number in range(14)]
    assert codes[:8] == [200] * 8 and set(codes[8:]) == {429}


def test_strangers_cannot_lock_a_person_out_of_where_they_work(ana: Party) -> None:
    assert attempt("ana", PASSWORD, HERE).status_code == 302
    for number in range(14):
        attempt("ana", address=f"203.0.113.{number}")
    assert attempt("ana", PASSWORD, THERE).status_code == 429
    assert attempt("ana", PASSWORD, HERE).status_code == 302
    assert fail("ana", 3, HERE) == [200, 200, 429]


def test_others_are_not_locked_out_with_them(ana: Party, ben: Party) -> None:
    fail("ana", 4)
    assert attempt("ben", PASSWORD).status_code == 302
    assert attempt("ana", PASSWORD, THERE).status_code == 302


def test_signing_in_gives_a_guesser_no_new_tries_at_others(ana: Party, ben: Party) -> None:
    codes = []
    for number in range(8):
        codes.append(attempt(f"name{number}").status_code)
        attempt("ben", PASSWORD)
    assert codes == [*[200] * 5, *[429] * 3]


def test_a_right_password_forgets_the_wrong_ones_before_it(ana: Party) -> None:
    for _ in range(2):
        assert fail("ana", 2) == [200, 200]
        assert attempt("ana", PASSWORD).status_code == 302


def test_trying_on_does_not_make_it_longer_and_the_wait_ends(ana: Party) -> None:
    fail("ana", 3)
    before = list(PasswordFailures.objects.order_by("pk").values())
    attempt("ana")
    assert list(PasswordFailures.objects.order_by("pk").values()) == before
    age_all(timedelta(minutes=14))
    assert attempt("ana", PASSWORD).status_code == 429
    age_all(timedelta(minutes=2))
    assert attempt("ana", PASSWORD).status_code == 302


def test_failures_of_long_ago_do_not_count(ana: Party) -> None:
    fail("ana", 2)
    age_all(timedelta(minutes=16))
    assert fail("ana", 3) == [200, 200, 429]
    forget_old_failures()
    assert PasswordFailures.objects.exists()
    forget_old_failures(timezone.now() + timedelta(minutes=16))
    assert not PasswordFailures.objects.exists()


def test_a_name_has_no_second_count_under_another_spelling() -> None:
    assert len({normal_name(name) for name in ("Ana", "ANA", "ana", "\uff41na")}) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_what_an_address_counts_as(address: str, network: str) -> None:
    assert network_of(address) == network


def test_what_is_no_name_and_no_address_is_borne(ana: Party) -> None:
    assert attempt("a" * 151).status_code == attempt("a\0b").status_code == 200
    assert not PasswordFailures.objects.exists()
    assert fail("ana", 3, "") == [200, 200, 429]


def test_guessing_the_present_password_is_no_way_around(ana: Party) -> None:
    client = ana.browser()

    def change(present: str) -> int:
        data = {"present": present, "new": "x", "again": "x"}
        return int(client.post("/account/password", data).status_code)

    assert [change("wrong") for _ in range(3)] == [200, 200, 429]
    assert change(PASSWORD) == 429


def test_limits_hold_while_redis_is_away(ana: Party, settings: LazySettings, tmp_path: Path) -> None:
    location = f"unix://{tmp_path}/nothing.sock?db=1"
    settings.CACHES = {"default": {"BACKEND": "console.core.cache.FailOpenRedisCache", "LOCATION": location}}
    assert fail("ana", 4) == [200, 200, 429, 429]
    assert attempt("ana", PASSWORD, THERE).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_many_attempts_at_once_are_counted_before_their_passwords_are_checked() -> None:
    make_party("ana")

    def begin(_: int) -> bool:
        try:
            begin_attempt("ana", HERE)
        except TooManyFailures:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, range(8))) == 3


def test_an_operator_can_reset_the_limits(ana: Party) -> None:
    with pytest.raises(CommandError, match="--name, --address, or --all"):
        call_command("allow_sign_in")
    for given in ({"name": "ANA"}, {"address": HERE}, {"all": True}):
        fail("ana", 3)
        assert attempt("ana", PASSWORD).status_code == 429
        call_command("allow_sign_in", **given, verbosity=0)
        assert attempt("ana", PASSWORD).status_code == 302
