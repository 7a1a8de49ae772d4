from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class CoreConfig(AppConfig):
    name = "console.core"
    # Of its tables, permissions and content types.
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"


class AssetsConfig(StaticFilesConfig):
    """Without what no page of ours loads: source maps, and another reader of OpenAPI documents."""

    default = False
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "*.map"]
