"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from mailer.database.engine import open_engine
from tests.support.databases import Databases
from tests.support.postgresql import Server, folder_of_this_run, own_server

# How quick an example is depends on what else the machine does; and what a test tries depends on
# nothing but the test. Others are looked for by `pytest --hypothesis-profile searching`.
settings.register_profile(
    "searching",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("steady", settings.get_profile("searching"), derandomize=True)
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # else one that shares the tests of another
        stack = ExitStack()
        stack.enter_context(folder_of_this_run())
        config.add_cleanup(stack.close)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is ever written into the folder one works in: a key made there would be shared."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL of the test's own, which it may kill."""
    with own_server() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path
) -> Iterator[str]:
    """A fresh database on each engine in turn."""
    if request.param == "sqlite":
        yield databases.new_sqlite(tmp_path)
    else:
        with databases.new_postgresql() as url:
            yield url


@pytest.fixture
def sqlite_url(databases: Databases, tmp_path: Path) -> str:
    """A fresh SQLite database, for promises that do not depend on the engine."""
    return databases.new_sqlite(tmp_path)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    made = open_engine(sqlite_url)
    yield made
    made.dispose()


@pytest.fixture
def postgresql_engine(databases: Databases) -> Iterator[Engine]:
    """A fresh database on PostgreSQL, for promises about it alone."""
    with databases.new_postgresql() as url:
        made = open_engine(url)
        yield made
        made.dispose()
