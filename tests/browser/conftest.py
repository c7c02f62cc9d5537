"""One Chromium and one office to write in for these tests, patient with a machine that is busy with others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests.support.chromium import Office, Opener, chromium, writing_office
from tests.support.databases import Databases

# Five seconds are not enough on a machine that is busy with other tests.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def window(browser: Browser) -> Iterator[Opener]:
    """Opens a window as it is asked for; all are closed with the test, however that ends."""
    with ExitStack() as opened:
        yield lambda **options: opened.enter_context(browser.new_context(**options)).new_page()


@pytest.fixture(scope="package")
def at(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Office]:
    url = databases.new_sqlite(tmp_path_factory.mktemp("office"))
    with writing_office(url, browser) as opened:
        yield opened


@pytest.fixture
def nothing_is_complained_of(at: Office) -> Iterator[None]:
    """No error in the console, no violation of the policy."""
    at.complaints.clear()
    yield
    assert at.complaints == []
