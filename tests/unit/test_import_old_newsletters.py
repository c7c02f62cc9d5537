"""Old newsletters as programs keep them: saved mails, sources of site builders, old encodings."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage

import pytest

from mailer.blocks import Media
from mailer.composing.importing import Imported, read_issue

PLAIN = "Dear friends,\n\nthe weir is open.\n"
HTML = '<h2>The weir</h2><p>It is – <a href="https://example.com/plan?a=1&amp;b=2">open</a>.</p>'


def bodies(read: Imported) -> list[str]:
    return [block.model_dump().get("body", "") for block in read.content.blocks]


def saved(*, html: bool, attached: bool = False) -> bytes:
    mail = EmailMessage()
    mail["Received"] = "by mx.test; Sun, 1 Mar 2026 10:00:02 +0000"
    mail["From"] = "River Watch <news@river.test>"
    mail["Subject"] = "Nouvelles de la rivière"
    mail["Date"] = "Sun, 01 Mar 2026 10:00:00 +0000"
    mail.set_content(PLAIN)
    if html:
        mail.add_alternative(HTML, subtype="html", cte="quoted-printable")
    if attached:
        mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="plan.pdf")
    return mail.as_bytes()


@pytest.mark.parametrize("filename", ["old.eml", "old.txt", ""])
@pytest.mark.parametrize("opening", [b"", b"From news@river.test Sun Mar  1 10:00:02 2026\n"])
def test_a_saved_mail_is_read_by_its_parts(filename: str, opening: bytes) -> None:
    read = read_issue(opening + saved(html=True, attached=True), filename=filename)

    assert read.content.subject == "Nouvelles de la rivière"
    assert read.date == date(2026, 3, 1)
    assert bodies(read) == [
        '<p>It is – <a href="https://example.com/plan?a=1&amp;b=2">open</a>.</p>'
    ]
    assert "plan.pdf" in "\n".join(read.notes)


def test_a_mail_without_html_is_read_as_text_and_a_text_that_names_its_subject_is_no_mail() -> None:
    mail, text = (
        read_issue(saved(html=False)),
        read_issue(f"Subject: News\nDate: 2026-03-01\n\n{PLAIN}"),
    )

    assert bodies(mail) == bodies(text) == ["<p>Dear friends,</p><p>the weir is open.</p>"]
    assert text.content.subject == "News"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Дорогие друзья,\n\nплотина открыта. Спасибо всем, кто помогал нам.\n", "koi8-r"),
        ("Дорогие друзья,\n\nплотина открыта. Спасибо всем, кто помогал нам.\n", "cp1251"),
        ("Drodzy przyjaciele,\n\nśluza jest już otwarta. Dziękujemy!\n", "cp1250"),
        ("亲爱的朋友们：\n\n水闸已经打开。感谢大家的支持与帮助！\n", "gbk"),
        ("皆さん、こんにちは。\n\n堰が開きました。ありがとうございました。\n", "shift_jis"),
        ("여러분 안녕하세요.\n\n보가 열렸습니다. 감사합니다.\n", "euc-kr"),
        ("Dear friends,\n\nthe weir is open.\n", "utf-16-le"),
        ("Dear friends,\n\nthe weir is open.\n", "utf-16-be"),
    ],
)
def test_text_in_an_old_encoding_that_nobody_names_is_known_by_its_words(
    text: str, encoding: str
) -> None:
    read = read_issue(text.encode(encoding), filename="old.txt")
    said = read.content.subject + "".join(bodies(read))

    for line in text.split("\n\n"):
        assert line.strip() in said


def test_hugos_front_matter_and_commands_are_understood() -> None:
    text = """\
+++
title = "River news"
date = 2026-03-01T10:00:00Z
draft = false
+++

Dear friends.

{{< figure src="https://example.com/fish.jpg" alt="A fish" >}}

Read [the plan]({{< ref "plan.md" >}}) and [more](https://example.com/more).[^1]

{{< subscribe form="x" >}}

[^1]: It was long.
"""
    read = read_issue(text, filename="index.md")
    _, picture = read.content.blocks

    assert (read.content.subject, read.date) == ("River news", date(2026, 3, 1))
    assert isinstance(picture, Media)
    assert (picture.image, picture.alt) == ("https://example.com/fish.jpg", "A fish")
    assert picture.body == (
        '<p>Read the plan and <a href="https://example.com/more">more</a>.[1]</p>'
        "<p>[1]: It was long.</p>"
    )
    assert "subscribe" in "\n".join(read.notes)


def test_a_picture_whose_address_a_command_makes_is_missing_not_lost() -> None:
    read = read_issue('# News\n\n![A fish]({{ "/fish.jpg" | relative_url }})\n')

    assert any("image" in place for place in read.missing)
    assert "fish.jpg" in "\n".join(read.notes)


def test_the_source_of_a_mail_in_mjml_is_read() -> None:
    text = (
        "<mjml><mj-head><mj-title>River news</mj-title><mj-preview>It is open</mj-preview>"
        "<mj-style>a > b {color: red}</mj-style></mj-head><mj-body><mj-section><mj-column>"
        '<mj-image src="https://example.com/fish.jpg" alt="A fish" /><mj-text font-size="9px">'
        '<p>Dear friends.</p></mj-text><mj-button href="https://example.com/sign">Sign</mj-button>'
        "</mj-column></mj-section></mj-body></mjml>"
    )

    read = read_issue(text, filename="old.mjml")
    [picture] = read.content.blocks

    assert (read.content.subject, read.content.preheader) == ("River news", "It is open")
    assert isinstance(picture, Media)
    assert (picture.image, picture.body) == ("https://example.com/fish.jpg", "<p>Dear friends.</p>")
    assert picture.button is not None
    assert picture.button.url == "https://example.com/sign"


def test_buttons_of_components_keep_their_address() -> None:
    read = read_issue('<p>Now: <Button href="https://example.com/sign">the letter</Button></p>')

    assert bodies(read) == ['<p>Now: <a href="https://example.com/sign">the letter</a></p>']


def test_the_text_part_that_mailchimp_makes_keeps_its_headlines_and_loses_its_footer() -> None:
    text = """\
** River news
------------------------------------------------------------

Dear friends, the weir is open after years of waiting.

** Walk on Sunday
------------------------------------------------------------

We meet at the mill.

============================================================
Copyright © 2026 River Watch, All rights reserved.

Unsubscribe from this list (https://river.us1.list-manage.com/unsubscribe?u=1)
"""
    read = read_issue(text, filename="old.txt")

    assert read.content.subject == "River news"
    assert "Walk on Sunday" in [block.model_dump().get("headline") for block in read.content.blocks]
    assert "Copyright" not in "".join(bodies(read))
    assert "Copyright" in "\n".join(read.notes)
