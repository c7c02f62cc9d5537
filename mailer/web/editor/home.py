"""``/``: the newsletters, and how their issues are doing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import reading
from mailer.database.tables import IssueState
from mailer.delivering.auditing import Counts, counts
from mailer.tracking.overviews import IssueLine, issue_lines, newsletter_lines
from mailer.tracking.records import LinkFigures, link_figures
from mailer.web.editor.access import staff_route
from mailer.web.editor.shell import answer
from mailer.web.site import site_of

_MOST_ISSUES = 30
_MOVING = {IssueState.SENDING, IssueState.SCHEDULED, IssueState.PAUSED}


@dataclass(frozen=True, slots=True)
class Card:
    """One issue with its progress and what readers did."""

    issue: IssueLine
    counts: Counts
    links: Sequence[LinkFigures]

    @property
    def waiting(self) -> int:
        """Recipients that nothing was decided for yet."""
        return max(0, self.counts.planned - self.counts.done)

    @property
    def followed(self) -> list[LinkFigures]:
        """Links that somebody followed, those of most people first."""
        found = [link for link in self.links if link.clicks or link.machine_clicks]
        return sorted(found, key=lambda link: (-link.people, -link.machine_clicks, link.number))

    @property
    def clicks(self) -> int:
        """By people, on all links."""
        return sum(link.clicks for link in self.links)

    @property
    def machine_clicks(self) -> int:
        """By scanners and previews, on all links."""
        return sum(link.machine_clicks for link in self.links)

    @property
    def most_people(self) -> int:
        """The longest bar."""
        return max((link.people for link in self.links), default=0)


def home(request: Request) -> Response:
    """Everything at a glance; it keeps itself up to date while something moves."""
    site = site_of(request)
    with reading(site.mailer.engine) as session:
        newsletters = newsletter_lines(session)
        cards = _cards(session)
    return answer(
        request,
        "editor/home.html",
        newsletters=newsletters,
        cards=cards,
        moving=any(card.issue.state in _MOVING for card in cards),
        relay=", ".join(map(str, site.mailer.relays)),
    )


def _cards(session: Session) -> list[Card]:
    issues = issue_lines(session, _MOST_ISSUES)
    by_issue: dict[int, list[LinkFigures]] = defaultdict(list)
    for link in link_figures(session, [issue.id for issue in issues if issue.readable]):
        by_issue[link.issue_id].append(link)
    return [Card(issue, counts(session, issue.id), by_issue[issue.id]) for issue in issues]


ROUTES = [staff_route("/", home)]
