"""Every web address of an issue has a number; nothing else has one."""

from __future__ import annotations

import pytest

from mailer.links import LinkPolicy, LinkTable
from mailer.utm import UtmTags

BASE = "https://mail.river.test"
TAGS = UtmTags(source="river", campaign="weir")
UTM = "utm_source=river&utm_medium=email&utm_campaign=weir&utm_content=plan-1"


def table(*, track: bool = True, utm: UtmTags | None = TAGS) -> LinkTable:
    return LinkTable(LinkPolicy(BASE, track=track, utm=utm))


def href(links: LinkTable, url: str) -> str:
    return links.href(url, label="The plan", role="action", block="plan-1", block_position=1)


def test_a_counted_link_names_a_number_and_the_table_where_it_leads() -> None:
    links = table()

    assert href(links, "https://a.test/x#y") == f"{BASE}/c/[[token]]/1"
    (link,) = links.links
    assert link.url == f"https://a.test/x?{UTM}#y"
    assert (link.label, link.role, link.block, link.block_position) == (
        "The plan",
        "action",
        "plan-1",
        1,
    )


def test_the_same_address_twice_is_two_calls() -> None:
    links = table()
    first, second = href(links, "https://a.test"), href(links, "https://a.test")

    assert first != second
    assert [link.number for link in links.links] == [1, 2]


def test_counting_and_tagging_are_switched_independently() -> None:
    assert href(table(track=False), "https://a.test/x") == f"https://a.test/x?{UTM}"
    assert href(table(track=False, utm=None), "https://a.test/x") == "https://a.test/x"
    counted = table(utm=None)
    assert href(counted, "https://a.test/x") == f"{BASE}/c/[[token]]/1"
    assert counted.links[0].url == "https://a.test/x"


@pytest.mark.parametrize("url", ["mailto:a@b.test?subject=x", "tel:+49228", "#top"])
def test_what_is_no_web_address_stays_and_gets_no_number(url: str) -> None:
    links = table()
    assert href(links, url) == url
    assert links.links == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://signal.me/#p/+491",
        "https://t.me/+AbCd",
        "https://t.me/joinchat/AbCd",
        "https://www.facebook.com/sharer/sharer.php?u=x",
        f"{BASE}/u/abc",
        f"{BASE}/p/abc",
    ],
)
def test_addresses_that_a_tag_would_break_are_counted_but_not_tagged(url: str) -> None:
    links = table()
    href(links, url)
    assert links.links[0].url == url


@pytest.mark.parametrize(
    "url", ["https://t.me/rivernews", "https://facebook.com/river", "https://notsignal.me/"]
)
def test_their_neighbours_are_tagged(url: str) -> None:
    links = table()
    href(links, url)
    assert links.links[0].url == f"{url}?{UTM}"


def test_hosts_can_be_added_with_all_their_subdomains() -> None:
    links = LinkTable(
        LinkPolicy(BASE, track=True, utm=TAGS, untouched_hosts=frozenset({"Signed.test"}))
    )
    href(links, "https://files.signed.test/a?signature=1")
    assert links.links[0].url == "https://files.signed.test/a?signature=1"


def test_what_is_shared_is_tagged_as_shared_and_is_the_same_for_everyone() -> None:
    links = table()
    assert links.shared("https://a.test/x", block="plan-1") == (
        "https://a.test/x?utm_source=river&utm_medium=share&utm_campaign=weir&utm_content=plan-1"
    )
    assert links.links == ()


def test_a_conflict_of_tags_is_kept_with_the_link() -> None:
    links = table()
    href(links, "https://a.test/?utm_source=fb")
    assert links.links[0].conflicts == ("utm_source is 'fb', not 'river'",)
