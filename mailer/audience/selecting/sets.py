"""Sets of people that other tables know: who has a tag, who clicked, who got an issue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select

from mailer.audience.selecting.membership import Ids, People
from mailer.audience.selecting.texts import Columns
from mailer.audience.selecting.vocabulary import Vocabulary
from mailer.database.tables import (
    Click,
    Consent,
    Delivery,
    Fate,
    IssueLink,
    Open,
    SubscriberTag,
    Subscription,
)
from mailer.rules.syntax import (
    Aim,
    Comparison,
    Deed,
    LastDays,
    Operator,
    Standing,
    Subscribed,
    Target,
    Verb,
    Window,
)

_STATES = {
    Standing.SUBSCRIBED: Consent.CONFIRMED,
    Standing.PENDING: Consent.PENDING,
    Standing.UNSUBSCRIBED: Consent.UNSUBSCRIBED,
}
CALLS = ("action", "item")  # roles of links that ask to do something

_MOST_JOINED = 6  # issues that are looked up one by one, without collecting all their recipients


class Sets:
    """Who belongs to a leaf: anybody in any of its queries."""

    def __init__(self, columns: Columns, vocabulary: Vocabulary) -> None:
        self._columns = columns
        self._vocabulary = vocabulary

    def tagged(self, leaf: Comparison) -> People:
        """Who has one of the tags; of ``is empty``: who has any."""
        query = select(SubscriberTag.subscriber_id)
        if leaf.operator is Operator.EMPTY:
            return People((query,))
        ids = sorted({self._vocabulary.tag(str(name)) for name in leaf.values})
        if len(ids) == 1:
            return People((query.where(SubscriberTag.tag_id == ids[0]),), unique=True)
        return People((query.where(SubscriberTag.tag_id.in_(ids)),))

    def subscribed(self, leaf: Subscribed) -> People:
        """Who stands so to the newsletter."""
        query = select(Subscription.subscriber_id).where(
            Subscription.newsletter_id == self._vocabulary.newsletter(leaf.newsletter),
            Subscription.state == _STATES[leaf.standing],
        )
        return People((query,), unique=True)

    def came_by(self, leaf: Comparison) -> People:
        """Whose consent, where it holds, came from one of these sources."""
        tests = {Operator.STARTS: self._columns.starts}
        test = tests.get(leaf.operator, self._columns.is_text)
        wanted = or_(*(test(Subscription.source, str(one)) for one in leaf.values))
        confirmed = Subscription.state == Consent.CONFIRMED
        return People((select(Subscription.subscriber_id).where(confirmed, wanted),))

    def did(self, leaf: Deed) -> People:
        """Who received, opened or clicked."""
        if leaf.verb is Verb.RECEIVED:
            return self._received(leaf.window)
        issues = self._vocabulary.issues(leaf.window)
        if issues == []:
            return People()
        if leaf.verb is Verb.OPENED:
            query = select(Open.subscriber_id).where(Open.machine.is_(None))
            return self._within(query, Open, issues, leaf.window)
        query = select(Click.subscriber_id).where(Click.machine.is_(None))
        if leaf.target is not None:
            query = query.where(self._aimed(leaf.target))
            query = query.join(
                IssueLink,
                (IssueLink.issue_id == Click.issue_id) & (IssueLink.number == Click.link_number),
            )
        return self._within(query, Click, issues, leaf.window)

    def _received(self, window: Window | None) -> People:
        gathered, others = self._vocabulary.receipts(window)
        query = select(Delivery.subscriber_id).where(Delivery.fate == int(Fate.ACCEPTED))
        if isinstance(window, LastDays):
            query = query.where(Delivery.at >= self._vocabulary.since(window))
        if len(others) > _MOST_JOINED:
            return People((query.where(Delivery.issue_id.in_(others)),), issues=gathered)
        # By the primary key, issue and subscriber: each person once.
        queries = tuple(query.where(Delivery.issue_id == one) for one in others)
        return People(queries, unique=True, issues=gathered)

    def _within(
        self,
        query: Ids,
        table: type[Click] | type[Open],
        issues: Sequence[int] | None,
        window: Window | None,
    ) -> People:
        if isinstance(window, LastDays):  # of whatever issue: old ones are clicked, too
            query = query.where(table.at >= self._vocabulary.since(window))
        elif issues is not None:
            query = query.where(table.issue_id.in_(issues))
        return People((query,))

    def _aimed(self, target: Target) -> ColumnElement[bool]:
        tests: list[Any] = []
        if target.aim is Aim.ACTION:
            tests.append(IssueLink.role.in_(CALLS))
        if target.named and target.aim is Aim.BLOCK:
            tests.append(IssueLink.block == target.named)
        elif target.named and "://" in target.named:
            start = func.substr(IssueLink.url, 1, len(target.named))
            tests.append(start == target.named)
        elif target.named:
            tests.append(self._columns.is_text(IssueLink.label, target.named))
        return tests[0] if len(tests) == 1 else _all(tests)


def _all(tests: Sequence[Any]) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = literal(True)
    for test in tests:
        condition = condition & test
    return condition
