"""Who never confirmed is pending, and what may say that somebody left holds a row until a person
says what it is.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine

from mailer.audience.importing import Report, dry_run, inspect, run
from mailer.database.engine import transaction
from tests.integration.test_import_exports import expected, imported, rows, states_of
from tests.support.factories import NOON, add_newsletter
from tests.support.sending import SIGNER

# What each of ann, bo, cy, … becomes; see test_import_exports.
NEVER_CONFIRMED = {
    "mailjet": (
        "Email,Name,IsExcludedFromCampaigns,IsOptInPending,IsSpamComplaining,CreatedAt\n"
        "ann@,Ann,false,false,false,2024-01-02T03:04:05Z\nbo@,Bo,false,true,false,\n"
        "cy@,Cy,true,false,false,\ndi@,Di,false,false,true,\n",
        "cpus",
    ),
    "a flag of one's own": ("email,pending\nann@,0\nbo@,1\ncy@,yes\ndi@,\n", "cppc"),
    "since when": ("email,Unconfirmed since\nann@,\nbo@,2024-01-02\n", "cp"),
    "de": ("E-Mail;Nicht bestätigt\nann@;nein\nbo@;ja\n", "cp"),
    "fr": ("Courriel;Non confirmé\nann@;non\nbo@;oui\n", "cp"),
    "pt": ("E-mail;Não confirmado\nann@;não\nbo@;sim\n", "cp"),
    "ja": ("メールアドレス,未確認\nann@,いいえ\nbo@,はい\n", "cp"),
    "brevo": ("EMAIL,DOUBLE_OPT-IN,SMS\nann@,1,\nbo@,2,\ncy@,Yes,\ndi@,No,\n", "cpcp"),
    "brevo by its interface": (
        "EMAIL,_SUBSCRIBED,_BLOCKLISTED,ADDED_TIME,MODIFIED_TIME\nann@,email_marketing,,02-01-2024,\n"
        "bo@,email_marketing,email_marketing,02-01-2024,\ncy@,,,02-01-2024,\n"
        "di@,email_marketing,sms_marketing,02-01-2024,\n",
        "cspc",
    ),
    "newsletter of wordpress": (
        '"Email";"Name";"Surname";"Sex";"Status";"Date";"Token";"Profile 1";"List 1";"Follow up"\n'
        '"ann@";"Ann";"";"n";"C";"2020-01-02 10:00:00";"af3";;1;0;\n'
        '"bo@";"";"";"n";"S";"2020-01-02 10:00:00";"af4";;1;0;\n'
        '"cy@";"";"";"n";"U";"2020-01-02 10:00:00";"af5";;1;0;\n'
        '"di@";"";"";"n";"B";"2020-01-02 10:00:00";"af6";;1;0;\n'
        '"ed@";"";"";"n";"P";"2020-01-02 10:00:00";"af7";;1;0;\n',
        "cpuss",
    ),
    "kit": (
        "email_address,first_name,state,created_at,tags\nann@,A,active,2024-01-02,\n"
        "bo@,B,inactive,2024-01-02,\ncy@,C,cancelled,2024-01-02,\ndi@,D,complained,2024-01-02,\n",
        "cpus",
    ),
    "cleverreach, blank": (
        "email;activated;registered\nann@;2024-01-02 10:00:00;2024-01-01\nbo@;;2024-01-01\n",
        "cp",
    ),
    "only times tell": (
        "email,signed_up_at,confirmed_at\nann@,2024-01-01,2024-01-02\nbo@,2024-01-01,\n",
        "cp",
    ),
    "times beside a status": (
        "email,status,confirmed_at\nann@,active,2024-01-02\nbo@,active,\n",
        "cc",
    ),
    "yes and blank": ("email,confirmed\nann@,yes\nbo@,\ncy@,no\n", "ccp"),
    "words": ("email,status\nann@,active\nbo@,double opt-in pending\ncy@,Confirmation sent\n", "cpp"),
}  # fmt: skip

LEFT = {
    "civicrm, de": (
        "Kontakt-ID,E-Mail,E-Mail gesperrt,Keine E-Mails,Kein Massenversand,Ist verstorben\n"
        "1,ann@,Nein,Nein,Nein,Nein\n2,bo@,Nein,Ja,Nein,Nein\n3,cy@,Nein,Nein,Ja,Nein\n"
        "4,di@,Ja,Nein,Nein,Nein\n5,ed@,Nein,Nein,Nein,Ja\n",
        "cuuss",
    ),
    "an association, de": (
        "Name;E-Mail;Eintritt;Austritt;Zahlungsstatus\nAnn;ann@;01.02.2020;;storniert\n"
        "Bo;bo@;01.02.2020;31.12.2023;bezahlt\n",
        "cu",
    ),
    "cleverreach, de": (
        "E-Mail;Anmeldedatum;Abmeldedatum\nann@;01.02.2023 10:11:12;\n"
        "bo@;01.02.2023 10:11:12;03.04.2024 09:00:00\n",
        "cu",
    ),
    "es": ("Correo electrónico;Teléfono;Baja\nann@;600 123;\nbo@;;03/04/2024\n", "cu"),
    "pt": ("E-mail;Cancelamento\nann@;\nbo@;03/04/2024\n", "cu"),
    "sv": ("E-postadress;Samtycke;Avregistrerad\nann@;Ja;\nbo@;Nej;\ncy@;Ja;2024-01-02\n", "cuu"),
    "ja": ("メールアドレス,配信状況\nann@,配信中\nbo@,配信停止\ncy@,退会\n", "csu"),
    "fr": ("Courriel;Statut\nann@;Abonné\nbo@;DÉSABONNÉ\ncy@;En attente de confirmation\n", "cup"),
    "klaviyo": (
        "Email,Email Marketing Consent,Email Suppressions\nann@,SUBSCRIBED,[]\n"
        'bo@,SUBSCRIBED,[HARD_BOUNCE]\ncy@,SUBSCRIBED,"[""UNSUBSCRIBE""]"\n',
        "csu",
    ),
    "keap": (
        "Email,Email Status\nann@,Single Opt-In\nbo@,Opted Out\ncy@,Hard Bounce\n"
        "di@,Unengaged Non-Marketable\n",
        "cusu",
    ),
    "mailman": ("ann@ (Ann)\nBo Doe <bo@>\ncy@\n", "ccc"),
}  # fmt: skip

NO_CONSENT = {
    "consent however it is put": ("email,Einwilligung Newsletter\nann@,ja\nbo@,nein\n", "c-"),
    "consent to other things": ("email,Einwilligung Foto\nann@,ja\nbo@,nein\n", "cc"),
    "resilience": ("email,Resilience workshop\nann@,yes\nbo@,no\n", "cc"),
    "letters of an unknown program": ("email,status\nann@,C\nbo@,S\n", "--"),
    "a place in an order": (
        "email,Newsletter\nann@,0\nbo@,1\ncy@,2\ndi@,3\ned@,4\nfy@,5\ngu@,6\n",
        "-cccccc",  # or none?
    ),
    "three kinds of something": ("email,subscribed\nann@,1\nbo@,2\ncy@,3\n", "c--"),
    "states by number": (
        "email,State\nann@,0\nbo@,1\ncy@,2\ndi@,3\ned@,4\nfy@,5\ngu@,6\n",
        "ccccccc",
    ),
    "orders": ("email,Order status\nann@,paid\nbo@,cancelled\ncy@,pending\n", "ccc"),
    "how somebody left": ("email,Unsubscribed\nann@,\nbo@,by telephone\n", "c-"),
    "by whom": ("email,UnsubscribedBy\nann@,\nbo@,staff\n", "cu"),
    "links": ("email,unsubscribe\nann@,https://x.test/u/1\nbo@,https://x.test/u/2\n", "cc"),
    "a field": ("email,Zustand,Ort\nann@,neu,Bonn\nbo@,alt,Köln\ncy@,Abgemeldet,Ulm\n", "cc-"),
    "tags": (
        "email,Tags\nann@,Chor\nbo@,abgemeldet\ncy@,Désabonné(e)\ndi@,Presse\ned@,Rat\n",
        "c--cc",
    ),
    "yes and no without a header": ("ann@,2024-01-01,1\nbo@,2024-01-01,0\n", "c-"),
    "f and m without a header": ("ann@,f\nbo@,m\n", "cc"),
    "telephones": ("email,SMS status,Name\nann@,unsubscribed,A\nbo@,x,B\n", "cc"),
}


@pytest.mark.parametrize(("text", "states"), NEVER_CONFIRMED.values(), ids=NEVER_CONFIRMED)
def test_whoever_never_confirmed_is_pending(
    sqlite_engine: Engine, tmp_path: Path, text: str, states: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(rows(text))
    assert imported(sqlite_engine, path) == expected(states)


@pytest.mark.parametrize(("text", "states"), LEFT.values(), ids=LEFT)
def test_whoever_left_is_known_in_the_words_of_their_language(
    sqlite_engine: Engine, tmp_path: Path, text: str, states: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(rows(text))
    assert imported(sqlite_engine, path) == expected(states)


@pytest.mark.parametrize(("text", "states"), NO_CONSENT.values(), ids=NO_CONSENT)
def test_what_is_not_known_to_be_consent_is_neither_guessed_nor_passed_over(
    sqlite_engine: Engine, tmp_path: Path, text: str, states: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(rows(text))
    assert imported(sqlite_engine, path) == expected(states)


@pytest.fixture
def late(tmp_path: Path) -> Path:
    """A list in which a column says that two people left, far below what is looked at first."""
    path = tmp_path / "late.csv"
    lines = [f"r{n}@x.test,{'Kind ' + str(n % 7)}" for n in range(1500)]
    lines[1200], lines[1400] = "ann@x.test,abgemeldet", "bo@x.test,Unsubscribed"
    path.write_text("\n".join(["email,Zustand", *lines]))
    return path


def _tried(engine: Engine, path: Path, **said: dict[str, str]) -> Report:
    return dry_run(engine, inspect(path, **said), "river", signer=SIGNER, now=NOON)  # type: ignore[arg-type]  # mapping or statuses


def test_a_word_for_leaving_in_any_row_holds_it_until_a_person_says_what_it_is(
    sqlite_engine: Engine, late: Path
) -> None:
    with transaction(sqlite_engine) as session:
        add_newsletter(session)

    report = _tried(sqlite_engine, late)

    assert report.counts == {"added": 1498, "invalid": 2}
    assert report.reasons == {"a word in the column 'Zustand' that may say who wants no mail": 2}
    assert [(row.line, row.address) for row in report.invalid_rows] == [
        (1202, "ann@x.test"),
        (1402, "bo@x.test"),
    ]
    assert '"Zustand=status"' in report.invalid_rows[0].reason
    as_field = _tried(sqlite_engine, late, mapping={"Zustand": "field:zustand"})
    assert as_field.counts == {"added": 1500}
    explained = _tried(
        sqlite_engine, late, statuses={"abgemeldet": "confirmed", "kind 3": "unsubscribed"}
    )
    assert explained.counts == {"added": 1286, "invalid": 214}


def test_an_import_that_is_run_without_looking_holds_them_too(engine: Engine, late: Path) -> None:
    with transaction(engine) as session:
        add_newsletter(session)
    report = run(engine, inspect(late), "river", signer=SIGNER, now=NOON)
    assert report.counts == {"added": 1498, "invalid": 2}


def test_an_export_of_our_own_comes_back_whatever_its_fields_say(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "email,name,status,language,time_zone,joined,since,source,tags,data,membership\n"
        "ann@x.test,,confirmed,,,2024-01-01 10:00:00,2024-01-01 10:00:00,form,,,active\n"
        "bo@x.test,,confirmed,,,2024-01-01 10:00:00,2024-01-01 10:00:00,form,,,inactive\n"
        "cy@x.test,,confirmed,,,2024-01-01 10:00:00,2024-01-01 10:00:00,form,unsubscribed,,left\n"
    )
    assert imported(sqlite_engine, path) == expected("ccc")


def test_that_an_empty_cell_means_something_is_said_before_anything_is_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email,confirmed_at\nann@x.test,2024-01-02\nbo@x.test,\n")
    assert inspect(path).files[0].problems == (
        "Whoever has nothing in the column 'confirmed_at' is taken as pending.",
    )


def test_dates_that_may_be_read_in_two_ways_are_told_and_date_nobody(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email,created_at\nann@x.test,1700000000000\nbo@x.test,03/04/2025\n")
    (told,) = inspect(path).files[0].problems
    assert told.startswith("Dates in 'created_at' such as 03/04/2025 may be read in two ways")


def test_a_header_in_two_rows_and_a_row_of_totals_are_read_as_people_read_them(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    book = Workbook()
    sheet = book.active
    for cells in (
        ["Mitgliederliste 2024"],
        [],
        ["Person", None, "Kontakt", None, "Austritt am"],
        ["Vorname", "Nachname", "E-Mail", "Telefon"],
        ["Ann", "Lee", "ann@x.test", 491701234567],
        ["Bo", "Doe", "bo@x.test", None, 45293],
        ["Summe", None, 2],
    ):
        sheet.append(cells)
    sheet.merge_cells("C3:D3")
    book.save(tmp_path / "list.xlsx")

    (file,) = inspect(tmp_path / "list.xlsx").files
    assert [column.target for column in file.columns][2:] == [
        "address",
        "field:telefon",
        "unsubscribed",
    ]
    assert imported(sqlite_engine, tmp_path / "list.xlsx") == expected("cu")


def test_who_has_no_address_in_the_first_column_is_read_with_their_second(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    """A column of addresses that may be somebody else's is told, and read if a person says so."""
    with transaction(sqlite_engine) as session:
        add_newsletter(session)
    path = tmp_path / "list.csv"
    path.write_text(
        "Name,E-Mail privat,E-Mail dienstlich,Invited by\nAnn,ann@x.test,a@w.test,di@w.test\n"
        "Fy,fy@x.test,,di@w.test\nBo,-,bo@w.test,\ncy@x.test,,,di@w.test\nEd,,,ed@w.test\n"
    )
    own, names, inviting = inspect(path).files[0].problems
    assert own == "Whoever has no address in 'E-Mail privat' is read with the one in 'Name'."
    assert names.endswith("is read with the one in 'E-Mail dienstlich'.")
    assert "'Invited by' holds addresses, too" in inviting

    report = _tried(sqlite_engine, path)
    assert [row.address.partition("@")[0] for row in report.first_rows] == [
        *("ann", "fy", "bo", "cy", ""),
    ]
    assert report.notes["the address is that in 'E-Mail dienstlich'"] == 1
    assert report.reasons == {"no address": 1}
    both = {"E-Mail privat": "address", "Invited by": "address"}
    assert _tried(sqlite_engine, path, mapping=both).first_rows[4].address == "ed@w.test"


def test_nobody_of_whom_a_row_is_held_becomes_a_reader_by_another_row(
    engine: Engine, tmp_path: Path
) -> None:
    """However far above or in which file it stands; and what is said of leaving holds all the same."""
    with transaction(engine) as session:
        add_newsletter(session)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("email,name\nann@x.test,Ann\nbo@x.test,Bo\ncy@x.test,Cy\nANN@x.test,A\n")
    second.write_text(
        "email,status,Zustand\n"
        "Ann@x.test,active,abgemeldet\n"  # held for a word in a column that nobody explained,
        "bo@x.test,gold,\n"  # for a word of consent that nobody knows
        "bo@x.test,unsubscribed,\n"
        "di@x.test,active,neu\n"
    )
    plan = inspect(first, second)
    tried = dry_run(engine, plan, "river", signer=SIGNER, now=NOON, chunk=3)
    report = run(engine, plan, "river", signer=SIGNER, now=NOON, chunk=2)

    assert report.counts == tried.counts == {"invalid": 5, "added": 2, "unsubscribed": 1}
    assert report.reasons == tried.reasons
    assert report.reasons["another row of the address may say that somebody wants no mail"] == 3
    assert states_of(engine) == {"bo": "unsubscribed", "cy": "confirmed", "di": "confirmed"}
