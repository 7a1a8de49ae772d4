from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class CoreConfig(AppConfig):
    name = "console.core"
    # The prefix of its tables, permissions and content types.
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"


class AssetsConfig(StaticFilesConfig):
    """Without files that no page loads: source maps, and a second viewer of OpenAPI documents."""

    default = False
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "*.map"]
