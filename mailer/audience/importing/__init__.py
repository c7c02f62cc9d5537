"""Moving in: lists of readers from files, looked at, tried, imported."""

from mailer.audience.importing.planning import FilePlan, Plan, inspect
from mailer.audience.importing.running import Progress, dry_run, run
from mailer.audience.importing.verdicts import Report, RowVerdict, Verdict

__all__ = [
    "FilePlan",
    "Plan",
    "Progress",
    "Report",
    "RowVerdict",
    "Verdict",
    "dry_run",
    "inspect",
    "run",
]
