"""The OpenAPI document of each generation, and a page to read it and try it out. Public."""

from __future__ import annotations

import json
from functools import lru_cache
from threading import Lock

import yaml
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from console.core.api.envelope import container
from console.core.api.errors import InvalidParameter
from console.core.api.openapi.document import document
from console.core.api.versions import FORMS, ApiVersion, form_of

GENERATIONS = (1, 2)
# Swagger UI sets inline styles; scripts are still loaded from files only.
_STYLES = {"style-src": ["'unsafe-inline'"]}
# PyYAML's packages for some architectures lack the C library.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_writing = Lock()
_TYPES = {"json": "application/json", "yaml": "application/yaml; charset=utf-8"}


@require_safe
def openapi_document(request: HttpRequest, generation: int, kind: str) -> HttpResponse:
    """As JSON or YAML. Without a `version` date the newest form of generation 2, the first of 1."""
    try:
        version = _version(request, generation)
    except InvalidParameter as error:
        return JsonResponse(container(request, error.violations, kind="parameter"), status=400)
    response = HttpResponse(_written(version, kind), content_type=_TYPES[kind])
    response["Content-Disposition"] = f'inline; filename="isthmus-generation-{generation}.{kind}"'
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
@csp_update(_STYLES)
def openapi_page(request: HttpRequest) -> HttpResponse:
    """Swagger UI of one document: `generation` of the query, else the newer one."""
    chosen = 1 if request.GET.get("generation") == "1" else 2
    forms = [form for form in FORMS if form.generation == chosen]
    context = {
        "generation": chosen,
        "generations": GENERATIONS,
        "forms": forms,
        "form": _known(request.GET.get("version", ""), forms) or _default(chosen),
    }
    return render(request, "openapi.html", context)


def _written(version: ApiVersion, kind: str) -> str:
    """Each document is built once in a process, however many clients request it meanwhile."""
    with _writing:
        return _write(version, kind)


@lru_cache(maxsize=2 * len(FORMS))
def _write(version: ApiVersion, kind: str) -> str:
    """Cached, since it is slow and public. With the C library, YAML takes a quarter of the time."""
    text = json.dumps(document(version))
    if kind == "json":
        return text
    # Through JSON, so that shared objects are written out instead of as YAML aliases.
    found: str = yaml.dump(json.loads(text), Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
    return found


def _version(request: HttpRequest, generation: int) -> ApiVersion:
    given = request.GET.get("version")
    if given is None:
        return _default(generation)
    return form_of(ApiVersion.parse({"version": given, "generation": str(generation)}))


def _default(generation: int) -> ApiVersion:
    """Of generation 1 the document of 2019 that it is known by, of generation 2 the newest form."""
    return FORMS[0] if generation == 1 else FORMS[-1]


def _known(text: str, forms: list[ApiVersion]) -> ApiVersion | None:
    return next((form for form in forms if form.date.isoformat() == text), None)
