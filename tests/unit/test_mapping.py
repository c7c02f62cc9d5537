"""Columns: told by header in many languages, by content, by a person; words of consent read whole."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.importing.cells import parse_data, parse_moment, parse_tags, unwrap
from mailer.audience.importing.columns import moments_of
from mailer.audience.importing.headers import meaning_of
from mailer.audience.importing.mapping import header_row, map_columns
from mailer.audience.importing.meanings import Meaning, field_name
from mailer.audience.importing.statuses import Standing, is_yes, standing_of, standing_of_file
from mailer.errors import InvalidInput
from mailer.placeholders import find


def _targets(header: str, *rows: str, **overrides: str) -> list[str]:
    names = header.split(",")
    mapped = map_columns(names, [row.split(",") for row in rows], overrides)
    return [column.target for column in mapped.columns]


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("E-Mail", "address"),
        ("Email Address", "address"),
        ("E-Mail-Adresse", "address"),
        ("Adresse e-mail", "address"),
        ("Correo electrónico", "address"),
        ("メールアドレス", "address"),
        ("Электронная почта", "address"),
        ("البريد الإلكتروني", "address"),
        ("Vorname", "first_name"),
        ("Prénom", "first_name"),
        ("Имя", "first_name"),
        ("NACHNAME", "last_name"),
        ("Apellidos", "last_name"),
        ("full_name", "name"),
        ("Unsubscribed At", "unsubscribed"),
        ("email_disabled", "unsubscribed"),
        ("Time zone", "time_zone"),
        ("Sprache", "language"),
        ("Labels", "tags"),
        ("Password", "ignore"),
    ],
)
def test_headers_are_known_in_many_programs_and_languages(header: str, target: str) -> None:
    assert meaning_of(header) == target


def test_a_column_of_addresses_is_found_whatever_its_header() -> None:
    assert _targets("Wer,Wo", "ann@x.test,Graz", "bo@y.test,Linz") == ["address", "field:wo"]
    assert _targets("Note,Kontakt", "ask bo@y.test,ann@x.test") == ["field:note", "address"]


def test_the_column_with_addresses_wins_over_one_that_is_only_called_so() -> None:
    assert _targets("email,Contact", "yes,ann@x.test", "no,bo@y.test")[1] == "address"
    assert _targets("email,Second email", "ann@x.test,", "bo@y.test,bo@z.test") == [
        "address",
        "field:second_email",
    ]


def test_an_address_column_may_be_empty_or_full_of_rubbish() -> None:
    assert _targets("name,email")[1] == "address"
    assert _targets("name,email", "Ann,nowhere")[1] == "address"


def test_a_persons_word_goes_before_any_guess() -> None:
    assert _targets("email,Ort,3", "ann@x.test,Graz,x", **{"Ort": "field:city", "3": "ignore"}) == [
        "address",
        "field:city",
        "ignore",
    ]
    assert _targets("a,b", "ann@x.test,bo@x.test", b="address") == ["field:a", "address"]


@pytest.mark.parametrize(
    "overrides", [{"nope": "address"}, {"9": "address"}, {"email": "surname!"}]
)
def test_an_override_that_fits_nothing_is_refused_with_what_fits(overrides: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=r"columns are email, name|write one of address"):
        _targets("email,name", "ann@x.test,Ann", **overrides)


def test_columns_of_one_name_stay_apart() -> None:
    assert _targets("email,city,city,name,name") == [
        "address",
        "field:city",
        "field:city_2",
        "name",
        "field:name_2",
    ]


def test_a_header_that_stands_twice_is_told_where_one_of_them_is_read() -> None:
    header = ["email", "city", "city", "status", "status"]
    mapped = map_columns(header, [["ann@x.test", "a", "b", "active", "left"]], {})
    (told,) = mapped.problems
    assert "'city' stands 2 times" in told


def test_a_newsletter_column_with_other_words_than_yes_is_a_field() -> None:
    assert _targets("email,Newsletter", "ann@x.test,River Watch") == ["address", "field:newsletter"]
    assert _targets("email,Newsletter", "ann@x.test,ja") == ["address", "subscribed"]


@pytest.mark.parametrize(
    "name", ["Address", "Name", "token", "1st choice", "Größe", "ZIP Code", "??"]
)
def test_a_fields_name_can_stand_in_a_placeholder_and_hides_no_built_in(name: str) -> None:
    field = field_name(name)
    assert [one.field for one in find(f"[[{field}]]")] == [field]
    assert field not in ("address", "name", "token")


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        ([["email", "name"], ["ann@x.test", "Ann"]], 0),
        ([["Readers 2026", ""], ["email", "name"], ["ann@x.test", "Ann"]], 1),
        ([["Readers", "", ""], ["Kontakt", "Ort", "Land"], ["ann@x.test", "Graz", "AT"]], 1),
        ([["ann@x.test", "Ann"], ["bo@x.test", "Bo"]], None),
        ([["a", "b"], ["1", "2"]], 0),
        ([], None),
    ],
)
def test_the_header_row_is_told_from_titles_and_readers(
    rows: list[list[str]], index: int | None
) -> None:
    assert header_row(rows) == index


@pytest.mark.parametrize(
    ("word", "standing"),
    [
        ("Subscribed", Standing.CONFIRMED),
        ("ACTIVE", Standing.CONFIRMED),
        ("inactive", Standing.UNSUBSCRIBED),
        ("unsubscribed", Standing.UNSUBSCRIBED),
        ("Not Subscribed", Standing.UNSUBSCRIBED),
        ("unconfirmed", Standing.PENDING),
        ("not_confirmed", Standing.PENDING),
        ("unverified", Standing.PENDING),
        ("Cleaned", Standing.SUPPRESSED),
        ("hard  bounced", Standing.SUPPRESSED),
        ("unreachable", Standing.SUPPRESSED),
        ("blocklisted", Standing.SUPPRESSED),
        ("abgemeldet", Standing.UNSUBSCRIBED),
        ("désabonné", Standing.UNSUBSCRIBED),
        ("1", Standing.CONFIRMED),
        ("0", Standing.UNSUBSCRIBED),
        ("NULL", None),
        ("subscribed until Friday", None),
        ("interactive", None),
        ("gold", None),
        ("", None),
    ],
)
def test_words_of_consent_are_read_whole_and_never_in_part(
    word: str, standing: Standing | None
) -> None:
    assert standing_of(word) is standing


@given(st.text())
def test_no_word_that_is_not_known_makes_anybody_a_reader(word: str) -> None:
    assert standing_of(f"{word} qx") is None


def test_a_files_name_can_only_make_a_standing_worse() -> None:
    assert standing_of_file("unsubscribed_members_export_1.csv") is Standing.UNSUBSCRIBED
    assert standing_of_file("cleaned.csv") is Standing.SUPPRESSED
    assert standing_of_file("subscribed_members.csv") is None


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("Yes", True),
        ("ja", True),
        ("2023-01-02 10:00:00", True),
        ("no", False),
        ("0", False),
        ("WAHR", True),
        ("Faux", False),
        ("✓", True),
        ("❌", False),
        ("1970-01-01 00:00:00", False),
        ("0001-01-01T00:00:00", False),
        ("00.01.1900", False),
        ("1970-02-01 00:00:00", True),
        ("?", None),
    ],
)
def test_yes_no_and_times_are_told_apart(cell: str, says: bool | None) -> None:
    assert is_yes(cell) is says


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ('"VIP","Blog, old"', ["VIP", "Blog, old"]),
        ('"VIP"', ["VIP"]),
        ("a; b;c", ["a", "b", "c"]),
        ("a | b", ["a", "b"]),
        ("a, b", ["a", "b"]),
        ('["a", "b,c"]', ["a", "b,c"]),
        ("[broken", ["[broken"]),
        ("Choir ::: * myContacts", ["Choir"]),
        ("* myContacts", []),
    ],
)
def test_tags_are_read_as_the_programs_write_them(cell: str, tags: list[str]) -> None:
    assert parse_tags(cell) == tags


@pytest.mark.parametrize(
    ("cell", "fields"),
    [
        (
            '{"clientId": "X", "age": 29, "tags": ["a"]}',
            {"client_id": "X", "age": 29, "tags": ["a"]},
        ),
        ("{'plan': 'it\\'s', 'n': None}", {"plan": "it's"}),
        (
            '{"a": "x\\u0000y", "b": "\\ud83d\\ude00", "c": "\\ud83d"}',
            {"a": "xy", "b": "😀", "c": "?"},
        ),
        ('{"a": NaN}', {}),
    ],
)
def test_objects_of_fields_are_read_and_made_fit_for_every_database(
    cell: str, fields: dict[str, object]
) -> None:
    assert parse_data(cell) == (fields, "")


@pytest.mark.parametrize(
    "cell", ["{broken", "[1]", "__import__('os')", "{" * 5000, "{'a': {1, 2}}"]
)
def test_what_is_no_object_is_left_out_with_a_note(cell: str) -> None:
    fields, note = parse_data(cell)
    assert fields == {}
    assert "left out" in note


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2018-02-05 19:28:23", "2018-02-05 19:28:23.000000"),
        ("2018-08-27T15:06:27.713Z", "2018-08-27 15:06:27.713000"),
        ("2021-02-04 07:55:20 +0200", "2021-02-04 05:55:20.000000"),
        ("2023-03-24 10:23:10 UTC", "2023-03-24 10:23:10.000000"),
        ("2018-08-27T15:06:27", "2018-08-27 15:06:27.000000"),
        ("2021-03-04 10:20+01", "2021-03-04 09:20:00.000000"),
        ("2021-03-04 102030.5", "2021-03-04 10:20:30.500000"),
        ("2023-03-24", "2023-03-24 00:00:00.000000"),
        ("1700000000", "2023-11-14 22:13:20.000000"),
        ("01.02.2023 10:11:12", "2023-02-01 10:11:12.000000"),
        ("1.2.2024, 10:11", "2024-02-01 10:11:00.000000"),
        ("2023/01/02", "2023-01-02 00:00:00.000000"),
        ("45000", "2023-03-15 00:00:00.000000"),
        ("45292.5", "2024-01-01 12:00:00.000000"),
        ("31.13.2024", None),
        ("01/02/2014", None),
        ("2023-13-24 10:23:10", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_times_are_read_where_they_leave_no_doubt(cell: str, moment: str | None) -> None:
    assert parse_moment(cell) == moment
    assert moments_of([[cell]], 1, UTC) == [moment], "as columns are read"


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2023-03-24", "2023-03-24 04:00:00.000000"),
        ("24.03.2023", "2023-03-24 04:00:00.000000"),
        ("45009", "2023-03-24 04:00:00.000000"),
        ("2023-03-24 00:00:00", "2023-03-24 04:00:00.000000"),
        ("2023-03-24 00:00:00 UTC", "2023-03-24 00:00:00.000000"),
        ("2023-03-24T00:00:00+02:00", "2023-03-23 22:00:00.000000"),
        ("2023-03-24 00:00:01", "2023-03-24 00:00:01.000000"),
    ],
)
def test_a_day_alone_is_the_day_of_whoever_imports(cell: str, moment: str) -> None:
    new_york = ZoneInfo("America/New_York")
    assert parse_moment(cell, new_york) == moment
    assert moments_of([[cell]], 1, new_york) == [moment], "as columns are read"


@pytest.mark.parametrize(
    "cell",
    ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.123+01:00", "2024-01-01 00:00", "1.2.2024"],
)
def test_a_time_says_that_it_happened(cell: str) -> None:
    """In a column of when people left, it says that they did."""
    assert is_yes(cell) is True


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("email_subscription_status", Meaning.STATUS),
        ("Newsletter Status", Meaning.STATUS),
        ("Marketing e-mail state", Meaning.STATUS),
        ("marital_status", None),
        ("state", Meaning.STATUS),
        ("tag_list", Meaning.TAGS),
    ],
)
def test_a_status_is_one_of_consent_where_it_says_so(header: str, meaning: Meaning | None) -> None:
    """Else whoever left there would be taken for a reader here."""
    assert meaning_of(header) is meaning


@pytest.mark.parametrize(
    ("cells", "meaning"),
    [(["NY", "CA"], Meaning.FIELD), (["active", "NY"], Meaning.STATUS), ([], Meaning.STATUS)],
)
def test_a_state_of_a_country_is_none_of_consent(cells: list[str], meaning: Meaning) -> None:
    mapped = map_columns(["email", "State"], [["a@x.test", cell] for cell in cells], {})
    assert mapped.columns[1].meaning is meaning


@pytest.mark.parametrize(
    ("cell", "name", "address"),
    [
        ("Ann Lee <ann@x.test>", "Ann Lee", "ann@x.test"),
        ("MAILTO:ann@x.test", "", "ann@x.test"),
        ("mailto:ann@x.test?subject=Hello", "", "ann@x.test"),
        ("[ann@x.test](mailto:ann@x.test)", "", "ann@x.test"),
        ("ann＠x．test", "", "ann@x.test"),
        ("ann@x.test.", "", "ann@x.test"),
        ("\u200bann@x.test,", "", "ann@x.test"),
    ],
)
def test_what_stands_around_an_address_is_taken_off(cell: str, name: str, address: str) -> None:
    assert unwrap(cell) == (name, address)


@pytest.mark.parametrize("cell", ["\\N", "(null)", "NaN", "NaT", "#N/A"])
def test_what_databases_write_for_nothing_says_no(cell: str) -> None:
    assert is_yes(cell) is False
    assert standing_of(cell) is None


def test_codes_of_people_are_asked_about_and_noughts_that_say_nothing_are_not() -> None:
    assert _targets("email,user_status", "ann@x.test,1", "bo@x.test,4")[1] == "status"
    assert _targets("email,user_status", "ann@x.test,0", "bo@x.test,0")[1] == "field:user_status"
    assert _targets("email,order_status", "ann@x.test,1", "bo@x.test,4")[1] == "field:order_status"
