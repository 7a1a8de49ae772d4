"""All routes; apps are included by name, so that this floor knows nothing of those above."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from console.api.identity import token
from console.api.openapi.views import GENERATIONS, openapi_document, openapi_page
from console.api.outside import unknown_route
from console.health import alive, ready
from console.web.sign_in import to_sign_in

urlpatterns = [
    path("livez", alive, name="livez"),
    path("readyz", ready, name="readyz"),
    path("identity/token", token, name="identity-token"),
    path("openapi", openapi_page, name="openapi"),
    *(
        path(
            f"openapi/generation-{generation}.{kind}",
            openapi_document,
            {"generation": generation, "kind": kind},
            name="openapi_document",
        )
        for generation in GENERATIONS
        for kind in ("json", "yaml")
    ),
    path("v1", include("vpn.api.urls")),
    path("v1", include("policies.api.urls")),
    path("v1", include("console.api.urls")),
    re_path(r"^v1(?:/.*)?$", unknown_route),
    # One door with one lockout, and one place for passwords.
    path("admin/login/", to_sign_in),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/", admin.site.urls),
    path("", include("console.web.urls")),
    path("", include("policies.web.urls")),
    path("", include("vpn.web.urls")),
]
handler400 = "console.api.outside.bad_request"
handler403 = "console.api.outside.permission_denied"
handler404 = "console.api.outside.page_not_found"
handler500 = "console.api.outside.server_error"
