"""The OpenAPI document: routes from the framework, topics from their declarations."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from revenue_machine.engine.registry import Registry
from revenue_machine.engine.topic import Effect, Topic

_REFERENCE = "#/components/schemas/{model}"
_STATUS_WORDS = {
    "200": "done",
    "202": "waits for approval",
    "401": "no token",
    "403": "not with this token",
    "409": "conflict, stopped, suppressed or outcome unknown",
    "422": "bad input",
    "424": "not configured, or the outside failed",
    "429": "budget, cap or rate",
}


def openapi_of(face: FastAPI, registry: Registry) -> dict[str, Any]:
    """Built once per process."""
    if face.openapi_schema is None:
        document = get_openapi(title=face.title, version=face.version, routes=face.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"bearer": []}]
        for topic in registry.topics.values():
            path = "/api/services/" + topic.name.replace(".", "/", 1)
            document["paths"][path] = {"post": _operation(topic, schemas)}
        face.openapi_schema = document
    return face.openapi_schema


def _operation(topic: Topic, schemas: dict[str, Any]) -> dict[str, Any]:
    body = _schema(topic.args.model_json_schema(ref_template=_REFERENCE), schemas)
    result = _schema(topic.result.model_json_schema(ref_template=_REFERENCE, mode="serialization"), schemas)
    done = {"type": "object", "properties": {"ok": {"const": True}, "topic": {"type": "string"}, "result": result}}
    answers: dict[str, Any] = {status: {"description": words} for status, words in _STATUS_WORDS.items()}
    answers["200"]["content"] = {"application/json": {"schema": done}}
    return {
        "operationId": topic.name.replace(".", "_"),
        "summary": topic.summary,
        "description": topic.doc,
        "tags": [topic.service],
        "x-effect": topic.effect.name,
        "x-scope": "read" if topic.effect <= Effect.READS else "operate",
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": answers,
    }


def _schema(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    schemas.update(schema.pop("$defs", {}))
    return schema
