"""No mail makes reading fail, nor take longer than its size allows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.bouncing.reading import read
from mailer.reports import Kind
from tests.support.returned import complaint, dsn, leaving, mail, vacation, verp
from tests.support.sending import SIGNER

REAL = (dsn(), dsn(to=verp()), complaint("To: a@b.test\n"), vacation(), leaving(verp()))
PIECES = (
    b"\n", b"\r\n", b"\n\n", b"--=_report\n", b"Final-Recipient: rfc822; ", b"Action: failed\n",
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"=?utf-8?b?", b"\0", b"\xff", b"@", b"<",
    b"Content-Transfer-Encoding: base64\n", b"charset=nonsense", b"550 5.1.1 user unknown", b"{",
)  # fmt: skip


@given(st.binary(max_size=2000))
def test_any_bytes_are_read(source: bytes) -> None:
    assert read(source, SIGNER).findings


@settings(max_examples=300)
@given(st.sampled_from(REAL), st.randoms(use_true_random=False))
def test_broken_reports_are_read(source: bytes, chance: random.Random) -> None:
    broken = bytearray(source)
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(broken) + 1)
        broken[at : at + chance.randrange(60)] = chance.choice(PIECES)

    report = read(bytes(broken), SIGNER)

    assert report.findings
    assert len(report.identity) == 64
    for finding in report.findings:
        assert len(finding.address) <= 320
        assert len(finding.words) <= 500


@pytest.mark.parametrize(
    "piece", [*PIECES, b"a@b.test\n", b"user unknown ", b"A" * 32 + b" ", b" "]
)
def test_a_megabyte_of_anything_comes_to_an_end(piece: bytes) -> None:
    """Nothing looks at the same text again and again: that would take hours here."""
    much = (piece * (2**20 // len(piece))).decode("latin-1")
    for source in (
        mail(much),
        dsn(letter=much),
        dsn(f"Diagnostic-Code: {much}"),
        mail("", To=much),
    ):
        assert read(source, SIGNER).findings


def test_parts_within_parts_without_end_come_to_an_end() -> None:
    inside = "--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 5000

    report = read(mail(inside, Content_Type="multipart/mixed; boundary=x"), SIGNER)

    assert report.findings[0].kind in (Kind.OTHER, Kind.TRANSIENT)
