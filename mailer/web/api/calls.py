"""What programs may ask for: newsletters, subscribers, issues."""

from __future__ import annotations

from mailer.audience import newsletters, subscribers
from mailer.composing import issues
from mailer.database.tables import Issue, Subscription
from mailer.delivering.auditing import counts
from mailer.errors import InvalidInput, NotFound
from mailer.staffing.permissions import Permission
from mailer.tracking.overviews import issue_lines
from mailer.web.api.operations import Call, Operation
from mailer.web.api.values import (
    AddedOut,
    EndedOut,
    IssueIn,
    IssueOut,
    NewsletterOut,
    SubscriberIn,
    SubscriberOut,
)

_PER_PAGE = 50


def list_newsletters(call: Call) -> list[NewsletterOut]:
    """All of them, by name."""
    return [
        NewsletterOut(
            slug=one.newsletter.slug,
            name=one.newsletter.name,
            from_address=one.newsletter.from_address,
            language=one.newsletter.language,
            confirmed=one.confirmed,
            pending=one.pending,
            unsubscribed=one.unsubscribed,
        )
        for one in newsletters.counted(call.session)
    ]


def add_subscriber(call: Call) -> AddedOut:
    """Whoever left is not brought back."""
    given: SubscriberIn = call.body
    added = subscribers.add(
        call.session,
        newsletters.get(call.session, call.path["slug"]),
        given.address,
        signer=call.mailer.signer,
        now=call.mailer.clock(),
        name=given.name,
        fields=given.fields,
        language=given.language,
        source=_by(call),
    )
    return AddedOut(address=added.subscriber.address, result=added.result.value)


def get_subscriber(call: Call) -> SubscriberOut:
    """One person of one newsletter."""
    newsletter = newsletters.get(call.session, call.path["slug"])
    person = subscribers.get(call.session, call.path["address"])
    subscription = call.session.get(Subscription, (newsletter.id, person.id))
    if subscription is None:
        raise NotFound(
            "{address} was never subscribed to {newsletter}.",
            address=person.address,
            newsletter=newsletter.name,
        )
    return SubscriberOut(
        address=person.address,
        name=person.name,
        language=person.language,
        fields=person.fields,
        state=subscription.state.value,
        since=subscription.changed_at,
    )


def unsubscribe(call: Call) -> EndedOut:
    """On somebody's behalf."""
    newsletter = newsletters.get(call.session, call.path["slug"])
    address = call.path["address"]
    ended = subscribers.unsubscribe(
        call.session, newsletter, address, by=_by(call), now=call.mailer.clock()
    )
    return EndedOut(address=address, ended=ended)


def _by(call: Call) -> str:
    """As it stands in records of consent."""
    return f"API: {call.key.name}"[:100]


def list_issues(call: Call) -> list[IssueOut]:
    """The newest first; ``before`` the last one's number is the next page."""
    before = call.query.get("before", "")
    if before and not (before.isdecimal() and len(before) <= 9):
        raise InvalidInput("before: write the number of an issue.")
    lines = issue_lines(call.session, _PER_PAGE, before=int(before) if before else None)
    return [_issue(call, issues.get(call.session, one.id)) for one in lines]


def create_issue(call: Call) -> IssueOut:
    """A draft; it is sent by a person."""
    given: IssueIn = call.body
    newsletter = newsletters.get(call.session, given.newsletter)
    issue = issues.create(call.session, newsletter.id, given.content, now=call.mailer.clock())
    return _issue(call, issue)


def get_issue(call: Call) -> IssueOut:
    """How far it is."""
    return _issue(call, issues.get(call.session, call.path["issue_id"]))


def _issue(call: Call, issue: Issue) -> IssueOut:
    far = counts(call.session, issue.id)
    return IssueOut(
        id=issue.id,
        newsletter=issue.newsletter.slug,
        subject=issue.subject,
        state=issue.state.value,
        reason=issue.state_reason,
        scheduled_at=issue.scheduled_at,
        started_at=issue.started_at,
        finished_at=issue.finished_at,
        planned=far.planned,
        accepted=far.accepted,
        refused=far.refused,
        skipped=far.skipped,
    )


_PERSON = "/newsletters/{slug}/subscribers/{address}"
OPERATIONS = (
    Operation(
        "GET",
        "/newsletters",
        Permission.VIEW,
        "All newsletters",
        list_newsletters,
        list[NewsletterOut],
    ),
    Operation(
        "POST",
        "/newsletters/{slug}/subscribers",
        Permission.SUBSCRIBERS,
        "Subscribe a person who has agreed to it",
        add_subscriber,
        AddedOut,
        SubscriberIn,
    ),
    Operation(
        "GET", _PERSON, Permission.SUBSCRIBERS, "One subscriber", get_subscriber, SubscriberOut
    ),
    Operation(
        "POST",
        f"{_PERSON}/unsubscribe",
        Permission.SUBSCRIBERS,
        "End a subscription",
        unsubscribe,
        EndedOut,
    ),
    Operation(
        "GET",
        "/issues",
        Permission.VIEW,
        "Issues, the newest first",
        list_issues,
        list[IssueOut],
        query=("before",),
    ),
    Operation(
        "POST",
        "/issues",
        Permission.COMPOSE,
        "Draft an issue",
        create_issue,
        IssueOut,
        IssueIn,
        status=201,
    ),
    Operation(
        "GET", "/issues/{issue_id:int}", Permission.VIEW, "How far an issue is", get_issue, IssueOut
    ),
)
