"""Links of mails lead to where the pages are served, whoever wrote the mail."""

from __future__ import annotations

from sqlalchemy import Engine

from mailer.base_urls import remember, settled
from mailer.settings import Settings


def test_a_command_that_nobody_told_uses_the_address_of_the_server(engine: Engine) -> None:
    told, untold = Settings(base_url="https://told.test"), Settings()
    assert settled(engine, untold) is untold
    for served in ("http://127.0.0.1:8001", "https://news.test", "https://news.test"):
        remember(engine, served)
        assert settled(engine, untold).base_url == served
        assert settled(engine, told).base_url == "https://told.test"
