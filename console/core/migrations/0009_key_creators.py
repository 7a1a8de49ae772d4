"""API keys knew their creator by name only."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def note_creators(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    people = dict(apps.get_model("console", "User").objects.using(alias).values_list("username", "pk"))
    keys = apps.get_model("console", "ApiKey").objects.using(alias)
    for name in set(keys.values_list("created_by", flat=True)) & people.keys():
        keys.filter(created_by=name, creator=None).update(creator_id=people[name])


class Migration(migrations.Migration):
    dependencies = [("console", "0008_invitations")]

    operations = [migrations.RunPython(note_creators, migrations.RunPython.noop)]
