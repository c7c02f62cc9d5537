"""HTML, also what other systems sent, becomes an issue without their trackers and footers."""

from __future__ import annotations

import pytest

from mailer.blocks import Actions, Media, Update
from mailer.composing.importing import Imported, read_issue
from mailer.errors import InvalidFile

SENT = """<!DOCTYPE html>
<html lang="de"><head><title>Flussbrief im Mai</title><style>p{color:red}</style></head>
<body>
<div style="display:none;max-height:0">Das Wehr ist offen. &#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;</div>
<table><tr><td><a href="https://example.com/"><img src="https://example.com/logo.png" alt="Flusswacht" width="200"></a></td></tr>
<tr><td><h1>Das Wehr ist offen</h1>
<p>Der <b>erste</b> Fisch kam um <i>sechs</i>.<br>Alle waren da.</p>
<a class="button" href="https://click.example.com/ls/click?upn=abc">Zum Bericht</a></td></tr>
<tr><td><h2>Lesenswert</h2><ul>
<li><a href="https://example.com/a"><b>Wie Wehre wirken</b></a><br>Ein Überblick.</li>
<li><a href="https://example.com/b">Reiher im Mai</a></li></ul></td></tr>
<tr><td><p style="font-size:28px">Termine</p><p>Am 3. Mai gehen wir.</p>
<img src="bilder/reiher.jpg" alt="Ein Reiher"></td></tr>
<tr><td><p>© 2031 Flusswacht e.V.</p><p><a href="*|UNSUB|*">Newsletter abmelden</a></p><p>Mühlweg 1, Auental</p></td></tr>
</table>
<img src="https://t.example.net/open.gif" width="1" height="1">
<script>steal()</script>
</body></html>
"""


def imported() -> Imported:
    return read_issue(SENT.encode(), filename="sent.html")


class TestSentHtml:
    def test_facts_come_from_the_page(self) -> None:
        content = imported().content
        assert content.subject == "Flussbrief im Mai"
        assert content.preheader == "Das Wehr ist offen."
        assert content.language == "de"

    def test_layout_tables_become_blocks(self) -> None:
        logo, weir, reading, dates, heron, *_ = imported().content.blocks
        assert isinstance(logo, Media)
        assert (logo.image, logo.url) == ("https://example.com/logo.png", "https://example.com/")
        assert isinstance(weir, Update)
        assert weir.body == (
            "<p>Der <strong>erste</strong> Fisch kam um <em>sechs</em>.<br>Alle waren da.</p>"
        )
        assert weir.button is not None
        assert weir.button.label == "Zum Bericht"
        assert isinstance(reading, Actions)
        assert (reading.items[0].title, reading.items[0].note) == (
            "Wie Wehre wirken",
            "Ein Überblick.",
        )
        assert isinstance(dates, Update)
        assert dates.headline == "Termine"
        assert isinstance(heron, Media)
        assert (heron.image, heron.alt) == (None, "Ein Reiher")

    def test_counting_links_are_kept_as_they_are_and_named(self) -> None:
        result = imported()
        weir = result.content.blocks[1]
        assert isinstance(weir, Update)
        assert weir.button is not None
        assert weir.button.url == "https://click.example.com/ls/click?upn=abc"
        assert any("click counter" in n and "click.example.com" in n for n in result.notes)

    def test_pictures_without_an_address_are_asked_for(self) -> None:
        assert "blocks.4.image: Ein Reiher" in imported().missing
        assert any("bilder/reiher.jpg" in note for note in imported().notes)

    def test_trackers_scripts_and_footers_go_with_a_note(self) -> None:
        result = imported()
        notes = "\n".join(result.notes)
        assert "open.gif" in notes
        assert "<script>" in notes
        assert "Newsletter abmelden" in notes
        assert "steal" not in str(result.content)
        assert "abmelden" not in str(result.content)

    def test_words_behind_the_end_of_the_page_are_not_lost(self) -> None:
        html = "<html><body><p>Inside.</p></body></html><p>Added by the list.</p>"
        assert "Added by the list." in str(read_issue(html).content)


class TestOddHtml:
    def test_kept_spaces_part_paragraphs(self) -> None:
        html = '<html><title>T</title><div style="white-space: pre-wrap">One.\n\nTwo\nlines.</div>'
        assert read_issue(html).content.blocks[0].model_dump()["body"] == (
            "<p>One.</p><p>Two<br>lines.</p>"
        )

    def test_deeply_nested_words_are_not_cut(self) -> None:
        html = "<html><title>T</title>" + "<div>" * 2000 + "deep" + "</div>" * 2000 + "<p>after"
        body = str(read_issue(html).content.blocks)
        assert "deep" in body
        assert "after" in body

    def test_what_no_parser_follows_is_refused_and_not_cut(self) -> None:
        with pytest.raises(InvalidFile, match="nested more than"):
            read_issue("<html>" + "<div>" * 5000 + "deep")

    def test_icons_are_links_with_words(self) -> None:
        html = '<html><title>T</title><p>Hello all.</p><a href="https://social.example.com/us"><img src="x.png" width="24" alt="Social"></a>'
        assert '<a href="https://social.example.com/us">Social</a>' in str(
            read_issue(html).content.blocks
        )

    def test_the_language_is_guessed_from_the_script(self) -> None:
        result = read_issue(
            "<html><p>این یک خبرنامه درباره رودخانه و پل است و گزارش ما را می‌گوید.</p>"
        )
        assert result.content.language == "fa"
        assert any("guessed from the script" in note for note in result.notes)


def test_the_lists_of_word_and_the_looks_of_google_docs_are_kept() -> None:
    item = (
        "<p class=MsoListParagraph style='mso-list:l0'><![if !supportLists]><span>{}<span>&nbsp; "
        "</span></span><![endif]>{}</p>"
    )
    bullets = item.format("·", "First thing") + item.format("·", "Second <b>thing</b>")
    numbers = item.format("1.", "Sit") + item.format("2.", "Stay")
    docs = (
        '<b style="font-weight:normal"><p><span style="font-weight:700">Bold</span> and '
        '<span style="font-style:italic">slanted</span></p></b>'
    )
    page = f"<title>T</title><h2>News</h2><p>Words</p>{bullets}<p>More</p>{numbers}{docs}"
    said = str(read_issue(page, filename="pasted.html").content.model_dump())
    assert "<ul><li>First thing</li><li>Second <strong>thing</strong></li></ul>" in said
    assert "<ol><li>Sit</li><li>Stay</li></ol>" in said
    assert "<p><strong>Bold</strong> and <em>slanted</em></p>" in said
    assert "·" not in said
