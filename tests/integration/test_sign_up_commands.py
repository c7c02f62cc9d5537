"""How a newsletter is subscribed to is set, shown and looked up on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.cli import context
from tests.support.command_line import CommandLine


@pytest.fixture
def site(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """An installation with one newsletter."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILER_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("MAILER_BASE_URL", "https://news.example.com")
    context.mailer.cache_clear()
    installation = CommandLine()
    installation.run("newsletter", "add", "river", "--name", "River", "--from", "news@river.test")
    yield installation
    context.mailer().engine.dispose()
    context.mailer.cache_clear()


def test_forms_are_set_and_printed(site: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "welcome.txt").write_text("Hello & welcome.\n\nWe write monthly.\n")

    said = site.json(
        *("newsletter", "set", "river", "--opt-in", "single", "--heading", "Join us"),
        *("--no-roles", "--welcome-subject", "Hi", "--welcome-file", "welcome.txt"),
    )
    assert said["page"] == "https://news.example.com/s/river"
    assert said["opt_in"] == "single"
    assert said["welcome_body"] == "<p>Hello &amp; welcome.</p><p>We write monthly.</p>"
    again = site.json("newsletter", "set", "river", "--closed")
    assert (again["heading"], again["roles"], again["open"]) == ("Join us", False, False)

    unknown = site.run("newsletter", "set", "river", "--field", "city!", status=3)
    assert "There is no custom field 'city'" in unknown.stderr

    form = site.run("newsletter", "form", "river", "--language", "de").stdout
    assert 'action="https://news.example.com/s/river"' in form
    assert "E-Mail-Adresse" in form
    assert '<script type="module" src="https://news.example.com/form.js"></script>' in form
    assert site.json("newsletter", "form", "river", "--language", "de")["html"].strip() == (
        form.strip()
    )

    [listed] = site.json("newsletter", "list")
    assert (listed["opt_in"], listed["never_confirmed"]) == ("single", 0)


def test_the_history_of_a_consent_is_shown(site: CommandLine) -> None:
    name = "[/b] [red]Info"  # markup of the library that prints tables
    site.run("subscriber", "add", "info@readers.test", "--newsletter", "river", "--name", name)
    site.run("subscriber", "unsubscribe", "info@readers.test", "--newsletter", "river")

    records = site.json("subscriber", "history", "info@readers.test")

    assert [(one["newsletter"], one["state"]) for one in records] == [
        ("river", "confirmed"),
        ("river", "unsubscribed"),
    ]
    told = site.run("subscriber", "history", "info@readers.test").stdout
    assert "river: unsubscribed (editor)\n    by: command\n" in told
    site.run("subscriber", "history", "nobody@readers.test", status=3)
    assert "[/b]" in site.run("subscriber", "list", "--newsletter", "river").stdout
    [listed] = site.json("subscriber", "list", "--newsletter", "river")
    assert listed["flag"] == "an office's address, such as info@"


def test_a_test_mail_is_queued_and_listed(site: CommandLine) -> None:
    queued = site.json("notice", "test", "ann@readers.test", "--language", "de")

    [listed] = site.json("notice", "list", "--state", "waiting")

    assert listed["id"] == queued["id"]
    assert (listed["kind"], listed["to"]) == ("test", "ann@readers.test")
    assert site.json("notice", "list", "--state", "refused") == []
