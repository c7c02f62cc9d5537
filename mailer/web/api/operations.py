"""An operation of the API: who may do it, what it takes and gives; runs it, and describes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import ApiKey
from mailer.errors import Conflict, MailerError, NotFound, Unavailable
from mailer.staffing import api_keys
from mailer.staffing.permissions import Permission, permissions
from mailer.web import problems
from mailer.web.site import site_of

ROOT = "/api/v1"
MOST_BODY = 2 * 1024 * 1024
_STATUSES = {NotFound: 404, Conflict: 409, Unavailable: 503}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, within its transaction."""

    mailer: Mailer
    session: Session
    key: ApiKey
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done at *path* by *method*; *takes* and *gives* are models or lists of them."""

    method: str
    path: str
    may: Permission
    summary: str
    run: Callable[[Call], Any]
    gives: Any
    takes: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    status: int = 200

    @property
    def route(self) -> Route:
        """For the application."""
        return Route(ROOT + self.path, self._answer, methods=[self.method], max_body_size=MOST_BODY)

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(self._perform, request, body)

    def _perform(self, request: Request, body: bytes) -> Response:
        mailer = site_of(request).mailer
        try:
            key = _key_of(request, mailer)
            if key is None:
                return _error(401, "Show a key: Authorization: Bearer mlr_…", _ASK)
            if self.may not in permissions(key.role):
                return _error(403, f"This key may not {self.may.value}.")
            taken = self.takes.model_validate_json(body) if self.takes else None
            opened = reading if self.method == "GET" else transaction
            with opened(mailer.engine) as session:
                call = Call(mailer, session, key, request.path_params, request.query_params, taken)
                given = TypeAdapter(self.gives).dump_python(self.run(call), mode="json")
        except ValidationError as error:
            return _error(400, _sentence(error))
        except MailerError as error:
            found = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 400)
            return _error(found, error.sentence, problems.RETRY if found == 503 else None)
        return JSONResponse(given, self.status, {"cache-control": "no-store"})


_ASK = {"www-authenticate": "Bearer"}


def _key_of(request: Request, mailer: Mailer) -> ApiKey | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    now = mailer.clock()
    with reading(mailer.engine) as session:
        key = api_keys.find(session, secret.strip())
    if key is not None and api_keys.is_due(key, now=now):
        with suppress(Unavailable), transaction(mailer.engine) as session:
            api_keys.note(session, key.id, now=now)
    return key


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    words = first["msg"].removeprefix("Value error, ")
    return f"{place}: {words}." if place else f"The body cannot be read: {words}."


def _error(status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": words}, status, {"cache-control": "no-store", **(headers or {})})


def describe(operations: tuple[Operation, ...], error: type[BaseModel], **about: str) -> str:
    """The OpenAPI 3.1 document of all operations."""
    adapters: list[tuple[Any, Any, TypeAdapter[Any]]] = []
    for one in operations:
        adapters.append((one, "serialization", TypeAdapter(one.gives)))
        if one.takes is not None:
            adapters.append((one, "validation", TypeAdapter(one.takes)))
    adapters.append((error, "serialization", TypeAdapter(error)))
    schemas, definitions = TypeAdapter.json_schemas(
        adapters, ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        entry = _described(one, schemas, schemas[error, "serialization"])
        paths.setdefault(_plain(one.path), {})[one.method.lower()] = entry
    document = {
        "openapi": "3.1.0",
        "info": {"title": "mailer", **about},
        "servers": [{"url": f"..{ROOT.removeprefix('/api')}"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": definitions.get("$defs", {}),
        },
    }
    return json.dumps(document, ensure_ascii=False)


def _described(one: Operation, schemas: Mapping[Any, Any], error: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "summary": one.summary,
        "operationId": one.run.__name__,
        "description": f"For keys that may {one.may.value}.",
        "parameters": [
            *(_parameter(name, "path") for name in _names(one.path)),
            *(_parameter(name, "query") for name in one.query),
        ],
        "responses": {
            str(one.status): _content("Done.", schemas[one, "serialization"]),
            "default": _content("Refused.", error),
        },
    }
    if one.takes is not None:
        entry["requestBody"] = _content("", schemas[one, "validation"]) | {"required": True}
    return entry


def _content(words: str, schema: Any) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}}
    return {"description": words, **content} if words else content


def _parameter(name: str, place: str) -> dict[str, Any]:
    numeric = name in {"issue_id", "before"}
    schema = {"type": "integer" if numeric else "string"}
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _names(path: str) -> list[str]:
    return [part[1:].partition("}")[0] for part in _plain(path).split("/") if part[:1] == "{"]


def _plain(path: str) -> str:
    return path.replace(":int", "")
