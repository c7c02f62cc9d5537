"""A worker killed at any moment loses nobody, and doubles only whom the ledger calls uncertain."""

from __future__ import annotations

import logging
import random
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.accounting import (
    account,
    in_doubt,
    issue_under_way,
    wait_for_bodies,
    wait_until_sent,
)
from tests.support.processes import installation
from tests.support.sink import Sink, running

log = logging.getLogger(__name__)


@pytest.mark.parametrize(
    ("seed", "kills", "readers"),
    [
        (1, 5, 1500),
        pytest.param(2, 50, 15_000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
    ],
)
def test_kill_9_at_random_moments(
    engine: Engine,
    database_url: str,
    tmp_path: Path,
    seed: int,
    kills: int,
    readers: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311  # no secret
    issue_id, addresses = issue_under_way(engine, readers)
    most_uncertain = 0

    with (
        running(Sink()) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        for moment in sorted(chance.sample(range(readers * 9 // 10), kills)):
            worker = site.worker()
            wait_for_bodies(sink, moment)
            time.sleep(chance.uniform(0, 0.03))
            worker.kill()
            most_uncertain += in_doubt(engine, issue_id)
        site.worker()
        wait_until_sent(engine, issue_id)
        result = account(engine, issue_id, sink, addresses)

    log.info("%s doubled of %s uncertain", len(result.doubled), len(result.uncertain))
    assert result.audit.accepted == readers
    assert len(result.uncertain) <= most_uncertain
