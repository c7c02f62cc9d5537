"""Addresses of offices and throw-away services are told from people's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.address_rules import BUILT_IN, load_rules
from mailer.addresses import parse_address
from mailer.errors import ConfigurationError


@pytest.mark.parametrize(
    ("address", "flag"),
    [
        ("INFO@x.test", "office"),
        ("postmaster+a@x.test", "office"),
        ("infanta@x.test", ""),
        ("ann@mailinator.com", "throw-away"),
        ("info@mailinator.com", "throw-away"),
        ("ann@example.com", ""),
    ],
)
def test_offices_and_vanishing_addresses_are_flagged(address: str, flag: str) -> None:
    found = BUILT_IN.flag(parse_address(address).key)
    assert flag in found
    assert bool(found) is bool(flag)


def test_a_file_adds_rules_and_takes_none_away(tmp_path: Path) -> None:
    path = tmp_path / "rules.txt"
    path.write_text("# ours\nKasse@\n@Vergänglich.test  # since May\n\ngone.test\n", "utf-8")
    rules = load_rules(path)

    assert rules.is_role(parse_address("kasse@x.test").key)
    assert rules.is_disposable(parse_address("a@vergänglich.test").key)
    assert rules.is_disposable(parse_address("a@gone.test").key)
    assert rules.is_role(parse_address("info@x.test").key)
    assert load_rules(None) is BUILT_IN


@pytest.mark.parametrize("line", ["@", "not a domain", "a@b@c", "http://x.test"])
def test_a_line_that_is_no_rule_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rules.txt"
    path.write_text(f"info@\n{line}\n")
    with pytest.raises(ConfigurationError, match=r"rules.txt line 2"):
        load_rules(path)
