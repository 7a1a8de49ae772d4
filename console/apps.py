from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"
    default_auto_field = "django.db.models.BigAutoField"


class SignInsConfig(AxesConfig):
    """django-axes under a name that says what it is about."""

    verbose_name = "Sign-ins"
    default = False
