"""Selected rows as a CSV file, without secret columns."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from console.core.web.lists.sheet import harmless

# Sealed keys, digests and unauthenticated input are never exported.
_SECRET = frozenset({"password", "digest", "psk_sealed", "psk_id", "get_data", "post_data"})


@admin.action(description="Export selected rows as CSV")
def export(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Model]) -> HttpResponse:
    """Every column of the table but the secret ones; related rows by id."""
    names = [field.attname for field in modeladmin.opts.concrete_fields if field.attname not in _SECRET]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for row in queryset.iterator(chunk_size=500):
        writer.writerow([_cell(getattr(row, name)) for name in names])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    file = f"{modeladmin.opts.model_name}-{timezone.now():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def _cell(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return harmless(value)
