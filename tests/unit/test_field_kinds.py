"""A value becomes one of its field's kind, or is refused with the reason."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InvalidInput
from mailer.field_kinds import FieldKind, FieldType

OPTIONS = ("Small", "Very large")


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (FieldKind.TEXT, "  North ", "North"),
        (FieldKind.TEXT, True, "yes"),
        (FieldKind.TEXT, 5, "5"),
        (FieldKind.NUMBER, "18", 18),
        (FieldKind.NUMBER, "-1.50", -1.5),
        (FieldKind.NUMBER, "1,5", 1.5),
        (FieldKind.NUMBER, "0,125", 0.125),
        (FieldKind.NUMBER, "1,234,567.5", 1234567.5),
        (FieldKind.NUMBER, "1.234.567,5", 1234567.5),
        (FieldKind.NUMBER, "1 234 567", 1234567),
        (FieldKind.NUMBER, 2.0, 2),
        (FieldKind.DATE, "2026-1-9", "2026-01-09"),
        (FieldKind.DATE, "2026-01-09T10:00:00Z", "2026-01-09"),
        (FieldKind.DATE, "9.1.2026", "2026-01-09"),
        (FieldKind.DATE, date(2026, 1, 9), "2026-01-09"),
        (FieldKind.YES_NO, "JA", True),
        (FieldKind.YES_NO, "0", False),
        (FieldKind.CHOICE, "very  LARGE", "Very large"),
    ],
)
def test_what_fits_is_kept_in_one_form(kind: FieldKind, value: object, kept: object) -> None:
    made = FieldType(kind, OPTIONS).keep(value)
    assert (made, type(made)) == (kept, type(kept))


@pytest.mark.parametrize("kind", FieldKind)
@pytest.mark.parametrize("value", [None, "", "  \t"])
def test_nothing_stays_nothing(kind: FieldKind, value: object) -> None:
    assert FieldType(kind, OPTIONS).keep(value) is None


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (FieldKind.TEXT, "x" * 10_001, "is longer than 10,000 characters"),
        (FieldKind.NUMBER, "ten", "is no number"),
        (FieldKind.NUMBER, True, "is no number"),
        (FieldKind.NUMBER, "1,234", "may be thousands or a fraction"),
        (FieldKind.NUMBER, "1.234,567,8", "is no number"),
        (FieldKind.NUMBER, 1e300, "cannot be kept|can be kept"),
        (FieldKind.NUMBER, float("nan"), "can be kept"),
        (FieldKind.DATE, "2026-02-30", "does not exist"),
        (FieldKind.DATE, "1/2/2026", "write 2026-01-31"),
        (FieldKind.YES_NO, "perhaps", "neither yes nor no"),
        (FieldKind.CHOICE, "huge", "is none of Small, Very large"),
    ],
)
def test_what_does_not_fit_is_refused(kind: FieldKind, value: object, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        FieldType(kind, OPTIONS).keep(value)


@given(
    st.sampled_from(FieldKind), st.text(max_size=20) | st.floats() | st.integers() | st.booleans()
)
def test_what_was_kept_is_kept_again_as_it_is(kind: FieldKind, value: object) -> None:
    fields = FieldType(kind, OPTIONS)
    try:
        kept = fields.keep(value)
    except InvalidInput:
        return
    assert fields.keep(kept) == kept
