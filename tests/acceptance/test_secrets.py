"""Secrets come from the environment or from files, and never show, whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.errors import ConfigurationError
from mailer.secret_files import secret_settings
from mailer.settings import Settings, load_settings
from tests.support.accounting import wait_until
from tests.support.command import an_installation, free_port, until_answers

PASSWORD = "pw-9c1f-the-relays"
SECRETS = {
    "smtp_url": f"smtp://mailer:{PASSWORD}@127.0.0.1:1",
    "secret_key": "key-77ab-0123456789abcdef",
    "metrics_token": "token-5d2e-of-the-metrics",
    "bounce_mailbox": "imaps://mailer:pw-31aa-the-mailbox@127.0.0.1:1/INBOX",
}
# What nobody may find anywhere.
WORDS = [PASSWORD, "key-77ab", "token-5d2e", "pw-31aa", "pw-44cd"]
TABLE = "---\nsubject: The bridge stays\n---\n# Hello\n\n[Read](https://example.org/x)\n"


def in_files(folder: Path, secrets: dict[str, str]) -> dict[str, object]:
    """Each secret in a file of its own; the settings that name them."""
    settings: dict[str, object] = {}
    for name, secret in secrets.items():
        file = folder / f"{name}.secret"
        file.write_text(f"{secret}\n")
        settings[f"{name}_file"] = file
    return settings


def shown(text: str) -> list[str]:
    return [word for word in WORDS if word in text]


def test_every_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = SECRETS | {"database_url": "sqlite:///from-a-file.db"}
    assert set(secrets) <= set(secret_settings(Settings))
    for name, file in in_files(tmp_path, secrets).items():
        monkeypatch.setenv(f"MAILER_{name.upper()}", str(file))

    settings = load_settings()

    for name, secret in secrets.items():
        value = getattr(settings, name)
        assert (value if isinstance(value, str) else value.get_secret_value()) == secret
    assert shown(repr(settings)) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read: No such file"), ("  \n", "is empty"), (b"\xff\xfe", "it is no text")],
)
def test_a_file_that_holds_no_secret_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | bytes | None, words: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv("MAILER_SECRET_KEY_FILE", str(file))

    with pytest.raises(ConfigurationError, match="MAILER_SECRET_KEY_FILE names") as caught:
        load_settings()

    assert words in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_secret_is_given_in_one_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRETS["secret_key"])
    monkeypatch.setenv("MAILER_SECRET_KEY_FILE", str(file))
    monkeypatch.setenv("MAILER_SECRET_KEY", SECRETS["secret_key"])

    with pytest.raises(ConfigurationError, match="are both set; keep one") as caught:
        load_settings()

    assert shown(str(caught.value)) == []


def test_nothing_that_runs_ever_shows_a_secret(sqlite_url: str, tmp_path: Path) -> None:
    """Sending, its workers and the web, with a relay that is away."""
    base = f"http://127.0.0.1:{free_port()}"
    here = an_installation(
        tmp_path, sqlite_url, **in_files(tmp_path, SECRETS), base_url=base, undo_seconds=0
    )
    (tmp_path / "issue.md").write_text(TABLE)
    said = []
    for words in (
        ("newsletter", "add", "river", "--name", "River", "--from", "news@river.test"),
        ("subscriber", "add", "ann@readers.test", "--newsletter", "river"),
        ("issue", "import", "issue.md", "--newsletter", "river"),
        ("issue", "send", "1", "--no-wait"),
    ):
        done = here.run(*words)
        said.append(done.stdout + done.stderr)
    away = here.run("issue", "send", "1", status=6)
    said.append(away.stdout + away.stderr)
    log = tmp_path / "log.txt"
    with log.open("wb") as file, here.running("-m", "mailer", "schedule", output=file):
        wait_until(lambda: "does not take mail" in log.read_text())
        with here.running("-m", "mailer", "web", "--port", base.rpartition(":")[2], output=file):
            until_answers(f"{base}/metrics")
    said.append(log.read_text())

    assert shown("\n".join(said)) == []
    assert [
        path.name for path in tmp_path.glob("*.db*") if shown(path.read_bytes().decode("latin-1"))
    ] == []


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("database_url", "postgresql://mailer:pw-44cd@127.0.0.1:1/mailer", 6),
        ("database_url", "mysql://mailer:pw-44cd@db.test/mailer", 5),
        ("database_url", "postgresql://mailer:pw-44cd@db.test:port/mailer", 5),
        ("smtp_url", "smtp://mailer:pw-44cd@relay.test:port", 5),
        ("smtp_url", "http://mailer:pw-44cd@relay.test", 5),
        ("smtp_url", "smtp://mailer:pw-44cd@relay.test?starttls=maybe", 5),
        ("secret_key", "pw-44cd", 5),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_without_its_secret(
    sqlite_url: str, tmp_path: Path, name: str, value: str, status: int
) -> None:
    settings = {"database_url": sqlite_url} | {name: value}
    here = an_installation(tmp_path, **settings)

    done = here.run("issue", "list", status=status)

    assert shown(done.stdout + done.stderr) == []
