"""What is in the files people bring: tables as text, workbooks, archives of both; or what is not."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from mailer.addresses import tidy_name
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_LARGEST = 4 << 30  # unpacked: a small archive can hold endless zeros
_LARGEST_WORKBOOK = 512 << 20
_LARGE, _DENSEST = 64 << 20, 300
_TABLES = (".csv", ".tsv", ".txt", ".tab", ".json", ".jsonl", ".ndjson")
_SIGNS = (
    (b"\xd0\xcf\x11\xe0", Sentence("an old Excel file (.xls) or a workbook with a password")),
    (b"%PDF", Sentence("a PDF")),
    (b"\x1f\x8b", Sentence("a gzip archive")),
    (b"7z\xbc\xaf", Sentence("a 7-Zip archive")),
    (b"Rar!", Sentence("a RAR archive")),
    (b"SQLite format 3", Sentence("a database")),
    (b"\x89PNG", Sentence("a picture")),
    (b"\xff\xd8\xff", Sentence("a picture")),
    (b"PAR1", Sentence("a Parquet file")),
    (b"MIME-Version:", Sentence("a web archive or a mail")),
    (b"Received:", Sentence("a mail")),
    (b"Return-Path:", Sentence("a mail")),
    (b"From:", Sentence("a mail")),
    (b"Delivered-To:", Sentence("a mail")),
    (b"INSERT INTO", Sentence("a database dump (SQL)")),
    (b"CREATE TABLE", Sentence("a database dump (SQL)")),
    (b"-- ", Sentence("a database dump (SQL)")),
    (b"dn:", Sentence("an address book (LDIF)")),
    (b"BEGIN:VCALENDAR", Sentence("a calendar")),
    (b"BEGIN:VCARD", Sentence("an address book (vCard)")),
    (b"{\\rtf", Sentence("a text document")),
    (b"<?xml", Sentence("an XML file")),
    (b"<!doctype", Sentence("a web page")),
    (b"<html", Sentence("a web page")),
    (b"<table", Sentence("a web page")),
    (b"<div", Sentence("a web page")),
    (b"<!--", Sentence("a web page")),
    (b"<meta", Sentence("a web page")),
)
# … or further below, behind comments and settings.
_LINES = (
    (re.compile(rb"^\s*(?:INSERT INTO|CREATE TABLE|COPY \S+ .*FROM stdin|DROP TABLE)\b", re.MULTILINE | re.IGNORECASE),
     Sentence("a database dump (SQL)")),
    (re.compile(rb"^dn::? ", re.MULTILINE | re.IGNORECASE), Sentence("an address book (LDIF)")),
    (re.compile(rb"^BEGIN:VCARD", re.MULTILINE | re.IGNORECASE), Sentence("an address book (vCard)")),
)  # fmt: skip
_MAILBOX = re.compile(rb"From \S+@")  # of the line before each mail of a mailbox
_BLANK = b"\xef\xbb\xbf \t\r\n"
_JSON = re.compile(rb"\{|\[\s*[\[{\]\"]|\[\s*$")  # an object, or a list of something


@dataclass(frozen=True, slots=True)
class Source:
    """One table to read: a file, or a member of an archive."""

    name: str
    path: Path
    member: str | None = None
    workbook: bool = False

    def open(self) -> IO[bytes]:
        """Its bytes from the beginning; the caller closes it."""
        if self.member is None:
            return self.path.open("rb")
        archive = zipfile.ZipFile(self.path)
        stream = archive.open(self.member)
        if self.workbook:
            with archive, stream:
                return io.BytesIO(stream.read(_LARGEST_WORKBOOK))
        archive.close()  # the member keeps the file open until it is closed itself
        return stream

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        if self.member is None:
            return self.path.stat().st_size
        with zipfile.ZipFile(self.path) as archive:
            return archive.getinfo(self.member).file_size


def find_sources(path: Path) -> tuple[list[Source], list[str]]:
    """The tables in the file at *path*, and what was left out of it; ``InvalidFile``."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except IsADirectoryError as error:
        raise InvalidFile("{file} is a folder; name the files in it.", file=path.name) from error
    except FileNotFoundError as error:
        raise InvalidFile("There is no file {path}.", path=path) from error
    except OSError as error:
        raise InvalidFile(
            "{file} cannot be read: {problem}.", file=path.name, problem=error.strerror
        ) from error
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        require_table(head, path.name)
        return [Source(tidy_name(path.name), path)], []
    try:
        return _of_archive(path)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise InvalidFile(
            "{file} is a damaged archive or workbook ({problem}); fetch or save it again.",
            file=path.name,
            problem=tidy_name(str(error)),
        ) from error


def require_table(head: bytes, name: str) -> None:
    """``InvalidFile`` when the first bytes are those of something that is no table."""
    if not head.strip():
        raise InvalidFile("{name} is empty; export the list of readers again.", name=name)
    kind = _kind_of(head)
    if kind is not None:
        raise InvalidFile(
            "{name} is {kind}; save the list as CSV or .xlsx and bring that.", name=name, kind=kind
        )


def _kind_of(head: bytes) -> str | None:
    """What a file is that is no table, by its first bytes; ``None``: a table, as it seems."""
    start = head.lstrip(_BLANK)[:100]
    for sign, kind in _SIGNS:
        if start.lower().startswith(sign.lower()) or (sign == b"From:" and _MAILBOX.match(start)):
            return kind
    return next((kind for line, kind in _LINES if line.search(head[:4096])), None)


def is_json(source: Source) -> bool:
    """Whether it begins as a JSON object does, or a list of something."""
    with source.open() as stream:
        return _JSON.match(stream.read(4096).lstrip(_BLANK)) is not None


def _of_archive(path: Path) -> tuple[list[Source], list[str]]:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        names = {member.filename for member in members}
        if sum(member.file_size for member in members) > _LARGEST:
            raise InvalidFile(
                "{file} unpacks to more than 4 GB; bring its files one by one.", file=path.name
            )
        if any(member.file_size > _LARGE and member.file_size > _DENSEST * member.compress_size
               for member in members):  # fmt: skip
            raise InvalidFile(
                "{file} unpacks to hundreds of times its size, as no list does; bring its files "
                "one by one.",
                file=path.name,
            )
        if any(member.flag_bits & 0x1 for member in members):
            raise InvalidFile(
                "{file} has a password; unpack it and bring the files in it.", file=path.name
            )
        if broken := archive.testzip():
            raise zipfile.BadZipFile(f"{tidy_name(broken)} in it cannot be unpacked")
        if "xl/workbook.xml" in names:
            return [Source(path.name, path, workbook=True)], []
        if "mimetype" in names and b"opendocument" in archive.read("mimetype"):
            raise InvalidFile("{file} is OpenDocument; save it as .xlsx or CSV.", file=path.name)
        return _tables(path, archive, members)


def _tables(
    path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]
) -> tuple[list[Source], list[str]]:
    found: list[Source] = []
    left_out: list[str] = []
    for member in sorted(members, key=lambda member: member.filename):
        name = PurePosixPath(tidy_name(member.filename))
        if name.name.startswith(".") or "__MACOSX" in name.parts:
            continue
        if name.suffix.lower() not in (*_TABLES, ".xlsx"):
            left_out.append(
                Sentence(
                    "{file} in {archive} is no table and was left out.",
                    file=name.name,
                    archive=path.name,
                )
            )
        elif member.file_size == 0:
            left_out.append(
                Sentence("{file} in {archive} is empty.", file=name.name, archive=path.name)
            )
        else:
            workbook = name.suffix.lower() == ".xlsx"
            if not workbook:
                with archive.open(member) as stream:
                    require_table(stream.read(4096), f"{name.name} in {path.name}")
            found.append(Source(name.name, path, member.filename, workbook))
    if not found:
        raise InvalidFile(
            "{file} holds no CSV or .xlsx file; save the list as one of these and bring that.",
            file=path.name,
        )
    return found, left_out
