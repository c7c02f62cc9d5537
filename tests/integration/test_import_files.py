"""Files as people bring them: read right, or refused with what to do; looked at without a database."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from mailer.audience.importing import inspect
from mailer.audience.importing.layouts import rows_of
from mailer.errors import InvalidFile, InvalidInput

ROWS = [["email", "name"], ["ann@x.test", "Änn"], ["bo@y.test", "Bo"]]
TEXT = "email,name\nann@x.test,Änn\nbo@y.test,Bo\n"


def _cells(path: Path, **options: str) -> list[list[str]]:
    (file,) = inspect(path, **options).files  # type: ignore[arg-type]  # options of one kind
    with rows_of(file.layout) as rows:
        return [row.cells for row in rows if any(row.cells)]


def _file(folder: Path, content: str | bytes, name: str = "readers.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("utf-32-le"),
        TEXT.encode("utf-32-be"),
        TEXT.encode("cp1252"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\r").encode("mac_roman"),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        TEXT.replace(",", "|").encode(),
        TEXT.replace(",", ", ").encode(),
        f"sep=;\n{TEXT.replace(',', ';')}".encode(),
        f"\n\n\n{TEXT}\n\n".encode(),
        TEXT.replace("Bo", "B\0o").encode(),
        TEXT.replace(",", "^").encode(),
        b'"email,name"\n"ann@x.test,\xc3\x84nn"\n"bo@y.test,""Bo"""\n',
        '"email","name"\n"ann@x.test","Änn"\n"bo@y.test","Bo"'.encode(),
    ],
    ids=lambda content: repr(content[:12]),
)
def test_encodings_separators_and_line_ends_are_told_from_the_bytes(
    tmp_path: Path, content: bytes
) -> None:
    path = _file(tmp_path, content)
    assert _cells(path)[-3:] == ROWS


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    path = _file(tmp_path, "email,name\nann@x.test,Иван\n".encode("iso8859-5"))
    assert "name the encoding" in inspect(path).files[0].problems[0]
    assert _cells(path, encoding="iso8859-5")[1] == ["ann@x.test", "Иван"]
    with pytest.raises(InvalidFile, match="no text encoding 'klingon'"):
        inspect(path, encoding="klingon")


def test_japanese_with_escapes_is_told_from_ascii(tmp_path: Path) -> None:
    path = _file(tmp_path, "メールアドレス,状態\nann@x.test,解除\n".encode("iso2022_jp"))
    assert [column.target for column in inspect(path).files[0].columns] == ["address", "status"]
    assert _cells(path)[1] == ["ann@x.test", "解除"]


def test_an_archive_that_unpacks_to_hundreds_of_times_its_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", TEXT + "\n" * (65 << 20))
    with pytest.raises(InvalidFile, match="hundreds of times its size"):
        inspect(path)


def test_some_damaged_letters_do_not_change_the_others(tmp_path: Path) -> None:
    path = _file(tmp_path, TEXT.encode() + b"cy@z.test,Ren\xe9e \xc3\xa9\xc3\xa9\n")
    assert _cells(path)[1:] == [*ROWS[1:], ["cy@z.test", "Ren\ufffde éé"]]


def test_quotes_hold_separators_lines_and_quotes(tmp_path: Path) -> None:
    path = _file(tmp_path, 'email,name,note\na@x.test,"Lee, Ann","say ""hi""\nthere"\n')
    assert _cells(path)[1] == ["a@x.test", "Lee, Ann", 'say "hi"\nthere']


@pytest.mark.parametrize(
    "broken",
    [
        'ann@x.test,"Ann\n',
        'ann@x.test,"Ann" Lee\n',
        'ann@x.test,"Ann "the Fox" Lee"\n',
        "ann@x.test,An\rn\n",
    ],
)
@pytest.mark.parametrize("after", ["bo@y.test,Bo\n", 'bo@y.test,"Bo"\ncy@z.test,"Cy, jr"\n'])
def test_a_row_with_broken_quotes_swallows_no_other(
    tmp_path: Path, broken: str, after: str
) -> None:
    path = _file(tmp_path, f"email,name\n{broken}{after}")
    (file,) = inspect(path).files
    with rows_of(file.layout) as rows:
        found = list(rows)
    assert [row.cells[0] for row in found[1:]] == ["ann@x.test", "bo@y.test", "cy@z.test"][
        : len(found) - 1
    ]
    assert len(found) == 2 + after.count("@")
    assert found[1].damage
    assert found[1].line == 2
    assert not found[2].damage


def test_a_quote_open_to_the_end_of_a_long_file_costs_one_row(tmp_path: Path) -> None:
    rest = "".join(f"r{n}@x.test,R{n}\n" for n in range(20_000))
    path = _file(tmp_path, f'email,name\nann@x.test,"Ann\n{rest}')
    (file,) = inspect(path).files
    with rows_of(file.layout) as rows:
        assert sum(not row.damage for row in rows) == 20_001


def _workbook(path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Readers of 2026"])
    sheet.append(["E-Mail", "Member since", "Number", "Yes"])
    sheet.append(["ann@x.test", datetime.fromisoformat("2021-03-04T05:06"), 12.0, True])
    sheet.append([])
    sheet.append(["bo@y.test", None, 1.5, False])
    book.create_sheet("Notes").append(["nothing", "here"])
    book.save(path)
    return path


def test_a_workbook_reads_as_its_cells_look(tmp_path: Path) -> None:
    plan = inspect(_workbook(tmp_path / "readers.xlsx"))
    assert [column.target for column in plan.files[0].columns] == [
        "address",
        "field:member_since",
        "field:number",
        "field:yes",
    ]
    with rows_of(plan.files[0].layout) as rows:
        assert [row.cells for row in rows][2:] == [
            ["ann@x.test", "2021-03-04 05:06:00", "12", "true"],
            [],
            ["bo@y.test", "", "1.5", "false"],
        ]
    assert "has no e-mail addresses" in plan.problems[0]  # the other sheet


def test_an_archive_holds_files_that_belong_together(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    _workbook(tmp_path / "more.xlsx")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lists/subscribed.csv", TEXT)
        archive.writestr("lists/unsubscribed.csv", "email\ncy@z.test\n")
        archive.writestr("__MACOSX/lists/._subscribed.csv", b"\0\5")
        archive.writestr("lists/readme.md", "hello")
        archive.write(tmp_path / "more.xlsx", "more.xlsx")
    plan = inspect(path)
    assert [(file.name, file.standing.name) for file in plan.files] == [
        ("unsubscribed.csv", "UNSUBSCRIBED"),
        ("subscribed.csv", "CONFIRMED"),
        ("more.xlsx", "CONFIRMED"),
    ]
    assert "readme.md in export.zip is no table and was left out." in plan.problems


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "a.csv", "is empty"),
        (b" \r\n\n", "a.csv", "is empty"),
        (
            b"a,b\n1,2\n",
            "a.csv",
            r"no e-mail addresses \(its columns: a, b\)\. Bring the list",
        ),
        (
            b"a,b\n1,ann at home @\n",
            "a.csv",
            r'no column of e-mail addresses \(its columns: a, b\).*"b=address"',
        ),
        (
            b"post_id,timestamp,email,country\n1,2024-01-01T00:00:00Z,ann@x.test,DE\n",
            "1.opens.csv",
            "tells what was sent and opened .* bring the list of subscribers",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "a.xls",
            "old Excel file .* or a workbook with a pass",
        ),
        (b"%PDF-1.7", "a.pdf", "is a PDF; save the list as CSV"),
        (b'[["email"], ["ann@x.test"]]', "a.json", "is JSON, but neither a list of objects"),
        (b'{"email": "ann@', "a.json", "is JSON, but neither"),
        (b"[]", "a.json", "is JSON, but neither"),
        (b"<html><table>", "a.xls", "is a web page"),
        (b"From: Ann <ann@x.test>\nTo: bo@x.test\n\nHello", "a.csv", "is a mail"),
        (b"From ann@x.test Mon Jan  1 00:00:00 2024\nFrom: ann@x.test\n", "a.txt", "is a mail"),
        (b"INSERT INTO `u` VALUES (1,'ann@x.test'),(2,'bo@x.test');", "a.csv", "database dump"),
        (
            b"/*! SET NAMES utf8 */;\nINSERT INTO s VALUES\n(1,'ann@x.test');",
            "a.csv",
            "database dump",
        ),
        (b"-\nCOPY s (id, email) FROM stdin;\n1\tann@x.test\n", "a.csv", "database dump"),
        (b"version: 1\n\ndn: cn=Ann\nmail: ann@x.test\n", "a.ldif", "address book"),
        (b"\x1f\x8b\x08", "a.csv.gz", "is a gzip archive"),
        (b"PK\x03\x04rubbish", "a.zip", "damaged archive"),
        ("\n ".encode("utf-16"), "a.csv", "is empty"),
    ],
)
def test_what_is_no_list_of_readers_is_refused_with_what_to_do(
    tmp_path: Path, content: bytes, name: str, sentence: str
) -> None:
    with pytest.raises(InvalidFile, match=sentence) as caught:
        inspect(_file(tmp_path, content, name))
    assert name in str(caught.value)


def test_files_that_are_not_there_or_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="There is no file"):
        inspect(tmp_path / "none.csv")
    with pytest.raises(InvalidFile, match="is a folder"):
        inspect(tmp_path)


def test_an_archive_without_tables_or_with_a_password_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.md", "hello")
    with pytest.raises(InvalidFile, match=r"holds no CSV or \.xlsx file"):
        inspect(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", TEXT)
    content = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + at] |= 1  # the flag of encryption
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match="has a password"):
        inspect(path)


@pytest.mark.parametrize("cut", [30, 200, 1000, -100])
def test_half_a_workbook_is_refused(tmp_path: Path, cut: int) -> None:
    whole = _workbook(tmp_path / "whole.xlsx").read_bytes()
    with pytest.raises(InvalidFile, match="fetch or save it again"):
        inspect(_file(tmp_path, whole[:cut], "half.xlsx"))


def test_words_of_consent_nobody_knows_are_asked_for_before_anything_is_written(
    tmp_path: Path,
) -> None:
    path = _file(tmp_path, "email,status\nann@x.test,gold\nbo@y.test,active\n")
    assert "not known: gold" in inspect(path).files[0].problems[0]
    assert inspect(path, statuses={"Gold": "pending"}).files[0].problems == ()
    with pytest.raises(InvalidInput, match="'silver' says nothing about consent"):
        inspect(path, statuses={"gold": "silver"})


def test_a_column_whose_words_say_who_left_makes_nobody_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email,kind,town\nann@a.test,regular,Removed\nben@a.test,removed,Bonn\n")

    (file,) = inspect(path).files
    assert [column.target for column in file.columns] == ["address", "status", "field:town"]
    (town,) = file.problems
    assert "'town' is taken for a field" in town  # better asked once too often
    assert (
        inspect(path, mapping={"kind": "field:kind", "town": "field:town"}).files[0].problems == ()
    )


def test_a_program_is_recognised_by_its_header(tmp_path: Path) -> None:
    header = "Email Address,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,{}LEID,EUID,TAGS\n"
    plan = inspect(
        _file(tmp_path, header.format("") + "ann@x.test,,,,,,,\n", "a.csv"),
        _file(tmp_path, header.format("CLEAN_TIME,") + "bo@x.test,,,,,,,,\n", "b.csv"),
        _file(tmp_path, header.format("UNSUB_TIME,") + "cy@x.test,,,,,,,,\n", "c.csv"),
    )
    assert [(file.system, file.standing.name) for file in plan.files] == [
        ("Mailchimp: cleaned", "SUPPRESSED"),
        ("Mailchimp: unsubscribed", "UNSUBSCRIBED"),
        ("Mailchimp: subscribed", "CONFIRMED"),
    ]


def test_the_number_of_rows_is_estimated_without_reading_them_all(tmp_path: Path) -> None:
    path = _file(
        tmp_path, "email,name\n" + "".join(f"reader{n:06}@x.test,Ann\n" for n in range(5000))
    )
    assert 4500 < inspect(path).rows < 5500


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_letters_encoded_twice_are_mended_told_and_left_where_a_person_says_so(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"list.{kind}"
    if kind == "csv":
        path.write_bytes("email,PrÃ©nom\nann@x.test,JosÃ©\nbo@x.test,\n".encode("utf-8-sig"))
    elif kind == "json":
        path.write_bytes('[{"email": "ann@x.test", "PrÃ©nom": "JosÃ©"}]'.encode())
    else:
        book = Workbook()
        for cells in (["email", "PrÃ©nom"], ["ann@x.test", "JosÃ©"]):
            book.active.append(cells)
        book.save(path)

    (file,) = inspect(path).files
    assert file.columns[1].header == "Prénom"
    assert file.problems[0].startswith("Letters were encoded twice, in at least 2 places: PrÃ©nom")
    assert _cells(path)[1] == ["ann@x.test", "José"]
    assert _cells(path, encoding="utf-8")[1] == ["ann@x.test", "JosÃ©"]
