from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "policies"

    def ready(self) -> None:
        # Models exist only from here on.
        from policies.web import audit_links  # noqa: PLC0415

        audit_links.register()
