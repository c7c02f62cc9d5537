"""`mailer dkim` makes keys and shows what to publish."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailer.cli import app
from mailer.dkim_keys import read_key, write_key
from mailer.errors import ConfigurationError
from mailer.signing import new_key


def test_make_writes_a_key_for_its_owner_only_and_prints_what_to_publish(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"

    result = CliRunner().invoke(
        app, ["dkim", "make", "--domain", "river.test", "--selector", "s1", "--out", str(path)]
    )

    assert result.exit_code == 0, result.output
    assert path.stat().st_mode & 0o777 == 0o600
    key = read_key("river.test", "s1", path)
    assert f"Name   s1._domainkey.river.test\nType   TXT\nValue  {key.record}\n" in result.output
    assert f"MAILER_DKIM_KEY_FILE={path}" in result.output
    assert max(map(len, result.output.split('"')[1::2])) <= 255
    assert "".join(result.output.split('"')[1::2]).replace(" ", "") == key.record.replace(" ", "")
    assert "PRIVATE" not in result.output


def test_make_leaves_no_file_behind_when_a_name_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"

    result = CliRunner().invoke(
        app, ["dkim", "make", "--domain", "river", "--selector", "s1", "--out", str(path)]
    )

    assert isinstance(result.exception, ConfigurationError)
    assert not path.exists()


def test_show_prints_the_records_of_the_keys_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.pem"
    write_key(path, new_key("rsa"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILER_DKIM_DOMAIN", "river.test")
    monkeypatch.setenv("MAILER_DKIM_SELECTOR", "s1")
    monkeypatch.setenv("MAILER_DKIM_KEY_FILE", str(path))

    result = CliRunner().invoke(app, ["dkim", "show", "--json"])

    key = read_key("river.test", "s1", path)
    assert json.loads(result.output) == {
        "records": [
            {"name": key.record_name, "type": "TXT", "value": key.record, "key": "rsa"},
        ]
    }
