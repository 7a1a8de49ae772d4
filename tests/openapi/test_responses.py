"""The responses of every version match its document: no field less, none more."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from console.core.api.openapi.document import document
from console.core.api.versions import FORMS, ApiVersion
from tests.factories import Api, Party, make_connection, make_gateway, make_subnet, make_vpc
from tests.openapi.places import closed, filled, places_of, populate
from vpn.models import Connection

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")
# Forms of one generation differ in bodies; the others differ from these in a status or a word.
SHAPES = (FORMS[0], FORMS[3], FORMS[4], *FORMS[6:])
FORM = pytest.mark.parametrize("form", SHAPES, ids=lambda form: f"{form.generation}-{form.date}")


@pytest.fixture
def row(ana: Party) -> Connection:
    return populate(ana)


def is_unsupported(operation: dict[str, Any]) -> bool:
    """Whether the method exists only to explain why it does nothing."""
    return not any(status.startswith("2") for status in operation["responses"])


class Reader:
    """Sends requests of one version, and checks each response against the document."""

    def __init__(self, form: ApiVersion, api: Api, places: dict[str, str]) -> None:
        self.form, self.api, self.places = form, api, places
        self.document = closed(deepcopy(document(form)))
        whole = Resource(contents=self.document, specification=DRAFT202012)
        self.registry: Registry[Any] = Registry().with_resource("urn:document", whole).crawl()

    def operations(self, method: str) -> list[tuple[str, dict[str, Any]]]:
        paths = self.document["paths"].items()
        return [(path, one[method]) for path, one in paths if method in one and path.startswith("/v1")]

    def ask(self, method: str, path: str, body: Any = None, *, query: str = "") -> Any:
        """The response, whose body matches the document for its status."""
        version = f"{self.form.date}&generation={self.form.generation}{query}"
        response = self.api(method.upper(), filled(path, self.places), body, version=version)
        documented = self.document["paths"][path][method]["responses"]
        assert str(response.status_code) in documented, (path, response.status_code, response.content)
        content = documented[str(response.status_code)].get("content")
        assert bool(response.content) == bool(content), path
        if content:
            self.hold(response.json(), content["application/json"]["schema"])
        return response

    def hold(self, body: Any, schema: dict[str, Any]) -> None:
        checker = Draft202012Validator.FORMAT_CHECKER
        whole = {"$ref": f"urn:document{schema['$ref']}"}
        validator = Draft202012Validator(whole, registry=self.registry, format_checker=checker)
        assert [(fault.json_path, fault.message) for fault in validator.iter_errors(body)] == []

    def example(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The body that the document gives as an example, about objects of ours."""
        media = operation["requestBody"]["content"]["application/json"]["schema"]
        schema = self.document["components"]["schemas"][media["$ref"].rpartition("/")[2]]
        body: dict[str, Any] = deepcopy(schema["examples"][0])
        if "vpc" in body:
            body["vpc"] = {"id": self.places["vpc_id"]}
        for holder in (body, body.get("primary_network_interface", {})):
            if "subnet" in holder:
                holder["subnet"] = {"id": self.places["subnet_id"]}
        if "ipv4_cidr_block" in body:
            body["ipv4_cidr_block"] = "192.168.9.0/24"
        self.hold(body, media)
        return body


@pytest.mark.parametrize("form", (FORMS[0], FORMS[-1]), ids=str)
def test_the_document_is_valid(form: ApiVersion) -> None:
    validate_schema(document(form))
    assert json.dumps(document(form)).count('"operationId"') >= 55
    ids = [one["operationId"] for path in document(form)["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))


@FORM
def test_every_get_matches_the_document(form: ApiVersion, ana: Party, row: Connection) -> None:
    reader = Reader(form, ana.api, places_of(row))
    for path, _ in reader.operations("get"):
        # Of route mode there is nothing.
        none = path.endswith(("/{service_connection_id}", "advertised_cidrs/{cidr}"))
        assert reader.ask("get", path).status_code in ((404,) if none else (200, 204)), path


@FORM
def test_every_example_is_accepted_as_documented(form: ApiVersion, ana: Party, row: Connection) -> None:
    reader = Reader(form, ana.api, places_of(row))
    for path, operation in reader.operations("post"):
        body = reader.example(operation)
        tried = reader.ask("post", path, body, query="&dry_run=true")
        assert tried.status_code == 200, (path, tried.content)
        made = reader.ask("post", path, body)
        assert made.status_code == 201, (path, made.content)
        refused = reader.ask("post", path, {"nonsense": 1})
        assert refused.status_code == 400


@FORM
def test_without_a_field_that_is_required_it_is_refused(
    form: ApiVersion, ana: Party, row: Connection
) -> None:
    reader = Reader(form, ana.api, places_of(row))
    seen = 0
    for path, operation in reader.operations("post"):
        body = reader.example(operation)
        media = operation["requestBody"]["content"]["application/json"]["schema"]
        schema = reader.document["components"]["schemas"][media["$ref"].rpartition("/")[2]]
        groups = schema.get("allOf", [schema])
        either = [
            one["required"][0]
            for group in groups
            for one in (*group.get("oneOf", []), *group.get("anyOf", []))
        ]
        for name in {*schema.get("required", []), *either} & body.keys():
            less = {key: value for key, value in body.items() if key != name}
            assert reader.ask("post", path, less).status_code == 400, (path, name)
            seen += 1
    assert seen >= 15


@FORM
def test_changes_match_the_document(form: ApiVersion, ana: Party, row: Connection) -> None:
    reader = Reader(form, ana.api, places_of(row))
    for number, (path, operation) in enumerate(reader.operations("patch")):
        assert reader.ask("patch", path, reader.example(operation)).status_code == 200, path
        assert reader.ask("patch", path, {"name": f"renamed-{number}"}).status_code == 200, path
    for path, operation in reader.operations("put"):
        if is_unsupported(operation):
            body = {"private_ip": {"subnet": {"id": reader.places["subnet_id"]}}}
            assert reader.ask("put", path, body if "member" in path else None).status_code == 400, path
            continue
        reader.places |= {"local": "10.77.0.0/24", "peer": "10.78.0.0/24"}
        assert reader.ask("put", path).status_code in (201, 204), path
        assert reader.ask("put", path).status_code == 204, path
    paths = [path for path, operation in reader.operations("delete") if not is_unsupported(operation)]
    for path in sorted(paths, key=lambda path: -path.count("/")):
        assert reader.ask("delete", path).status_code in (202, 204, 409), path


@FORM
def test_missing_objects_match_the_document(form: ApiVersion, ana: Party, ben: Party) -> None:
    other = make_connection(ben, make_gateway(ben, make_subnet(ben, make_vpc(ben))))
    nobody = dict.fromkeys(places_of(populate(ben)), str(other.pk))
    reader = Reader(form, ana.api, nobody)
    for method in METHODS:
        for path, _ in reader.operations(method):
            if "{" in path and "{prefix_length}" not in path and "{cidr}" not in path:
                body = {} if method in ("post", "patch") else None
                assert reader.ask(method, path, body).status_code == 404, path


def test_unauthenticated_responses_match_the_document(ana: Party) -> None:
    reader = Reader(FORMS[-1], Api(), {})
    assert reader.ask("get", "/v1/vpn_gateways").status_code == 401
    assert reader.ask("post", "/v1/vpn_gateways", {}).status_code == 401


def test_the_etag_is_documented_where_it_is_sent(ana: Party, row: Connection) -> None:
    reader = Reader(FORMS[-1], ana.api, places_of(row))
    for method in METHODS:
        for path, operation in reader.operations(method):
            documented = any("ETag" in one.get("headers", {}) for one in operation["responses"].values())
            expected = path.endswith(("/connections", "/{connection_id}")) and "vpn_gateways" in path
            assert documented == (expected and (method, path.endswith("s")) in GUARDED), (method, path)


# A list has none; its POST answers one connection.
GUARDED = {("get", False), ("patch", False), ("post", True)}
