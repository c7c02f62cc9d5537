"""How long tests in a browser wait for what they expect."""

from __future__ import annotations

from playwright.sync_api import expect

# Five seconds are not enough on a machine that is busy with other tests.
expect.set_options(timeout=30_000)
