"""The OpenAPI document: every operation told, every example valid, every problem named."""

import json
from typing import Any

import pytest

from api.conventions import Body, Writing
from api.docs_page import page
from api.openapi import stated
from domain.kernel import Refused


def test_every_operation_has_a_summary_an_example_and_documented_problems(world_document: Any):
    names = [operation["operationId"] for *_, operation in world_document]
    assert len(names) == len(set(names)) > 80
    for route, method, operation in world_document:
        name = operation["operationId"]
        assert operation["summary"], name
        assert operation.get("description") or operation["summary"].count(" ") > 1, name
        bodies = [s for s in stated(route) if isinstance(s, Body)]
        if bodies:
            example = operation["requestBody"]["content"]["application/json"]["example"]
            bodies[0].model.model_validate_json(json.dumps(example))
        if method != "GET" and not route.path.startswith(
            ("/v1/sessions", "/v1/keys", "/v1/imports", "/v1/documents", "/v1/portal/documents", "/v1/projections")
        ):
            assert [s for s in stated(route) if isinstance(s, Writing)], f"{name} writes without the conventions of writing"
        problems = [status for status in operation["responses"] if not status.startswith("2")]
        assert problems, name
        for status in problems:
            assert set(operation["responses"][status]["content"]) == {"application/problem+json"}, (name, status)


def test_amounts_are_text_of_a_tight_pattern_and_no_decimal_is_a_number(world_document: Any):
    found = []

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            if node.get("type") == "number":
                found.append(path)
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for value in node:
                walk(value, path)

    schemas: dict[str, Any] = {}
    for route, *_ in world_document:
        for statement in stated(route):
            if isinstance(statement, Body):
                schemas[statement.model.__name__] = statement.model.model_json_schema()
    walk(schemas, "")
    assert found == []


def test_every_body_forbids_what_it_does_not_name(world_document: Any):
    for route, *_ in world_document:
        for statement in stated(route):
            if isinstance(statement, Body):
                assert statement.model.model_config.get("extra") == "forbid", statement.model


def test_the_page_shows_every_operation_and_runs_no_script(world_document: Any):
    document = {"info": {"version": "1", "description": "x"}, "components": {"schemas": {}}, "paths": {}}
    for route, method, operation in world_document:
        document["paths"].setdefault(route.path_format, {})[method.lower()] = operation
    html = page(document)
    assert "<script" not in html
    assert "http://" not in html
    assert all(f"id='{operation['operationId']}'" in html for *_, operation in world_document)


@pytest.mark.parametrize("rule", Refused.__subclasses__())
def test_every_rule_says_what_it_is(rule: type[Refused]):
    assert rule.__doc__
