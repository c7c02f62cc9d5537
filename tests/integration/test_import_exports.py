"""Lists as other programs, offices and mail programs write them: who is a reader, and who never."""

from __future__ import annotations

import zipfile
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine, select

from mailer.audience.importing import inspect, run
from mailer.database.engine import reading, transaction
from mailer.database.tables import Subscriber, Subscription, Suppression
from tests.support.factories import NOON, add_newsletter
from tests.support.sending import SIGNER

MAILCHIMP = (
    "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,"
    "{}LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
    '{}@x.test,Ann,2,"2019-03-01 10:11:12",,"2019-03-01 10:12:13",192.0.2.7,52.5,'
    '{}"2020-01-01 00:00:00",12,abc,,"""VIP"",""Blog, old"""\n'
)
SUBSCRIBED = MAILCHIMP.format("", "ann", "")
LEFT = MAILCHIMP.format("UNSUB_TIME,UNSUB_REASON,", "bo", '"2020-01-01 00:00:00",NORMAL,')
CLEANED = MAILCHIMP.format("CLEAN_TIME,CLEAN_CAMPAIGN_ID,", "cy", '"2020-01-01 00:00:00",1,')

# What each of the people ann, bo, cy, … becomes: confirmed, pending, unsubscribed, suppressed,
# or - where the row is left out, with a reason.
PEOPLE = ("ann", "bo", "cy", "di", "ed", "fy", "gu")
STATES = {"c": "confirmed", "p": "pending", "u": "unsubscribed", "s": "suppressed"}


def imported(engine: Engine, path: Path) -> dict[str, str]:
    """The states after an import, by the part before the @."""
    with transaction(engine) as session:
        add_newsletter(session)
    run(engine, inspect(path), "river", signer=SIGNER, now=NOON)
    return states_of(engine)


def states_of(engine: Engine) -> dict[str, str]:
    """What everybody is now, by the part before the @."""
    with reading(engine) as session:
        rows = session.execute(
            select(Subscriber.address, Subscription.state).join(
                Subscription, Subscription.subscriber_id == Subscriber.id
            )
        ).all()
        barred = session.scalars(select(Suppression.target)).all()
    states = {address: state.value for address, state in rows}
    states |= dict.fromkeys(barred, "suppressed")
    return {address.partition("@")[0]: state for address, state in states.items()}


def expected(states: str) -> dict[str, str]:
    return {who: STATES[one] for who, one in zip(PEOPLE, states, strict=False) if one != "-"}


def rows(text: str) -> str:
    """Short rows: ``ann,…`` stands for ``ann@x.test,…``, wherever an address begins a cell."""
    for who in PEOPLE:
        text = text.replace(f"{who}@", f"{who}@x.test")
    return text


EXPORTS = {
    "mailchimp segment": (
        "Email Address,First Name,Email Marketing,Source,Contact Rating,Date Added\n"
        "ann@,Ann,Subscribed,Import,2,2/3/24\nbo@,Bo,Unsubscribed,,,\ncy@,Cy,Cleaned,,,\n"
        "di@,,Non-Subscribed,,,\n",
        "cusu",
    ),
    "buttondown by type": (
        "email_address,type,undeliverability_date,unsubscription_date\nann@,regular,,\n"
        "bo@,removed,,\ncy@,regular,2024-02-02,\ndi@,regular,,2024-02-02\n",
        "cusu",
    ),
    "brevo": (
        "EMAIL,NOM,PRENOM,EMAIL_BLOCKLISTED,SMS_BLOCKLISTED\nann@,Lee,Ann,No,Yes\nbo@,Doe,Bo,Yes,No\n",
        "cs",
    ),
    "brevo by channel": (
        "EMAIL,Email campaigns,SMS campaigns\nann@,Subscribed,Unsubscribed\n"
        "bo@,Unsubscribed,Unsubscribed\n",
        "cu",
    ),
    "civicrm": (
        "Contact ID,Do Not Email,Do Not Mail,No Bulk Emails (User Opt Out),Email,On Hold,"
        "Is Deceased,Contact Is Deleted\n1,0,1,0,ann@,No,0,0\n2,1,0,0,bo@,No,0,0\n"
        "3,0,0,1,cy@,No,0,0\n4,0,0,0,di@,On Hold Bounce,0,0\n5,0,0,0,ed@,,1,0\n6,,,,fy@,,,1\n",
        "cuussu",
    ),
    "hubspot": (
        "Record ID,Email,Marketing contact status,Unsubscribed from all email,"
        "Email hard bounce reason\n1,ann@,Marketing contact,,\n2,bo@,Marketing contact,true,\n"
        "3,cy@,Non-marketing contact,,\n4,di@,Marketing contact,,UNKNOWN_USER\n",
        "cuus",
    ),
    "constant contact": (
        "Email address - home,Email permission status,Confirmed Opt-Out Date,"
        "Confirmed Opt-Out Source\nann@,Implicit,,\nbo@,Unsubscribed,2024-01-02,Contact\n"
        "cy@,Explicit,,\ndi@,Opted out,,\ned@,Awaiting Confirmation,,\nfy@,Explicit,01/02/2024,\n",
        "cucupu",
    ),
    "aweber": (
        "Email,Name,Status,Stop Status,IP Address\nann@,Ann,Subscribed,,192.0.2.1\n"
        "bo@,Bo,Unsubscribed,unsubscribed,\ncy@,Cy,Unconfirmed,,\ndi@,Di,Undeliverable,,\n"
        "ed@,Ed,Subscribed,undeliverable,\n",
        "cupss",
    ),
    "mailpoet": (
        "First Name,Last Name,Email,Global Status,List,List Status\nA,,ann@,subscribed,N,subscribed\n"
        "B,,bo@,subscribed,N,unsubscribed\nC,,cy@,bounced,N,subscribed\n",
        "cus",
    ),
    "klaviyo": (
        "Email,Email Marketing Consent,Email Suppressions\nann@,SUBSCRIBED,[]\n"
        "bo@,UNSUBSCRIBED,[]\ncy@,NEVER_SUBSCRIBED,[]\n",
        "cuu",
    ),
    "salesforce": (
        '"Email","Email Opt Out","Email Bounced Reason","Email Bounced Date"\n'
        '"ann@","0","",""\n"bo@","1","",""\n"cy@","0","550 no","2024-01-01"\n',
        "cus",
    ),
    "cleverreach": (
        "email;activated;registered;deactivated\nann@;2024-01-02 10:00:00;2024-01-01;0\n"
        "bo@;2024-01-02 10:00:00;2024-01-01;2024-02-02 10:00:00\ncy@;0;2024-01-01;0\n",
        "cup",
    ),
    "action network": (
        "first_name,email,mobile_status,can2_subscription_status\nA,ann@,unsubscribed,subscribed\n"
        "B,bo@,,unsubscribed\nC,cy@,,bouncing\nD,di@,,spam complaint\n",
        "cuss",
    ),
    "dates in words": (
        "email,Unsubscribe Date\nann@,\nbo@,Jan 2 2024\ncy@,2. Januar 2024\n"
        "di@,Tue 02 Jan 2024 10:00\ned@,45293\nfy@,0000-00-00 00:00:00\ngu@,asked twice\n",
        "cuuuuc-",
    ),
    "words nobody knows": (
        "email,status\nann@,Active\nbo@,Do not contact\ncy@,gold\ndi@,Désabonné(e)\ned@,Afgemeld\n"
        "fy@,Pasif\ngu@,unsubscribed since May\n",
        "cu-uuu-",
    ),
    "tr": ("E-posta adresi;Durum\nann@;Aktif\nbo@;Abonelikten çıktı\n", "cu"),
    "ar": ("البريد الإلكتروني,الحالة\nann@,مشترك\nbo@,غير مشترك\n", "cu"),
    "fa": ("ایمیل,وضعیت\nann@,فعال\nbo@,لغو اشتراک\n", "cu"),
    "uk": ("Електронна пошта,Статус\nann@,Підписаний\nbo@,Відписаний\n", "cu"),
    "bounces": ("email,complained_at,is_spam_complaining\nann@,,False\nbo@,01/02/2024,\ncy@,,True\n", "css"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "states"), EXPORTS.values(), ids=EXPORTS)
def test_nobody_who_left_or_bounced_becomes_a_reader(
    sqlite_engine: Engine, tmp_path: Path, text: str, states: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(rows(text))
    assert imported(sqlite_engine, path) == expected(states)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("nonsubscribed_email_audience_export_1.csv", "u"),
        ("Abgemeldete Adressen.csv", "u"),
        ("désabonnés.csv", "u"),
        ("opt-outs.csv", "u"),
        ("inactive_subscribers.csv", "u"),
        ("blocklist.csv", "s"),
        ("hard-bounces 2024.csv", "s"),
        ("pending.csv", "p"),
        ("subscribed_members.csv", "c"),
    ],
)
def test_a_file_named_after_who_left_holds_who_left(
    sqlite_engine: Engine, tmp_path: Path, name: str, state: str
) -> None:
    path = tmp_path / name
    path.write_text("Email Address,OPTIN_TIME,CONFIRM_TIME,LEID,EUID\nann@x.test,,,1,2\n")
    assert imported(sqlite_engine, path) == expected(state)


def test_a_whole_audience_of_mailchimp_in_one_archive(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "audience.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("export/subscribed_email_audience_export.csv", SUBSCRIBED)
        archive.writestr("export/unsubscribed_email_audience_export.csv", LEFT)
        archive.writestr("export/cleaned_email_audience_export.csv", CLEANED)
        archive.writestr(
            "export/nonsubscribed_email_audience_export.csv", SUBSCRIBED.replace("ann", "di")
        )
        archive.writestr("campaigns.csv", "Title,Subject\nA,B\n")
        archive.writestr("gallery/logo.png", b"\x89PNG")
    assert imported(sqlite_engine, path) == expected("cusu")


def _workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book, stream = Workbook(), BytesIO()
    book.remove(book.active)
    for name, cells in sheets:
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "states"),
    [
        (
            _workbook(
                (
                    "Mitglieder",
                    [
                        ["Mitgliederliste"],
                        ["Stand", datetime(2024, 1, 2)],  # noqa: DTZ001  # as a cell has it
                        ["Name", "E-Mail", "Abgemeldet am"],
                        ["Ann", "ann@x.test"],
                        ["Bo", "bo@x.test", datetime(2024, 1, 2)],  # noqa: DTZ001  # as Excel has it
                    ],
                )
            ),
            "cu",
        ),
        (
            _workbook(
                ("Read me", [["the lists"]]),
                ("Active", [["email"], ["ann@x.test"]]),
                ("Unsubscribed", [["email"], ["bo@x.test"]]),
            ),
            "cu",
        ),
        (
            _workbook(("One", [["email", "left"], ["ann@x.test"], ["bo@x.test", "unsubscribed"]])),
            "cu",
        ),
    ],
    ids=["titles", "sheets", "words"],
)  # fmt: skip
def test_workbooks_as_offices_keep_them(
    sqlite_engine: Engine, tmp_path: Path, content: bytes, states: str
) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(content)
    assert imported(sqlite_engine, path) == expected(states)


@pytest.mark.parametrize(
    "text",
    [
        "ann@x.test, bo@x.test, cy@x.test",
        'Ann Lee <ann@x.test>, "Doe, Bo" <bo@x.test>; cy@x.test;',
        "ann@x.test bo@x.test\ncy@x.test",
        "ann@x.test,\nbo@x.test,\ncy@x.test\n",
        "Ann <ann@x.test>\nBo <bo@x.test>\n<cy@x.test>\n",
        "'ann@x.test'\n'bo@x.test'\n\u200bcy@x.test\n",
        "email\nann@x.test\nbo@x.test / bo@work.test\nCy (cy@x.test)\n",
        "email,name\r\nann@x.test,Ann\nbo@x.test,Bo\rcy@x.test,Cy\r\n",
        '[{"email": "ann@x.test"}, {"email": "bo@x.test"}, {"email": "cy@x.test", "n": 1}]',
        '{"email": "ann@x.test"}\n\n{"email": "bo@x.test"}\n{"email": "cy@x.test"}\n',
        '{"subscribers": [{"email": "ann@x.test"}, {"email": "bo@x.test"},\n{"email": "cy@x.test"}]}',
    ],
)
def test_plain_lists_are_read_to_their_last_address(
    sqlite_engine: Engine, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text, newline="")
    assert imported(sqlite_engine, path) == expected("ccc")


def test_a_list_on_one_long_line(sqlite_engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("; ".join(f"Reader {n} <r{n}@x.test>" for n in range(5000)))
    assert len(imported(sqlite_engine, path)) == 5000


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("Prénom;Nom;Email", "Amélie;Dupont;ann@x.test", "Amélie Dupont"),
        ("Name;Vorname;Email", "Lee;Ann;ann@x.test", "Ann Lee"),
        ("Name;First name;Email", "Ann Lee;Ann;ann@x.test", "Ann Lee"),
        ("نام;نام خانوادگی;Email", "علی;رضایی;ann@x.test", "علی رضایی"),
        ("Adı;Soyadı;Email", "Ayşe;Yılmaz;ann@x.test", "Ayşe Yılmaz"),
        ("name;surname;email", "Ann;Lee;ann@x.test", "Ann Lee"),
    ],
)
def test_names_in_two_parts_are_put_together(
    sqlite_engine: Engine, tmp_path: Path, header: str, row: str, name: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{header}\n{row}\n")
    imported(sqlite_engine, path)
    with reading(sqlite_engine) as session:
        assert session.scalars(select(Subscriber.name)).all() == [name]
