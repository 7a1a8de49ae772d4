"""An installation that had django-axes is upgraded."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

MIGRATION = import_module("console.core.migrations.0007_without_axes")


@pytest.mark.django_db(transaction=True)
def test_the_tables_of_axes_go() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE axes_accessattempt (id integer PRIMARY KEY)")
        cursor.execute(
            "CREATE TABLE axes_accessattemptexpiration"
            " (id integer PRIMARY KEY REFERENCES axes_accessattempt (id))"
        )
        cursor.execute("INSERT INTO axes_accessattempt VALUES (1)")
        cursor.execute("INSERT INTO axes_accessattemptexpiration VALUES (1)")
    ContentType.objects.create(app_label="axes", model="accessattempt")
    MigrationRecorder(connection).record_applied("axes", "0001_initial")
    with connection.schema_editor() as editor:
        MIGRATION.remove(apps, editor)
    assert not [name for name in connection.introspection.table_names() if name.startswith("axes_")]
    assert not ContentType.objects.filter(app_label="axes").exists()
    assert not [app for app, _ in MigrationRecorder(connection).applied_migrations() if app == "axes"]
