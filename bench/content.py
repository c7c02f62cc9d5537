"""The measured issue: 15 KB of HTML and 5 KB of text with 20 tracked links."""

from __future__ import annotations

import random

BASE_URL = "https://mail.river.test"
_WORDS = [
    "river",
    "council",
    "petition",
    "meadow",
    "harbour",
    "letter",
    "minister",
    "march",
    "signature",
    "water",
    "bridge",
    "school",
    "forest",
    "hearing",
    "vote",
    "report",
    "café",
    "Zürich",
    "naïve",
    "“clean”",
    "neighbours",
    "drinking",
    "local",
    "summer",
]
_random = random.Random(7)


def _sentence(words: int) -> str:
    return " ".join(_random.choice(_WORDS) for _ in range(words)).capitalize() + "."


def rendition() -> tuple[str, str, str]:
    """Subject, HTML and text, with a reader's marks where a real issue has them."""
    html, text = [], []
    for number in range(1, 21):
        title, body = _sentence(6), _sentence(33)
        url = f"{BASE_URL}/c/[[token]]/{number}"
        html.append(
            f'<tr><td style="padding:12px 24px 12px 24px;font-family:Helvetica,Arial,sans-serif">'
            f'<h2 style="font-size:20px;color:#113355;margin:0 0 8px 0">{title}</h2>'
            f'<p style="line-height:1.5;color:#333333;margin:0 0 12px 0">{body}</p>'
            f'<a style="color:#0a58ca;font-weight:bold" href="{url}">{title}</a></td></tr>\n'
        )
        text.append(f"{title.upper()}\n\n{body[:120]}\n\n{url}\n")
    leave = f"{BASE_URL}/u/[[token]]"
    return (
        "Summer issue: twenty things to do",
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Summer</title></head>'
        '<body><p>Hello [[first_name|friend]],</p><table role="presentation" width="100%">'
        f'{"".join(html)}</table><p><a href="{leave}">Unsubscribe</a></p></body></html>\n',
        f"Hello [[first_name|friend]],\n\n{chr(10).join(text)}\n-- \nUnsubscribe: {leave}\n",
    )
