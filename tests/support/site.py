"""The web application over one small installation, asked without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from lxml import html as lxml_html
from sqlalchemy import Engine

from mailer.bootstrap import Mailer
from mailer.database.engine import transaction
from mailer.database.tables import IssueLink, Rendition
from mailer.rendering.environment import Themes
from mailer.sealing import Sealer
from mailer.settings import Settings
from mailer.tokens import Signer
from mailer.web.app import create_app
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber

HOST = "http://127.0.0.1:8000"
DESTINATION = "https://action.test/a%20b?flag&x=[1]&utm_source=river#part"
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}


def noon() -> datetime:
    return NOON


def mailer_of(engine: Engine, *, clock: Any = noon, **settings: Any) -> Mailer:
    """An installation whose clock stands still."""
    return Mailer(
        settings=Settings(**{"base_url": HOST} | settings),
        engine=engine,
        signer=Signer(b"a key for tests only"),
        sealer=Sealer(b"a key for tests only"),
        themes=Themes(None),
        relays=(),
        clock=clock,
    )


@dataclass(frozen=True, slots=True)
class Mailed:
    """One reader who got one issue; their token."""

    newsletter_id: int
    issue_id: int
    subscriber_id: int
    token: str


def mail_one(mailer: Mailer, *, name: str = "Ann Example", html: str = "") -> Mailed:
    """Ann has got issue one of River Watch, with one link to `DESTINATION`."""
    with transaction(mailer.engine) as session:
        newsletter = add_newsletter(session)
        ann = add_subscriber(session, newsletter=newsletter, name=name)
        issue = add_issue(session, newsletter)
        if html:
            session.get_one(Rendition, issue.id).html = html
        session.add(
            IssueLink(
                issue_id=issue.id,
                number=1,
                url=DESTINATION,
                label="Act",
                role="action",
                block="now-1",
                block_position=1,
            )
        )
    token = mailer.signer.sign(issue.id, ann.id)
    return Mailed(newsletter.id, issue.id, ann.id, token)


@asynccontextmanager
async def visiting(mailer: Mailer, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that follows nothing by itself."""
    app = create_app(mailer, **options)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=HOST, headers=BROWSER) as client,
    ):
        yield client


def page(answer: httpx.Response) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(answer.text)


def heading(answer: httpx.Response) -> str:
    return " ".join(page(answer).xpath("string(//h1)").split())


def forms(answer: httpx.Response) -> dict[str, dict[str, str]]:
    """The page's forms: their button's words, and the fields they send."""
    return {
        " ".join(form.xpath("string(.//button)").split()): {
            "action": str(form.get("action")),
            **{
                str(field.get("name")): str(field.get("value"))
                for field in form.xpath(".//input[@type='hidden']")
            },
        }
        for form in page(answer).xpath("//form")
    }
