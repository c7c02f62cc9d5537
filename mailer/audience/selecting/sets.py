"""Sets of people that other tables know: who has a tag, who clicked, who got an issue."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true

from mailer.audience.answers import CALLS, Source
from mailer.audience.selecting.membership import Done, Ids, People
from mailer.audience.selecting.texts import Columns
from mailer.audience.selecting.vocabulary import Vocabulary
from mailer.database.tables import (
    Answered,
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
_MOST_JOINED = 6  # issues that are looked up one by one, without collecting all their recipients


class Sets:
    """Who belongs to a leaf: anybody in any of its queries."""

    def __init__(
        self, columns: Columns, vocabulary: Vocabulary, *, answered: Collection[Answered]
    ) -> None:
        self._columns = columns
        self._vocabulary = vocabulary
        self._answered = answered

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
        if leaf.operator is Operator.STARTS:
            wanted = self._columns.starts(Subscription.source, str(leaf.values[0]))
        else:
            wanted = self._columns.is_any(Subscription.source, map(str, leaf.values))
        confirmed = Subscription.state == Consent.CONFIRMED
        return People((select(Subscription.subscriber_id).where(confirmed, wanted),))

    def did(self, leaf: Deed) -> People:
        """Who received, opened or clicked."""
        if leaf.verb is Verb.RECEIVED:
            return self._received(leaf.window)
        return self._did(leaf)

    def followed(self, leaf: Deed) -> People:
        """Who clicked, by their clicks alone: where these few people are all that is looked at."""
        return People((self._facts(leaf, Click),))

    def _did(self, leaf: Deed) -> People:
        """By the answers, and by what came since they were gathered."""
        source: Source = Open if leaf.verb is Verb.OPENED else Click
        facts, deed = self._facts(leaf, source), _deed(leaf)
        up_to = self._vocabulary.gathered_up_to(source)
        if deed is None or deed not in self._answered or not up_to:
            return People((facts,))
        late = facts.where(source.id > up_to)
        if not isinstance(leaf.window, LastDays):
            issues = self._vocabulary.issues(leaf.window)
            if issues == []:
                return People()
            return People((late,), done=Done(deed, None if issues is None else tuple(issues)))
        young, old = self._vocabulary.divided(leaf.window)
        ids = (late, facts.where(source.id <= up_to, source.issue_id.in_(old))) if old else (late,)
        return People(ids, done=Done(deed, young) if young else None)

    def _facts(self, leaf: Deed, source: Source) -> Ids:
        query = select(source.subscriber_id).where(source.machine.is_(None))
        if leaf.target is not None:
            query = query.where(aimed_at(self._columns, leaf.target))
            query = query.join(
                IssueLink,
                (IssueLink.issue_id == Click.issue_id) & (IssueLink.number == Click.link_number),
            )
        if isinstance(leaf.window, LastDays):  # of whatever issue: old ones are answered, too
            return query.where(source.at >= self._vocabulary.since(leaf.window))
        issues = self._vocabulary.issues(leaf.window)
        return query if issues is None else query.where(source.issue_id.in_(issues))

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


def aimed_at(columns: Columns, target: Target) -> ColumnElement[bool]:
    """Of links of issues: they are what was clicked."""
    tests: list[Any] = []
    if target.aim is Aim.ACTION:
        tests.append(IssueLink.role.in_(CALLS))
    if target.named and target.aim is Aim.BLOCK:
        tests.append(IssueLink.block == target.named)
    elif target.named and "://" in target.named:
        start = func.substr(IssueLink.url, 1, len(target.named))
        tests.append(start == target.named)
    elif target.named:
        tests.append(columns.is_text(IssueLink.label, target.named))
    return and_(true(), *tests)


def _deed(leaf: Deed) -> Answered | None:
    """What the answers call it; ``None`` where only the clicks tell."""
    if leaf.verb is Verb.OPENED:
        return Answered.OPENED
    if leaf.target is None:
        return Answered.CLICKED
    return Answered.ACTED if leaf.target == Target(Aim.ACTION) else None
