"""People are "person" in the audit trail whoever wrote of them; indexes for its filters."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def rename_targets(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("console", "AuditEvent").objects.filter(target_type="user").update(target_type="person")


class Migration(migrations.Migration):
    dependencies = [("console", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={"verbose_name": "person", "verbose_name_plural": "people"},
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["account", "target_id", "-id"], name="console_aud_account_69ea25_idx"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["account", "who", "-id"], name="console_aud_account_9feeeb_idx"),
        ),
        migrations.RunPython(rename_targets, migrations.RunPython.noop),
    ]
