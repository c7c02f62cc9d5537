"""An issue in its newsletter's dress: rendered once, with every link in the issue's own table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlalchemy.orm import Session

from mailer.audience import fields
from mailer.blocks import Content
from mailer.composing.issues import content_of
from mailer.database.tables import Issue, IssueLink, Newsletter, Rendition
from mailer.links import Link, LinkPolicy, LinkTable
from mailer.rendering.environment import Themes
from mailer.rendering.issue import (
    Masthead,
    Rendered,
    Scheme,
    render,
    with_field_defaults,
    with_tracking_picture,
)
from mailer.utm import UtmTags, slugify


@dataclass(frozen=True, slots=True)
class Published:
    """What readers get, and where its links lead."""

    content: Content
    rendered: Rendered
    links: tuple[Link, ...]
    version: int  # of the issue that was rendered
    stranded_at: str = ""  # where the pages of readers stand, if nobody outside gets there


@dataclass(frozen=True, slots=True)
class Publisher:
    """Renders issues as this installation does."""

    themes: Themes
    base_url: str
    track_clicks: bool = True
    track_opens: bool = False
    tag_links: bool = True
    stranded: bool = False  # mail leaves this machine, and *base_url* does not

    def publish(
        self, session: Session, issue: Issue, *, now: datetime, scheme: Scheme = "auto"
    ) -> Published:
        """Render a stored issue; ``InvalidIssue`` or ``ConfigurationError`` say what is wrong."""
        published = self.dress(
            content_of(session, issue), issue, issue.newsletter, now=now, scheme=scheme
        )
        defaults = fields.defaults(session)
        rendered = with_field_defaults(published.rendered, defaults)
        return replace(published, rendered=rendered) if defaults else published

    def dress(
        self,
        content: Content,
        issue: Issue,
        newsletter: Newsletter,
        *,
        now: datetime,
        scheme: Scheme = "auto",
    ) -> Published:
        """Render *content* as it would stand in *issue*, whether it is stored or not."""
        day = (issue.scheduled_at or now).astimezone(ZoneInfo(newsletter.time_zone)).date()
        campaign = issue.utm_campaign or utm_campaign(content, issue.id, day)
        tags = UtmTags(source=newsletter.slug, campaign=campaign) if self.tag_links else None
        links = LinkTable(LinkPolicy(self.base_url, self.track_clicks, tags))
        masthead = Masthead(
            name=newsletter.name,
            slug=newsletter.slug,
            language=content.language,
            look=newsletter.look,
            postal_address=newsletter.postal_address,
            theme=newsletter.theme,
            base_url=self.base_url,
            public_url=self.public_url(issue),
            date=day,
        )
        rendered = render(content, masthead, links, self.themes, scheme=scheme)
        if self.track_opens and scheme == "auto":
            rendered = with_tracking_picture(rendered, self.base_url)
        stranded_at = self.base_url if self.stranded else ""
        return Published(content, rendered, links.links, issue.version, stranded_at)

    def public_url(self, issue: Issue) -> str:
        """Where anybody may read the issue; nobody's token is in it."""
        return f"{self.base_url}/i/{issue.id}-{slugify(issue.title or issue.subject, 'issue')}"


def utm_campaign(content: Content, issue_id: int, day: date) -> str:
    """Slug of the title and the day, as analytics will show it."""
    return f"{slugify(content.title or content.subject, str(issue_id))}-{day.isoformat()}"


def store(session: Session, issue_id: int, published: Published, *, now: datetime) -> None:
    """Freeze what is going out: the rendition, and the issue's links."""
    rendered = published.rendered
    session.execute(delete(IssueLink).where(IssueLink.issue_id == issue_id))
    session.merge(
        Rendition(
            issue_id=issue_id,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            rendered_at=now,
        )
    )
    session.add_all(
        IssueLink(
            issue_id=issue_id,
            number=link.number,
            url=link.url,
            label=link.label,
            role=link.role,
            block=link.block,
            block_position=link.block_position,
        )
        for link in published.links
    )
    session.flush()
