"""Sentences are ordinary English strings, and can be said again in another language."""

from __future__ import annotations

import copy
import pickle

import pytest

from mailer.errors import Conflict, InvalidInput, InvalidIssue, InvalidRule, NotFound
from mailer.rules.parsing import parse
from mailer.sentences import Counted, Sentence, Several, kept, parts_of, told
from mailer.web.languages import Speech, speaking, spoken

TOO_SHORT = InvalidInput("The password is too short; use {least} characters or more.", least=12)


def test_everybody_but_pages_has_english() -> None:
    assert str(TOO_SHORT) == "The password is too short; use 12 characters or more."
    assert TOO_SHORT.sentence == str(TOO_SHORT)
    assert str(NotFound("Nothing is in {braces}.")) == "Nothing is in {braces}."


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The password is too short; use 12 characters or more."),
        ("ja", "パスワードが短すぎます。12 文字以上にしてください。"),
        ("fa", "گذرواژه بسیار کوتاه است؛ ۱۲ نویسه یا بیشتر به کار ببرید."),
    ],
)
def test_a_page_says_it_in_its_language_with_its_digits(language: str, words: str) -> None:
    with speaking(Speech(language)):
        assert spoken(TOO_SHORT.sentence) == words


def test_a_sentence_within_a_sentence_is_said_too() -> None:
    inner = InvalidIssue("this is not a web address", place="blocks.3.url")
    with speaking(Speech("ja")):
        assert spoken(inner.sentence) == "blocks.3.url：これはウェブアドレスではありません"
        with pytest.raises(InvalidRule) as caught:
            parse("tag is")
        assert spoken(caught.value.sentence).startswith("条件の 7 文字目が読めません")
    assert str(inner) == "blocks.3.url: this is not a web address"


def test_words_of_another_direction_keep_their_own() -> None:
    """Unicode's isolates (UAX 9) stand around a value among words from right to left."""
    error = Conflict("{address} has an account already.", address="ann@example.com")
    with speaking(Speech("fa")):
        assert spoken(error.sentence).startswith("\u2068ann@example.com\u2069 ")
    with speaking(Speech("ja")):
        assert spoken(error.sentence).startswith("ann@example.com ")


def test_things_are_counted() -> None:
    one, many = "{n} block", "{n:,} blocks"
    assert Counted(one, many, n=1) == "1 block"
    assert Counted(one, many, n=1200) == "1,200 blocks"
    missing = "{n:,} of the subscribers have no {name} and would be skipped; "
    missing += "give a default, as in [[{name}|friend]]."
    said = Counted(missing.replace("{n:,}", "{n}").replace("have", "has"), missing, n=2, name="x")
    with speaking(Speech("ja")):
        assert spoken(said) == (
            "購読者のうち 2 人は x がなく、送られません。[[x|友人]] のように既定の言葉を書いてください。"
        )


def test_what_leaves_the_process_is_an_ordinary_string() -> None:
    said = Counted("{n} link", "{n} links", n=2)
    for other in (pickle.loads(pickle.dumps(said)), copy.deepcopy(said)):  # noqa: S301  # ours
        assert type(other) is str
        assert other == "2 links"
    assert Sentence("{n}", n=1).values == {"n": 1}


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence("Nothing is in {braces}."),
        TOO_SHORT.sentence,
        Counted("{n} link is", "{n:,} links are", n=2_000),
        InvalidIssue("this is not a web address", place="blocks.3.url").sentence,
        Several([TOO_SHORT.sentence, "plain words"]),
    ],
)
@pytest.mark.parametrize("language", ["en", "fa", "ja"])
def test_what_is_kept_can_be_said_in_every_language(sentence: Sentence, language: str) -> None:
    again = told(kept(sentence))
    assert again == sentence
    with speaking(Speech(language)):
        assert spoken(again) == spoken(sentence)


@pytest.mark.parametrize("text", ["", "paused by hand", '{"say":', '{"say": 5}'])
def test_text_that_was_kept_before_sentences_were_is_what_it_is(text: str) -> None:
    assert told(text) == told(kept(text)) == text


def test_words_side_by_side_are_told_apart_again() -> None:
    both = Several(["one; two", Sentence("three")])
    assert (both, parts_of(both)) == ("one; two; three", ("one; two", "three"))
    assert (parts_of("alone; here"), parts_of("")) == (("alone; here",), ())
