"""Encrypts every stored secret again with the first of ISTHMUS_ENCRYPTION_KEYS."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.core.encryption import DecryptionError, key_ring
from vpn.models import Connection, WizardDraft

BATCH = 200
SEALED = (Connection, WizardDraft)


class Command(BaseCommand):
    help = (
        "Encrypt every pre-shared key with the first of ISTHMUS_ENCRYPTION_KEYS. Put the new key first, "
        "run this, then remove the old key. May be run repeatedly and while the service runs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=BATCH, help="rows per query")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key_ring()
        except ValueError as error:
            raise CommandError(str(error)) from None
        sealed, current, failed = reseal(options["batch"])
        self.stdout.write(
            f"{sealed} encrypted again, {current} were current, {failed} could not be decrypted"
        )
        if failed:
            raise CommandError("a key that encrypted some of the secrets is missing from the ring")


def reseal(batch: int = BATCH) -> tuple[int, int, int]:
    """How many secrets were encrypted again, were current already, could not be decrypted."""
    counts = [_reseal(model, batch) for model in SEALED]
    sealed, current, failed = (sum(column) for column in zip(*counts, strict=True))
    return sealed, current, failed


def _reseal(model: Any, batch: int) -> tuple[int, int, int]:
    """A row is written only if it is unchanged since it was read: a key that is replaced meanwhile is
    encrypted with the first key anyway."""
    ring = key_ring()
    sealed = current = failed = 0
    last = None
    while rows := list(_after(model, last)[:batch]):
        last = rows[-1].pk
        for row in rows:
            if ring.is_current(row.psk_sealed):
                current += 1
                continue
            try:
                token = row.resealed_psk()
            except DecryptionError:
                failed += 1
                continue
            mine = model.objects.filter(pk=row.pk, psk_sealed=row.psk_sealed)
            sealed += mine.update(psk_sealed=token)
    return sealed, current, failed


def _after(model: Any, last: object) -> Any:
    rows = model.objects.exclude(psk_sealed="").order_by("pk").only("pk", "psk_sealed")
    return rows if last is None else rows.filter(pk__gt=last)
