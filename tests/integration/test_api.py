"""Programs with a key do what the key may, in JSON, and what is refused is one sentence."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, select

from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import ApiKey, ConsentChange, Issue, Role
from mailer.staffing import api_keys
from mailer.web.api.calls import OPERATIONS
from tests.support.factories import NOON, add_newsletter
from tests.support.site import mailer_of, visiting

pytestmark = pytest.mark.anyio

ANN = {"address": "Ann@readers.test", "name": "Ann"}
HELLO = {"subject": "Hello", "blocks": [{"kind": "text", "body": "<p>Hi</p>"}]}


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    made = mailer_of(engine)
    with transaction(engine) as session:
        add_newsletter(session)
    return made


@pytest.fixture
async def client(mailer: Mailer) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(mailer) as visitor:
        yield visitor


def key(mailer: Mailer, role: Role = Role.EDITOR) -> dict[str, str]:
    with transaction(mailer.engine) as session:
        _made, secret = api_keys.make(session, "Website", role, by="ana@river.test", now=NOON)
    return {"authorization": f"Bearer {secret}"}


async def test_a_subscriber_is_added_found_and_unsubscribed(
    mailer: Mailer, client: httpx.AsyncClient
) -> None:
    client.headers.update(key(mailer))
    path = "/api/v1/newsletters/river/subscribers"
    for result in ("added", "existing"):
        added = await client.post(path, json=ANN)
        assert added.json() == {"address": ANN["address"], "result": result}
    found = (await client.get(f"{path}/ann@readers.test")).json()
    assert (found["state"], found["name"]) == ("confirmed", "Ann")
    for ended in (True, False):
        answer = await client.post(f"{path}/ann@readers.test/unsubscribe")
        assert answer.json()["ended"] is ended
    back = await client.post(path, json=ANN)
    assert back.json()["result"] == "kept unsubscribed"
    (newsletter,) = (await client.get("/api/v1/newsletters")).json()
    assert (newsletter["slug"], newsletter["unsubscribed"]) == ("river", 1)
    with reading(mailer.engine) as session:
        first, last = session.scalars(select(ConsentChange).order_by(ConsentChange.id))
    assert (first.source, last.source, last.evidence) == (
        "API: Website",
        "editor",
        {"by": "API: Website"},
    )


async def test_an_issue_is_drafted_listed_and_looked_at(
    mailer: Mailer, client: httpx.AsyncClient
) -> None:
    client.headers.update(key(mailer))
    made = await client.post("/api/v1/issues", json={"newsletter": "river", "content": HELLO})
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    number = made.json()["id"]
    assert (await client.get(f"/api/v1/issues/{number}")).json()["subject"] == "Hello"
    assert [one["id"] for one in (await client.get("/api/v1/issues")).json()] == [number]
    assert (await client.get(f"/api/v1/issues?before={number}")).json() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/newsletters/river/subscribers", {"address": "nobody"}, 400, "not an address"),
        ("POST", "/newsletters/river/subscribers", {"adress": "a@b.test"}, 400, "address: Field"),
        ("POST", "/newsletters/sea/subscribers", ANN, 404, "no newsletter 'sea'"),
        ("GET", "/newsletters/river/subscribers/x@y.test", None, 404, "Nobody"),
        ("GET", "/issues/77", None, 404, "no issue 77"),
        ("GET", "/issues?before=x", None, 400, "number of an issue"),
        ("POST", "/issues", {"newsletter": "river", "content": {}}, 400, "content.subject"),
    ],
)
async def test_what_is_wrong_is_one_sentence_and_changes_nothing(
    mailer: Mailer,
    client: httpx.AsyncClient,
    method: str,
    path: str,
    body: Any,
    status: int,
    words: str,
) -> None:
    answer = await client.request(method, f"/api/v1{path}", json=body, headers=key(mailer))
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]
    with reading(mailer.engine) as session:
        assert session.scalars(select(Issue)).all() == []


async def test_a_body_that_is_no_json_is_said_to_be_none(
    mailer: Mailer, client: httpx.AsyncClient
) -> None:
    answer = await client.post("/api/v1/issues", content=b"{", headers=key(mailer))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body cannot be read")


async def test_without_a_key_nothing_is_said_and_with_one_what_it_may(
    mailer: Mailer, client: httpx.AsyncClient
) -> None:
    viewer, revoked = key(mailer, Role.VIEWER), key(mailer)
    with transaction(mailer.engine) as session:
        api_keys.revoke(session, max(session.scalars(select(ApiKey.id))))
    for operation in OPERATIONS:
        path = "/api/v1" + operation.path.replace(":int", "").format(
            slug="river", address="a@b.test", issue_id=1
        )
        for headers in ({}, revoked, {"authorization": "Bearer mlr_x"}, {"authorization": "x"}):
            answer = await client.request(operation.method, path, headers=headers)
            assert answer.status_code == 401, path
        answer = await client.request(operation.method, path, headers=viewer)
        assert (answer.status_code == 403) is (operation.may.name != "VIEW"), path
    with reading(mailer.engine) as session:
        assert session.scalars(select(ApiKey.used_at)).one() == NOON


async def test_the_description_names_every_operation_and_every_value(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    described = {
        (method.upper(), path) for path, found in document["paths"].items() for method in found
    }
    assert described == {(one.method, one.path.replace(":int", "")) for one in OPERATIONS}
    text = json.dumps(document)
    for name in ("SubscriberIn", "IssueOut", "ErrorOut"):
        assert name in document["components"]["schemas"]
        assert f'"#/components/schemas/{name}"' in text
