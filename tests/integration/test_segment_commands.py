"""Fields, tags, segments and audiences from the command line, as people and scripts use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.cli import context
from tests.support.command_line import CommandLine

ISSUE = """---
subject: The bridge stays
---
# The council has listened

Thank you.

[Read the decision](https://example.org/decision)
"""


@pytest.fixture
def club(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A newsletter with three subscribers, and an issue in draft."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILER_DATABASE_URL", sqlite_url)
    context.mailer.cache_clear()
    installation = CommandLine()
    installation.run(
        *("newsletter", "add", "river", "--name", "River", "--from", "news@river.test"),
        *("--postal-address", "3 Ferry Lane"),
    )
    installation.run("field", "add", "district", "--label", "District")
    for name, district, language in (
        ("ann", "North", "en"), ("ben", "South", "en"), ("eva", "North", "de"),
    ):  # fmt: skip
        installation.run(
            *("subscriber", "add", f"{name}@readers.test", "--newsletter", "river"),
            *("--field", f"district={district}", "--language", language),
        )
    (tmp_path / "issue.md").write_text(ISSUE, encoding="utf-8")
    installation.run("issue", "import", "issue.md", "--newsletter", "river")
    yield installation
    context.mailer().engine.dispose()
    context.mailer.cache_clear()


def test_what_is_kept_of_a_person_is_changed_typed_and_on_record(club: CommandLine) -> None:
    club.run("field", "add", "age", "--kind", "number")
    ann = ("subscriber", "set", "ann@readers.test")
    made = club.json(
        *ann, "--name", "Ann", "--time-zone", "Europe/Lisbon",
        *("--field", "age=31", "--field", "district="),
    )  # fmt: skip
    assert made["changed"] == ["name", "time_zone", "field age", "field district"]
    assert "is no number" in club.run(*ann, "--field", "age=old", "--name", "X", status=2).stderr
    assert "name=value" in club.run(*ann, "--field", "age", status=2).stderr
    assert club.json(*ann, "--language", "en")["changed"] == []
    known = club.json("subscriber", "show", "ann@readers.test")
    person, last = known["subscriber"], known["consent_changes"][-1]
    assert (person["name"], person["language"], person["fields"]) == ("Ann", "en", {"age": 31})
    assert (last["source"], last["evidence"]["by"]) == ("details", "command")
    assert club.json(*ann, "--language", "")["changed"] == ["language"]


def test_fields_are_defined_changed_and_removed(club: CommandLine) -> None:
    made = club.json("field", "add", "size", "--kind", "choice", "--option", "s", "--option", "l")
    assert (made["kind"], made["options"], made["label"]) == ("choice", ["s", "l"], "Size")
    club.run("field", "set", "size", "--option", "s", "--option", "m", "--default", "M")
    assert [(one["name"], one["options"], one["default"]) for one in club.json("field", "list")] == [
        ("district", "", ""), ("size", "s, m", "m"),
    ]  # fmt: skip
    assert club.json("field", "remove", "district", "--with-values")["values_removed"] == 3
    assert "there are: size" in club.run("field", "set", "nothing", status=3).stderr


def test_a_segment_is_saved_shown_counted_listed_and_removed(club: CommandLine) -> None:
    rule = 'field district is "north" and not language is "de"'
    saved = club.json("segment", "add", "North", "--rule", rule)
    assert saved["people"] == 1
    assert saved["rule"] == 'field district is "north" and language is not "de"'
    assert saved["json"]["and"][0]["field"] == "district"

    club.run("segment", "set", "north", "--rule", 'field district is "North"')
    assert club.json("segment", "show", "North")["people"] == 2
    assert club.json("segment", "count", "North", "--newsletter", "river")["people"] == 2
    assert [one["address"] for one in club.json("segment", "members", "North")] == [
        "ann@readers.test",
        "eva@readers.test",
    ]
    assert [one["name"] for one in club.json("segment", "list")] == ["North"]
    assert club.json("segment", "remove", "North")["removed"]
    assert club.json("segment", "list") == []


def test_a_rule_is_tried_without_being_saved_and_its_fault_is_pointed_at(
    club: CommandLine,
) -> None:
    tried = club.json("segment", "check", "--rule", 'language is "en"')
    assert (tried["people"], tried["rule"]) == (2, 'language is "en"')

    wrong = club.run("segment", "check", "--rule", 'language = "en"', status=2)
    assert wrong.stdout == 'language = "en"\n         ^\n'
    assert "character 10: '=' has no meaning here; write is." in wrong.stderr
    fault = club.json("segment", "check", "--rule", "language was", status=2)
    assert (fault["position"], fault["expected"]) == (9, ["is", "is one of", "is empty"])
    subjects = {one["label"] for one in club.json("segment", "words")["subjects"]}
    assert {"District", "Language", "Tag"} <= subjects
    table = club.run("segment", "words").stdout
    assert all(word in table for word in ("clicked", "received", "segment"))


def test_people_are_tagged_by_address_rule_and_segment(club: CommandLine) -> None:
    club.run("segment", "add", "North", "--rule", 'field district is "North"')
    assert club.json("tag", "add", "helper", "--address", "BEN@readers.test")["changed"] == 1
    assert club.json("tag", "add", "helper", "--segment", "North")["changed"] == 2
    assert club.json("tag", "take", "Helper", "--rule", 'language is "de"')["changed"] == 1
    club.run("tag", "rename", "helper", "Helpers")
    assert club.json("tag", "list") == [{"tag": "Helpers", "people": 2}]
    club.run("tag", "add", "x", "--segment", "North", "--rule", "opened", status=2)
    assert club.json("tag", "remove", "helpers")["changed"] == 2


def test_an_issue_gets_its_audience_and_nobody_is_no_audience(club: CommandLine) -> None:
    club.run("segment", "add", "North", "--rule", 'field district is "North"')
    club.run("segment", "add", "German", "--rule", 'language is "de"')
    club.run("segment", "add", "French", "--rule", 'language is "fr"')

    chosen = club.json("issue", "audience", "1", "--include", "north", "--exclude", "German")
    assert chosen == {
        "id": 1, "include": ["North"], "exclude": ["German"], "recipients": 1, "version": 2,
    }  # fmt: skip
    checked = club.run("issue", "check", "1").stdout
    assert "1 recipient (North, but not German)" in checked

    club.run("issue", "audience", "1", "--include", "French")
    refused = club.run("issue", "check", "1", status=1).stdout
    assert "Nobody subscribed to River is in its audience (French)" in refused
    assert club.run("issue", "schedule", "1", "--at", "+1h", status=2).stderr
    club.run("issue", "audience", "1", "--everybody")
    club.run("issue", "schedule", "1", "--at", "+1h")
    assert club.json("issue", "audience", "1")["recipients"] == 3

    club.run("issue", "audience", "1", "--include", "North")
    assert "issue 1, which is scheduled" in club.run("segment", "remove", "North", status=4).stderr
    assert club.json("issue", "status", "1")["audience"] == {"include": ["North"], "exclude": []}


def test_opens_are_told_with_what_they_are_worth(club: CommandLine) -> None:
    told = club.run("issue", "opens", "1").stdout
    assert "fetched for 0 people" in told
    assert "Opens are not counted now (MAILER_TRACK_OPENS)." in told
    assert club.json("issue", "opens", "1")["counting"] is False
    club.run("issue", "opens", "9", status=3)
