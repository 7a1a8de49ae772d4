from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "policies"

    def ready(self) -> None:
        # Models exist only from here on.
        from policies.web import trail  # noqa: PLC0415

        trail.register()
