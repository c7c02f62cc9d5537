"""Moving in: lists of readers from files, looked at, tried, imported."""

from mailer.audience.importing.planning import FilePlan, Plan, inspect
from mailer.audience.importing.running import Progress, add_fields, dry_run, run
from mailer.audience.importing.verdicts import Report, RowVerdict, Verdict

__all__ = [
    "FilePlan",
    "Plan",
    "Progress",
    "Report",
    "RowVerdict",
    "Verdict",
    "add_fields",
    "dry_run",
    "inspect",
    "run",
]
