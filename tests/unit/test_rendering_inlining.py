"""Inlining loses nothing: what cannot be carried over is refused, the rest comes out as it went in."""

from __future__ import annotations

import pytest
from lxml import html as lxml_html

from mailer.errors import ConfigurationError, InvalidIssue
from mailer.rendering.inlining import inline

PAGE = "<!DOCTYPE html>\n<html><head><title>T</title>{head}</head><body>{body}</body></html>"


def page(body: str, head: str = "<style>p { color: #112233; }</style>") -> str:
    return PAGE.format(head=head, body=body)


def test_styles_move_into_the_elements_and_leave_the_head() -> None:
    out = inline(page("<p>Hi</p>"))

    assert '<p style="color:#112233">Hi</p>' in out
    assert "<style" not in out


def test_the_kept_sheet_stays_byte_by_byte() -> None:
    kept = "@media (max-width: 480px) { p{color:red} } [class*=x] > p { --a: 1 } @font-face { }"
    out = inline(page("<p>Hi</p>", f'<style data-premailer="ignore">{kept}</style>'))

    assert f"<style>{kept}</style>" in out


@pytest.mark.parametrize(
    "doctype", ["<!doctype html>", "\ufeff<!DOCTYPE html>", "<!-- x -->\n<!Doctype html>"]
)
def test_the_doctype_is_kept_however_it_is_written(doctype: str) -> None:
    out = inline(page("<p>Hi</p>").replace("<!DOCTYPE html>", doctype))
    assert out.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    "url",
    [
        "https://a.test/ü?a=[1]&amp;b=%20|{x}",
        "https://m.test/c/[[token]]/1",
        "mailto:a@b.test?subject=a%20b",
        "",
    ],
)
def test_addresses_come_out_as_they_went_in(url: str) -> None:
    assert f'<a href="{url}">x</a>' in inline(page(f'<a href="{url}">x</a>'))


@pytest.mark.parametrize("words", ["&lt;!--&gt; x", "a &lt;b&gt; c", "&lt;!-- --&gt;"])
def test_words_in_attributes_come_out_escaped_as_they_went_in(words: str) -> None:
    page = f'<!DOCTYPE html><html><body><p>Before</p><img src="x" alt="{words}"><p>After</p></body></html>'

    assert f'alt="{words}"' in inline(page)


def test_words_that_look_like_our_marks_or_like_markup_stay_words() -> None:
    body = '<p>href="x0" src="y" &lt;a href="z"&gt; [[name|A &amp; B]]</p>'
    before, after = (
        lxml_html.document_fromstring(text) for text in (page(body), inline(page(body)))
    )

    assert after.xpath("string(//p)") == before.xpath("string(//p)")


def test_letters_that_mail_programs_trip_over_are_written_as_entities() -> None:
    assert "&copy;&nbsp;2026&zwnj;&#847;" in inline(page("<p>\u00a9\u00a02026\u200c\u034f</p>"))


@pytest.mark.parametrize(
    "css",
    [
        '@import "https://a.test/x.css";',
        "@\\69mport 'https://a.test/x.css';",
        "/* x */ @media print { p { color: red } }",
        "@font-face { font-family: x }",
    ],
)
def test_rules_that_cannot_be_inlined_are_refused(css: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be inlined"):
        inline(page("<p>Hi</p>", f"<style>{css}</style>"))


def test_linked_style_sheets_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot link style sheets"):
        inline(page("", '<link rel="stylesheet" href="https://a.test/x.css">'))


def test_an_at_sign_in_a_comment_or_a_string_is_no_rule() -> None:
    assert inline(page("<p>Hi</p>", "<style>/* @import */ p { font-family: '@x' }</style>"))


@pytest.mark.parametrize(
    "inner", ["<table><tr><td>x</td></tr></table>", "<p>x</p>", "<b><div>x</div></b>"]
)
def test_a_link_around_a_block_is_refused_since_it_would_be_emptied(inner: str) -> None:
    with pytest.raises(ConfigurationError, match="inside a link"):
        inline(page(f'<a href="https://a.test/">{inner}</a>'))


def test_too_many_levels_are_refused_and_many_are_kept() -> None:
    assert "deep" in inline(page("<div>" * 190 + "deep" + "</div>" * 190))
    with pytest.raises(InvalidIssue, match="More than 200 elements"):
        inline(page("<div>" * 260 + "deep" + "</div>" * 260))


def test_conditional_comments_for_outlook_stay_as_they_are() -> None:
    comment = '<!--[if mso]><v:rect href="https://a.test/ü"><table><tr><td><![endif]-->'
    assert comment in inline(page(f"{comment}<p>Hi</p><!--[if mso]></td></tr></table><![endif]-->"))
