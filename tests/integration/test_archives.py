"""An archive holds everything, and an empty database of either engine becomes the same from it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from mailer.audience import consent, newsletters, subscribers, suppressions
from mailer.audience.importing import inspect, run
from mailer.database.engine import open_engine, reading, transaction
from mailer.database.tables import Base, Consent, Role, Subscriber, User
from mailer.database.upgrading import revisions, upgrade
from mailer.errors import Conflict, InvalidFile, MailerError
from mailer.keeping.archives import LEFT_OUT, MANIFEST, SECRET_TABLES, Manifest, tables
from mailer.keeping.archiving import archive
from mailer.keeping.erasing import erase
from mailer.keeping.restoring import restore
from mailer.secret_key import load_secret_key
from tests.support.command import an_installation
from tests.support.databases import Databases
from tests.support.factories import NOON, add_newsletter
from tests.support.readership import a_sent_issue
from tests.support.sending import SIGNER

LATER = NOON + timedelta(days=3)
ODD = 'quotes " and \\ backslash\ttab\nline  Zażółć 名前 \U0001f30d'


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[Engine]:
    """An empty database, of each engine in turn."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path}/other.db")
        yield engine
        engine.dispose()
    else:
        with databases.new_postgresql() as url:
            engine = open_engine(url)
            yield engine
            engine.dispose()


def furnish(engine: Engine) -> None:
    a_sent_issue(engine)
    a_sent_issue(engine, newsletter="lake")
    with transaction(engine) as session:
        bo = subscribers.get(session, "bo@readers.test")
        bo.name, bo.fields, bo.time_zone = ODD, {"city": ODD, "n": [1, None, True]}, "Europe/Lisbon"
        session.add(
            User(address="o@x.test", address_key="o@x.test", role=Role.OWNER,
                 password_hash="a hash", totp_secret=b"\x00\xffseal", created_at=NOON)
        )  # fmt: skip
        suppressions.add(session, "y.test", reason=ODD, source="s", now=NOON)
        erase(session, "di@readers.test", SIGNER, source="t", now=LATER)
        river = newsletters.get(session, "river")
        subscribers.add(
            session, river, "pat@readers.test", signer=SIGNER, now=NOON, state=Consent.PENDING
        )
        bo.paused_until = LATER + timedelta(days=30)
        moved = subscribers.add(session, river, "old@readers.test", signer=SIGNER, now=NOON)
        suppressions.give_up(session, "old@readers.test", SIGNER, now=LATER)
        moved.subscriber.address = moved.subscriber.address_key = "new@readers.test"
        consent.note(
            session, subscriber_id=moved.subscriber.id, now=LATER, source=consent.NEW_ADDRESS,
            evidence={"from": "old@readers.test", "to": "new@readers.test"},
        )  # fmt: skip


def contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with reading(engine) as session:
        return {
            table.name: [
                dict(row._mapping)
                for row in session.execute(select(table).order_by(*table.primary_key))
            ]
            for table in tables(with_secrets=True)
        }


def test_a_database_of_either_engine_becomes_the_same(
    engine: Engine, other: Engine, tmp_path: Path
) -> None:
    furnish(engine)
    load_secret_key(engine, "a key that is long enough")
    before = contents(engine)
    path = tmp_path / "all.zip"

    archive(engine, path, now=LATER, secret_key=b"a key that is long enough")
    restore(other, path)

    assert contents(other) == before
    assert contents(engine) == before
    assert path.stat().st_mode & 0o077 == 0, "readable for its owner only"
    assert load_secret_key(other, None) == b"a key that is long enough"
    _import_an_old_list(other, tmp_path)


def _import_an_old_list(engine: Engine, folder: Path) -> None:
    """Whoever was erased, is suppressed with their domain or has another address now stays away."""
    path = folder / "old.csv"
    gone = ("di@readers.test", "someone@y.test", "old@readers.test")
    path.write_text("\n".join(("email", *gone, "new@readers.test", "pat@readers.test")))
    report = run(engine, inspect(path, state="pending"), "river", signer=SIGNER, now=LATER)
    assert report.counts == {"suppressed": 3, "unchanged": 2}


def test_what_happens_meanwhile_is_in_it_whole_or_not_at_all(
    engine: Engine, other: Engine, tmp_path: Path
) -> None:
    """Somebody joins while the archive is half written: no subscription without a subscriber."""
    furnish(engine)
    before = contents(engine)

    def join(table: str, _rows: int) -> None:
        if table == "subscribers":
            with transaction(engine) as session:
                river = newsletters.get(session, "river")
                subscribers.add(session, river, "late@x.test", signer=SIGNER, now=LATER)

    archive(engine, tmp_path / "all.zip", now=LATER, progress=join)
    restore(other, tmp_path / "all.zip")

    same = ("subscribers", "subscriptions", "consent_changes", "deliveries")
    assert {name: contents(other)[name] for name in same} == {name: before[name] for name in same}
    assert len(contents(engine)["subscriptions"]) == len(before["subscriptions"]) + 1


def test_numbers_go_on_where_they_were(engine: Engine, other: Engine, tmp_path: Path) -> None:
    """Also those of people erased before: their links must open nobody else's page."""
    furnish(engine)
    with transaction(engine) as session:
        river = newsletters.get(session, "river")
        last = subscribers.add(session, river, "last@x.test", signer=SIGNER, now=NOON).subscriber.id
        erase(session, "last@x.test", SIGNER, source="t", now=NOON)
    archive(engine, tmp_path / "all.zip", now=LATER)
    restore(other, tmp_path / "all.zip")
    with transaction(other) as session:
        river = newsletters.get(session, "river")
        added = subscribers.add(session, river, "new@x.test", signer=SIGNER, now=NOON)
        assert added.subscriber.id > last
        newsletters.add(session, "third", "Third", "third@x.test", now=NOON)


def test_without_secrets_there_are_none(
    sqlite_engine: Engine, other: Engine, tmp_path: Path
) -> None:
    furnish(sqlite_engine)
    path = tmp_path / "all.zip"
    archive(sqlite_engine, path, now=LATER)
    with zipfile.ZipFile(path) as zipped:
        whole = b"".join(map(zipped.read, zipped.namelist()))
    assert b"a hash" not in whole
    assert "secret.key" not in zipped.namelist()
    restore(other, path)
    with reading(other) as session:
        owner = session.scalars(select(User)).one()
        assert (owner.password_hash, owner.totp_secret) == (None, None)


def test_every_table_goes_along_or_is_left_out_for_a_reason() -> None:
    known = {table.name for table in Base.metadata.sorted_tables}
    archived = {table.name for table in tables(with_secrets=False)}
    assert archived | set(LEFT_OUT) | set(SECRET_TABLES) == known
    assert archived.isdisjoint([*LEFT_OUT, *SECRET_TABLES])
    assert all([*LEFT_OUT.values(), *SECRET_TABLES.values()])
    must = {"newsletters", "subscribers", "subscriptions", "consent_changes", "suppressions",
            "issues", "issue_links", "deliveries", "batches", "attempts", "clicks", "unsubscribes",
            "erasures", "facts", "users"}  # fmt: skip
    assert must <= archived


def changed(path: Path, member: str, change: Any) -> Path:
    """The archive with one member written anew."""
    made = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == member else data)
    return made


DAMAGES = {
    "a row is missing": ("tables/subscribers.jsonl", lambda data: data.split(b"\n", 1)[1]),
    "a value is another": (
        "tables/deliveries.jsonl",
        lambda data: data.replace(b"taken", b"shaken"),
    ),
    "a row is half": ("tables/clicks.jsonl", lambda data: data[:-20]),
    "the manifest is text": (MANIFEST, lambda _data: b"text"),
    "a table is unknown": (MANIFEST, lambda data: data.replace(b'"clicks"', b'"alembic_version"')),
    "an order is mixed up": (MANIFEST, lambda data: data.replace(b'"rows": 3', b'"rows": 4')),
}


def test_a_damaged_archive_restores_nothing(
    sqlite_engine: Engine, other: Engine, tmp_path: Path
) -> None:
    furnish(sqlite_engine)
    archive(sqlite_engine, tmp_path / "all.zip", now=LATER, secret_key=b"a key that is long enough")

    for damage, how in DAMAGES.items():
        damaged = changed(tmp_path / "all.zip", *how)
        with pytest.raises(MailerError) as caught:
            restore(other, damaged)
        assert str(caught.value).isprintable(), damage
        upgrade(other)
        assert not any(contents(other).values()), damage
    restore(other, tmp_path / "all.zip")
    assert contents(other) == contents(sqlite_engine)


def test_a_database_with_rows_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    furnish(engine)
    archive(engine, tmp_path / "all.zip", now=LATER)
    before = contents(engine)
    with pytest.raises(Conflict, match="The database is not empty: there are rows in"):
        restore(engine, tmp_path / "all.zip")
    with pytest.raises(Conflict, match="exists already"):
        archive(engine, tmp_path / "all.zip", now=LATER)
    assert contents(engine) == before


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and no more", b"text"])
def test_what_is_no_archive_says_so(other: Engine, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "no.zip").write_bytes(data)
    with pytest.raises(InvalidFile, match=r"no\.zip is no archive of mailer"):
        restore(other, tmp_path / "no.zip")


def test_an_archive_of_an_older_version_is_brought_up_to_date(
    other: Engine, tmp_path: Path
) -> None:
    """Restored into the tables of its time, then upgraded like a database of its time."""
    old = open_engine(f"sqlite:///{tmp_path}/old.db")
    upgrade(old, to="0001")
    row = [7, "a@x.test", "a@x.test", "Ann", None, None, "{}", "2026-01-01T00:00:00.000000Z"]
    line = (json.dumps(row) + "\n").encode()
    columns = [
        "id",
        "address",
        "address_key",
        "name",
        "language",
        "time_zone",
        "fields",
        "created_at",
    ]
    manifest = {
        "format": 1, "revision": "0001", "made_at": "2026-01-01", "engine": "sqlite",
        "with_secrets": False,
        "tables": [{
            "name": "subscribers", "columns": columns, "rows": 1, "last_id": 9,
            "kinds": ["plain"] * 6 + ["json", "time"], "sha256": hashlib.sha256(line).hexdigest(),
        }],
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as zipped:
        zipped.writestr("tables/subscribers.jsonl", line)
        zipped.writestr(MANIFEST, json.dumps(manifest))
    old.dispose()
    if other.dialect.name == "postgresql":  # it has today's tables already
        with pytest.raises(Conflict, match="older version"):
            restore(other, tmp_path / "old.zip")
        return
    assert restore(other, tmp_path / "old.zip").revision == "0001"
    with transaction(other) as session:
        assert session.scalars(select(Subscriber.name)).all() == ["Ann"]
        added = subscribers.add(
            session, add_newsletter(session), "b@x.test", signer=SIGNER, now=NOON
        )
        assert added.subscriber.id > 7
    assert upgrade(other) == []


def test_an_archive_of_a_newer_version_says_so(other: Engine, tmp_path: Path) -> None:
    manifest = Manifest(1, "9999", "", "sqlite", with_secrets=False, tables=())
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as zipped:
        zipped.writestr(MANIFEST, manifest.as_json())
    with pytest.raises(Conflict, match="made by a newer version"):
        restore(other, tmp_path / "new.zip")
    assert revisions()


@pytest.mark.slow
def test_moving_house_by_command(sqlite_url: str, databases: Databases, tmp_path: Path) -> None:
    """From SQLite to PostgreSQL, with the key: links in old mails go on working."""
    here = an_installation(tmp_path, sqlite_url)
    here.run("newsletter", "add", "river", "--name", "River", "--from", "r@x.test")
    here.run("subscriber", "add", "ann@x.test", "-n", "river")
    key = Path(sqlite_url.removeprefix("sqlite:///")).with_suffix(".key").read_text()
    made = here.json("archive", "all.zip", "--with-secrets")
    assert (made["rows"]["subscribers"], made["with_secrets"]) == (1, True)
    with databases.new_postgresql() as url:
        (tmp_path / "new").mkdir()
        there = an_installation(tmp_path / "new", url)
        assert there.json("restore", tmp_path / "all.zip")["rows"] == made["rows"]
        assert (tmp_path / "new" / "mailer.key").read_text() == key
        assert (
            there.json("subscriber", "show", "ann@x.test")["subscriber"]["address"] == "ann@x.test"
        )
        assert "not empty" in there.run("restore", tmp_path / "all.zip", status=4).stderr


def test_another_key_that_is_there_is_not_overwritten(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    furnish(sqlite_engine)
    archive(sqlite_engine, tmp_path / "all.zip", now=LATER, secret_key=b"a key that is long enough")
    other = open_engine(f"sqlite:///{tmp_path}/new.db")
    (tmp_path / "new.key").write_text("another key, as long as that\n")
    with pytest.raises(Conflict, match=r"holds another secret key than the archive's"):
        restore(other, tmp_path / "all.zip")
    assert not any(contents(other).values())
    restore(other, tmp_path / "all.zip", new_key=True)
    assert load_secret_key(other, None) == b"another key, as long as that"
    other.dispose()
