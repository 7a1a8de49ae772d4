"""User names are unique whatever the case of their letters.

PostgreSQL compares letters by its own locale, SQLite only those of ASCII. Names that exist already and
differ only in case stop the migration: two people sign in with them, and only their operator can say
who is to get another name.
"""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Count
from django.db.models.functions import Lower


def refuse_duplicates(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Raises CommandError, which names them."""
    rows = apps.get_model("console", "User").objects.using(schema_editor.connection.alias)
    rows = rows.annotate(lower=Lower("username"))
    several = rows.values("lower").annotate(count=Count("pk")).filter(count__gt=1).values("lower")
    names = list(rows.filter(lower__in=several).order_by("lower", "username").values_list("username", flat=True))
    if names:
        raise CommandError(
            f"These user names differ only in the case of their letters: {', '.join(names)}. Names must differ "
            "otherwise too: rename users by `manage.py rename_user NAME NEW_NAME`, and migrate again."
        )


class Migration(migrations.Migration):
    dependencies = [("console", "0009_key_creators")]
    operations = [
        migrations.RunPython(refuse_duplicates, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                Lower("username"),
                name="one_person_of_each_name",
                violation_error_message="There is a user of this name already, in upper or lower case.",
            ),
        ),
    ]
