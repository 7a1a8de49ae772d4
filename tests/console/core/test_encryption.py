from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from console.core import environment
from console.core.encryption import DecryptionError, KeyRing, new_key
from console.core.models import User
from tests.factories import PSK, Party, make_connection, make_gateway
from vpn.models import Connection, WizardDraft
from vpn.services import connections


def test_the_first_key_seals_and_all_open() -> None:
    old, new = new_key(), new_key()
    token = KeyRing([old]).seal("secret", "row:1")
    ring = KeyRing([new, old])
    assert ring.open(token, "row:1") == "secret"
    assert not ring.is_current(token)
    assert ring.is_current(ring.seal("secret", "row:1"))


@pytest.mark.parametrize("damage", ["", "v1", "v1.x.y", "v2.a.b", "v1.{id}.AAAA", "nonsense.a.b.c"])
def test_damage_is_detected_and_discloses_nothing(damage: str) -> None:
    ring = KeyRing([new_key()])
    ident = ring.seal("secret", "row:1").split(".")[1]
    with pytest.raises(DecryptionError) as refusal:
        ring.open(damage.format(id=ident), "row:1")
    assert "secret is" in str(refusal.value) or "secrets" not in str(refusal.value)


def test_a_token_opens_in_its_own_row_only() -> None:
    ring = KeyRing([new_key()])
    with pytest.raises(DecryptionError):
        ring.open(ring.seal("secret", "row:1"), "row:2")


@pytest.mark.parametrize("keys", [[], ["short"], ["AAAA"], ["badkey"]])
def test_bad_keys_are_refused_at_once(keys: list[str]) -> None:
    with pytest.raises(ValueError):
        KeyRing(keys)


def test_a_setting_with_a_bad_key_says_which_and_what_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    good = new_key()
    monkeypatch.setenv("ISTHMUS_ENCRYPTION_KEYS", f"{good}, {good}")
    assert environment.sealing_keys("ISTHMUS_ENCRYPTION_KEYS") == [good, good]
    for bad in ("badkey", good[:-2], f"{good[:20]}!{good[21:]}", "AAAA"):
        monkeypatch.setenv("ISTHMUS_ENCRYPTION_KEYS", f"{good},{bad}")
        with pytest.raises(environment.SettingError) as refusal:
            environment.sealing_keys("ISTHMUS_ENCRYPTION_KEYS")
        output = str(refusal.value)
        assert "setting ISTHMUS_ENCRYPTION_KEYS: key 2 of 2" in output and "32 random bytes" in output
        assert bad not in output and good not in output


def test_every_command_ends_with_that_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import console.project.settings"],
        env={"ISTHMUS_ENCRYPTION_KEYS": "badkey"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("isthmus: setting ISTHMUS_ENCRYPTION_KEYS") and done.stderr.count("\n") == 1


def test_rotation_without_any_key_is_refused(db: None, settings: LazySettings) -> None:
    settings.ENCRYPTION_KEYS = []
    with pytest.raises(CommandError, match="ISTHMUS_ENCRYPTION_KEYS"):
        _rotate()


def test_the_ring_hides_its_keys() -> None:
    key = new_key()
    assert key not in repr(KeyRing([key]))


def _rotate() -> str:
    out = io.StringIO()
    call_command("rotate_keys", "--batch", "2", stdout=out)
    return out.getvalue().strip()


def test_rotation_seals_every_row_once(ana: Party, settings: LazySettings) -> None:
    gateway = make_gateway(ana)
    rows = [make_connection(ana, gateway, number) for number in range(5)]
    ids = {row.pk: row.psk_id for row in rows}
    old = list(settings.ENCRYPTION_KEYS)
    settings.ENCRYPTION_KEYS = [new_key(), *old]
    assert _rotate() == "5 encrypted again, 0 were current, 0 could not be decrypted"
    assert _rotate() == "0 encrypted again, 5 were current, 0 could not be decrypted"
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    for row in Connection.objects.all():
        assert row.open_psk() == PSK
        assert row.psk_id == ids[row.pk], "a tunnel would be rebuilt"


def test_rotation_says_when_a_key_is_missing(ana: Party, settings: LazySettings) -> None:
    row = make_connection(ana)
    settings.ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(CommandError):
        _rotate()
    row.refresh_from_db()
    assert row.psk_sealed == Connection.objects.get().psk_sealed


def test_rotation_leaves_a_key_alone_that_changes_meanwhile(
    ana: Party, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_connection(ana)
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]
    resealed = Connection.resealed_psk

    def while_somebody_edits(row: Connection) -> str:
        token = resealed(row)
        other = Connection.objects.get(pk=row.pk)
        other.seal_psk("another-key")
        other.save()
        return token

    monkeypatch.setattr(Connection, "resealed_psk", while_somebody_edits)
    assert _rotate() == "0 encrypted again, 0 were current, 0 could not be decrypted"
    assert Connection.objects.get().open_psk() == "another-key"


def test_rotation_reaches_the_keys_of_wizard_drafts(ana: Party, settings: LazySettings) -> None:
    person = User.objects.create_user("drafter")
    for key in ("", "DraftPassword"):
        draft = WizardDraft(account=ana.account, user=person, expires_at=timezone.now())
        draft.seal_psk(key)
        draft.save()
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]
    assert _rotate() == "1 encrypted again, 0 were current, 0 could not be decrypted"
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert sorted(row.open_psk() for row in WizardDraft.objects.all()) == ["", "DraftPassword"]


def test_a_rename_does_not_write_an_old_sealing_back(
    ana: Party, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = make_connection(ana, make_gateway(ana), 0)
    settings.ENCRYPTION_KEYS = [new_key(), *settings.ENCRYPTION_KEYS]
    merged = connections.merged

    def meanwhile(*args: Any) -> Any:
        _rotate()
        return merged(*args)

    monkeypatch.setattr(connections, "merged", meanwhile)
    connections.update_connection(ana.editor, row.gateway_id, row.pk, {"name": "renamed"})
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert Connection.objects.get(name="renamed").open_psk() == PSK
