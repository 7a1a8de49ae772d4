from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class ConsoleConfig(AppConfig):
    name = "console"
    default_auto_field = "django.db.models.BigAutoField"


class SignInsConfig(AxesConfig):
    """django-axes under a name that says what it is about."""

    verbose_name = "Sign-ins"
    default = False


class AssetsConfig(StaticFilesConfig):
    """Without what no page of ours loads: source maps, and another reader of OpenAPI documents."""

    default = False
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "*.map"]
