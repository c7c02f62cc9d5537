"""Issues of every shape for property tests: all kinds of blocks, odd characters, nested lists."""

from __future__ import annotations

from datetime import date

from hypothesis import reject
from hypothesis import strategies as st

from mailer.blocks import Content, clean_body, parse_content
from mailer.errors import InvalidIssue

# Characters that mean something to Markdown, HTML, YAML or JSON, or that are easily lost.
_ODD = st.sampled_from(
    list("*_`~#>-+=|!&<>()[]{}.:;,'\"\\/ \t\x0b\x0c\x1c\x7f\x85\xa0\u200b\u2028\u2029\ufeff")
    + ["é", "ß", "日本", "سلام", "🚲", "[[first_name|friend]]", "{.button}", "-->", "<!-- text -->"]
    + [
        "&amp;",
        "&copy",
        "1. ",
        "- ",
        "## ",
        "---",
        "](",
        "**",
        " – ",
        "— ",
        "  ",
        "\x00",
        "http://a.test/",
    ]
)
_PLAIN = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["Sign the petition", "The river is clean", "Read on", "2026-12-03", "true", "null", "~"]
)
_WORDS = st.lists(_ODD | _PLAIN, max_size=6).map("".join)
LINES = _WORDS.map(lambda text: text.replace("\r", " ").replace("\n", " ")[:500])
FILLED_LINES = LINES.map(str.strip).filter(bool)

URLS = st.sampled_from(
    [
        "https://example.com/",
        "https://example.com/a(b)c?x=1&y=2&copy=3#part",
        "https://example.com/a_b*c*~d/[e]",
        "https://example.com/%20%5B?flag",
        "https://beispiel.test/straße/\\x<y>&amp;z",
        "http://user@example.com:8080/'\"",
        "mailto:info@example.com?subject=a%20b",
        "tel:+361234567",
    ]
)
MAYBE_URLS = st.none() | URLS


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


_INLINE: st.SearchStrategy[str] = st.recursive(
    _WORDS.map(_escaped) | st.just("<br>") | st.just("\n"),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        inner.map(lambda html: f"<strong>{html}</strong>"),
        inner.map(lambda html: f"<em>{html}</em>"),
        st.tuples(URLS, inner).map(
            lambda pair: '<a href="{}">{}</a>'.format(
                pair[0].replace("&", "&amp;").replace('"', "&quot;"), pair[1]
            )
        ),
    ),
    max_leaves=6,
)
_PARAGRAPH = _INLINE.map(lambda html: f"<p>{html}</p>")


def _lists_of(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    entry = st.lists(_INLINE | inner, min_size=1, max_size=3).map("".join)
    entries = st.lists(entry.map(lambda html: f"<li>{html}</li>"), min_size=1, max_size=3)
    return st.tuples(st.sampled_from(["ul", "ol"]), entries).map(
        lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>"
    )


_BLOCKS_OF_TEXT = st.recursive(_PARAGRAPH, _lists_of, max_leaves=5)
# Also tags that fit nowhere: what clean_body makes of them is valid and has to survive.
_SOUP = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<ul>", "</ul>", "<ol>", "<li>", "</li>", "<em>", "</em>", "<strong>"]
        + ["</strong>", "<br>", "<a href='https://example.com'>", "</a>", "<a>", "x", " ", "\n"]
        + ["&#13;", "&nbsp;", "<div>", "</div>", "<pre>", "<b>", "<!--", "-->", "<table><td>"]
    ),
    max_size=10,
).map("".join)


def _clean(html: str) -> str:
    try:
        return clean_body(html)
    except ValueError:
        return ""


BODIES = (st.lists(_BLOCKS_OF_TEXT, max_size=4).map("".join) | st.just("") | _SOUP).map(_clean)
_BUTTONS = st.none() | st.fixed_dictionaries({"label": FILLED_LINES, "url": MAYBE_URLS})
_ITEMS = st.lists(
    st.fixed_dictionaries({"title": FILLED_LINES, "url": MAYBE_URLS, "note": LINES}), max_size=4
)
_DATES = st.none() | st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)).map(str)
_IDS = st.sampled_from(["", "", "a", "river-3", "-x_", "--", "A-"])
_CHANNELS = st.lists(
    st.sampled_from(["email", "whatsapp", "mastodon", "telegram"]), unique=True, max_size=4
)


def _block(kind: str, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({"kind": st.just(kind), "id": _IDS, **fields})


BLOCKS = st.one_of(
    _block("update", headline=LINES, body=BODIES, button=_BUTTONS),
    _block("actions", headline=LINES, body=BODIES, items=_ITEMS),
    _block("urgent", headline=LINES, body=BODIES, deadline=_DATES, button=_BUTTONS),
    _block(
        "response",
        headline=LINES,
        who=LINES,
        role=LINES,
        quote=BODIES,
        view=BODIES,
        button=_BUTTONS,
    ),
    _block(
        "media",
        media=st.sampled_from(["image", "video"]),
        headline=LINES,
        image=MAYBE_URLS,
        alt=LINES,
        url=MAYBE_URLS,
        body=BODIES,
        button=_BUTTONS,
    ),
    _block("text", body=BODIES),
    _block("share", headline=LINES, body=BODIES, url=MAYBE_URLS, message=LINES, channels=_CHANNELS),
    _block("divider"),
)


def _valid(fields: object) -> Content:
    try:
        return parse_content(fields)
    except InvalidIssue:
        reject()


CONTENTS: st.SearchStrategy[Content] = st.fixed_dictionaries(
    {
        "subject": FILLED_LINES,
        "preheader": LINES,
        "title": LINES,
        "language": st.sampled_from(["en", "fa", "pt-BR", "zh-Hant"]),
        "blocks": st.lists(BLOCKS, max_size=4),
    }
).map(_valid)
