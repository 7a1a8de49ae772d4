from importlib import import_module

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "console.project"

    def ready(self) -> None:
        # Shared tasks and their senders use the current application: this one.
        import_module("console.project.celery")
