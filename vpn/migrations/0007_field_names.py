from django.db import migrations, models

# Columns under the field's own words. Data stays, and the migration can be undone.


class Migration(migrations.Migration):

    dependencies = [
        ('vpn', '0006_resolved_addresses'),
    ]

    operations = [
        migrations.RenameField('connection', 'generation', 'api_generation'),
        migrations.AlterField(
            model_name='connection',
            name='api_generation',
            field=models.PositiveSmallIntegerField(default=1, verbose_name='API generation'),
        ),
        migrations.RenameField('node', 'heard_at', 'listener_seen_at'),
        migrations.RenameField('node', 'swept_at', 'sweep_seen_at'),
        migrations.RenameField('gateway', 'asked', 'work_requested'),
        migrations.RenameField('gateway', 'answered', 'work_done'),
    ]
