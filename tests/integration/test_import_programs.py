"""Lists as more programs write them, with the columns that made readers of people who are none, or held
those who are.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.audience.importing import inspect, run
from mailer.database.engine import transaction
from tests.integration.test_import_exports import expected, imported, rows
from tests.support.factories import NOON, add_newsletter
from tests.support.sending import SIGNER

# What each of ann, bo, cy, … becomes; see test_import_exports.
PROGRAMS = {
    "substack": (
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
        "ann@,false,,other,false,2025-01-01T08:00:00.000Z,\n"
        "bo@,true,2026-12-01T00:00:00.000Z,yearly,false,2025-01-01T08:00:00.000Z,2025-02-01\n"
        "cy@,false,,other,true,2025-01-01T08:00:00.000Z,\n",
        "ccu",
    ),
    "substack's page of subscribers": (
        "Email,Name,Stripe plan,Cancel date,Start date,Emails opened (6mo),Type,Activity,Revenue\n"
        "ann@,Ann,,,2024-03-01,8,Free,5,$0.00\nbo@,,,2025-03-01,2024-03-01,0,Free,0,$0.00\n",
        "cu",
    ),
    "phplist": (
        "Email\tIs this subscriber confirmed\tIs this subscriber blacklisted\t"
        "Did this subscriber manually confirm\tNumber of bounces\tEntered\t"
        "Send this subscriber HTML emails\tName\tList Membership\n"
        'ann@\t1\t0\t0\t0\t2020-01-01 10:00:00\t0\tAnn "A" Lee\tRiver news \n'
        "bo@\t0\t0\t0\t0\t2020-01-01 10:00:00\t1\t\tRiver news \n"
        "cy@\t1\t1\t1\t2\t2020-01-01 10:00:00\t1\t\tRiver news Other \n"
        "di@\t1\t0\t1\t0\t2020-01-01 10:00:00\t1\t\tNo Lists\n",
        "cps-",
    ),
    "fluentcrm": ("email,status\nann@,subscribed\nbo@,spammed\ncy@,transactional\n", "csu"),
    "acymailing": (
        "user.name,user.email,user.active,user.confirmed\nA,ann@,1,1\n,bo@,1,0\n,cy@,0,1\n",
        "cpu",
    ),
    "wordpress' users": (
        "user_email,user_status,display_name\nann@,0,Ann\nbo@,0,Bo\n",
        "cc",
    ),
    "patreon": (
        "Name,Email,Patron Status,Last Charge Status\nAnn,ann@,Active patron,Paid\n"
        "Bo,bo@,Former patron,Deleted\nCy,cy@,Declined patron,Declined\n,di@,,Pending\n",
        "cccc",
    ),
    "guests": ("email,approval_status,Attendee Status\nann@,approved,\nbo@,declined,Deleted\n", "cc"),
    "tiny news": (
        "Channel id,Status,Tier,Engagement OptIn,Email,Tags,Created at\n"
        "9,1,0,1,ann@,,2022-10-28 22:18:42\n9,2,1,1,bo@,,2022-10-28 22:18:42\n"
        "9,0,0,1,cy@,,2022-10-28 22:18:42\n9,4,0,1,di@,,2022-10-28 22:18:42\n",
        "ccu-",
    ),
    "zoho": ("Contact Email,Contact Status\nann@,Active\nbo@,Unsub\ncy@,DoNotMail\n", "cuu"),
    "mailman": (
        "email,delivery_status\nann@,enabled\nbo@,by_user\ncy@,by_bounces\ndi@,by_moderator\n",
        "cusu",
    ),
    "laposta": (
        "email;lid-status\nann@;actief\nbo@;uitgeschreven\ncy@;opgeschoond\ndi@;onbevestigd\n"
        "ed@;anders\n",
        "cusp-",
    ),
    "freshmail": (
        "Adres e-mail;Status\nann@;aktywny\nbo@;rezygnacja\ncy@;do aktywacji\ndi@;zwrot twardy\n",
        "cups",
    ),
    "unisender": ("Email;Статус email\nann@;активен\nbo@;отписан\ncy@;недоступен\n", "cus"),
    "blastmail": ("メールアドレス,状態\nann@,配信中\nbo@,エラー停止\n", "cs"),
    "sarbacane": ("Email;Désabonné;NPAI;Plainte\nann@;0;0;0\nbo@;1;0;0\ncy@;0;1;0\ndi@;0;0;1\n", "cuss"),
    "mailjet, fr": ("Email;Exclu des campagnes\nann@;non\nbo@;oui\n", "cu"),
    "cleverreach, de": (
        "E-Mail;Anmeldedatum;Aktivierungsdatum;Abmeldedatum\n"
        "ann@;01.02.2024 10:00:00;01.02.2024 10:00:00;\nbo@;01.02.2024 10:00:00;;\n"
        "cy@;01.02.2024 10:00:00;01.02.2024 10:00:00;05.02.2024\n",
        "cpu",
    ),
    "confirmed at some time": (
        "email,confirmed_at\nann@,2021-01-01\nbo@,\ncy@,2021\ndi@,2021-03-03 10:00:00 UTC\n",
        "cpcc",
    ),
    "mailgun's bounces": (
        'address,code,error,created_at\nann@,550,no such user,"Fri, 01 Jan 2021 10:00:00 UTC"\n',
        "s",
    ),
    "sendgrid's bounces": ("status,reason,email,created\n5.1.1,550 no,ann@,1577872800\n", "s"),
    "a cross for those who want it": ("Name,E-Mail,Newsletter\nA,ann@,x\nB,bo@,\n", "cp"),
    "a cross, put otherwise": ("Name,E-Mail,Wants our newsletter\nA,ann@,x\nB,bo@,\n", "cp"),
    "sendy's note of a law": ("Name,Email,Tags,GDPR\nA,ann@,a,Yes\nB,bo@,,\n", "cc"),
    "a cross beside a status": ("E-Mail,Newsletter,Status\nann@,x,active\nbo@,,active\n", "cc"),
    "a cross for something else": ("E-Mail,Choir\nann@,x\nbo@,\n", "cc"),
    "dynamics": (
        "Full Name,Email,Do not allow Bulk Emails,Do not allow Emails,Status\nA,ann@,Allow,Allow,Active\n"
        ",bo@,Do Not Allow,Allow,Active\n,cy@,Allow,Do Not Allow,Active\n,di@,Allow,Allow,Inactive\n",
        "cuuu",
    ),
    "suitecrm": ("Email Address,Opt Out,Invalid Email\nann@,0,0\nbo@,1,0\ncy@,0,1\n", "cus"),
    "odoo, de": (
        "E-Mail,Abgemeldet,Schwarze Liste\nann@,FALSCH,FALSCH\nbo@,WAHR,FALSCH\ncy@,FALSCH,WAHR\n",
        "cus",
    ),
    "donorperfect": ("email,no_email,opt_in_email\nann@,N,Y\nbo@,Y,Y\ncy@,N,N\n", "cuu"),
    "raiser's edge": (
        "Email,Requests no email,Solicit Codes\nann@,No,\nbo@,Yes,\n"
        'cy@,No,"Do Not Call, Do Not Email"\ndi@,No,Do Not Call\n',
        "cu-c",
    ),
    "engaging networks": ("Email Address,email_ok\nann@,Y\nbo@,N\n", "cu"),
    "newsletter2go": ("email;is_unsubscribed;doi_confirmed\nann@;0;1\nbo@;1;1\ncy@;0;0\n", "cup"),
    "evalanche": (
        "E-Mail;Permission\nann@;Double Opt-in\nbo@;Kein Opt-in\ncy@;Opt-out\ndi@;Opt-in\n",
        "cpuc",
    ),
    "elastic email": ("Email,Status\nann@,Active\nbo@,NotConfirmed\ncy@,Abuse\n", "cps"),
    "constant contact": (
        "Email address,Email permission status\nann@,Express\nbo@,Implied\ncy@,Not set\ndi@,Unsubscribed\n",
        "ccpu",
    ),
    "nationbuilder": ("email,is_email_bad\nann@,false\nbo@,true\n", "cs"),
    "action network": (
        "email,can2_subscription_status\nann@,subscribed\nbo@,bouncing\ncy@,previous spam complaint\n",
        "css",
    ),
    "actionkit": ("email,subscription_status\nann@,subscribed\nbo@,never\n", "cu"),
    "joomla": ("email,block,sendEmail,activation\nann@,0,0,\nbo@,1,1,\n", "cu"),
    "typo3": (
        "email,hidden,module_sys_dmail_newsletter\nann@,0,1\nbo@,1,1\ncy@,0,0\n",
        "cuu",
    ),
    "iterable": ("email,unsubscribedChannelIds\nann@,[]\nbo@,[123]\n", "c-"),
    "salesforce": (
        "Email,HasOptedOutOfEmail,IsDeleted\nann@,1.0,0.0\nbo@,0.0,0.0\n",
        "uc",
    ),
    # Numbers are yes and no where there are only 1 and 0; else they are asked about, all of them.
    "drupal": ("mail,status\nann@,1\nbo@,0\n", "cu"),
    "mailtrain": ("email,status\nann@,1\nbo@,2\ncy@,3\n", "---"),
    "groundhogg": ("email,optin_status\nann@,1\nbo@,2\ncy@,3\n", "---"),
    "noughts": ("email,status\nann@,0\nbo@,0\n", "--"),
    "openemm": ("email;user_status\nann@;1\nbo@;4\n", "--"),
}  # fmt: skip

JSON = {
    "listmonk's interface": (
        '{"data": {"results": ['
        '{"email": "ann@", "status": "enabled",'
        ' "lists": [{"name": "River", "subscription_status": "confirmed"}]},'
        '{"email": "bo@", "status": "enabled",'
        ' "lists": [{"name": "River", "subscription_status": "unsubscribed"}]},'
        '{"email": "cy@", "status": "enabled", "lists": [{"subscription_status": "confirmed"},'
        ' {"subscription_status": "unsubscribed"}]},'
        '{"email": "di@", "status": "blocklisted", "lists": []}], "total": 4}}',
        "cu-s",
    ),
    "ghost's interface": (
        '{"members": [{"email": "ann@", "subscribed": true, "labels": [{"name": "VIP", "slug": "v"}]},'
        '{"email": "bo@", "subscribed": false, "labels": []}], "meta": {"pages": [{"n": 1}]}}',
        "cu",
    ),
}


@pytest.mark.parametrize(("text", "states"), PROGRAMS.values(), ids=PROGRAMS)
def test_the_states_of_other_programs_are_understood(
    sqlite_engine: Engine, tmp_path: Path, text: str, states: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(rows(text))
    assert imported(sqlite_engine, path) == expected(states)


@pytest.mark.parametrize(("text", "states"), JSON.values(), ids=JSON)
def test_lists_inside_the_answers_of_programs_are_found(
    sqlite_engine: Engine, tmp_path: Path, text: str, states: str
) -> None:
    path = tmp_path / "list.json"
    path.write_text(rows(text))
    assert imported(sqlite_engine, path) == expected(states)


def test_a_list_server_writes_names_behind_addresses(sqlite_engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(rows("ann@ Ann Lee\nbo@\ncy@ Cy Doe-Ray\n"))
    assert imported(sqlite_engine, path) == expected("ccc")


def test_what_lies_beside_a_programs_lists_in_its_archive_makes_no_readers(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    """Who opened or clicked may have left since; who left in a file of its own has left."""
    path = tmp_path / "everything.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (
            (
                "lists/subscribed.csv",
                "Email Address,OPTIN_TIME,CONFIRM_TIME,LEID,EUID\nann@,,,1,a\n",
            ),
            ("granular_activity/opens/1_hello.csv", "Email,Timestamp\nann@,2024-01-01\nbo@,2024\n"),
            ("lists/unsubscribed.csv", "Email\ncy@\n"),
            ("posts/1.opens.csv", "post_id,timestamp,email\n1,2024-01-01,di@\n"),
        ):
            archive.writestr(name, rows(text))
    sent, opened = inspect(path).problems
    assert sent.startswith("1.opens.csv tells what was sent and opened")
    assert opened.startswith("1_hello.csv in everything.zip is none of the lists of Mailchimp")
    assert imported(sqlite_engine, path) == {"ann": "confirmed", "cy": "unsubscribed"}


def test_that_a_files_name_says_what_everybody_is_is_told(tmp_path: Path) -> None:
    path = tmp_path / "blocklist.csv"
    path.write_text("email\nann@x.test\n")
    told, why = inspect(path).files[0].problems
    assert told == "Everybody in this file is taken as suppressed."
    assert why.startswith("So says the file's name")
    assert inspect(path, state="confirmed").files[0].problems == ()


def test_a_header_without_rows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email,name\n\n")
    (told,) = inspect(path).files[0].problems
    assert told.startswith("Below the header there is no row")


def test_that_letters_were_mended_is_counted(sqlite_engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("email,name\nann@x.test,JosÃ©\nbo@x.test,Bo\n".encode())
    with transaction(sqlite_engine) as session:
        add_newsletter(session)
    report = run(sqlite_engine, inspect(path), "river", signer=SIGNER, now=NOON)
    assert report.notes == {"letters that were encoded twice were mended": 1}
