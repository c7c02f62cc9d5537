"""`mailer up`: everything at once, for one machine."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from mailer.bootstrap import bootstrap
from mailer.cli.context import Host, Port, mailer
from mailer.cli.output import say
from mailer.cli.planting import plant
from mailer.cli.supervising import supervise
from mailer.settings import load_settings


def up(
    with_sample: Annotated[
        bool,
        typer.Option("--sample", help="In an empty database: a newsletter, readers, an issue."),
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    address = f"http://{host}:{port}"
    if "base_url" not in load_settings().model_fields_set:
        os.environ["MAILER_BASE_URL"] = address  # children read the same settings
    settings = load_settings()
    installation = bootstrap(settings)
    started = plant(installation) if with_sample else None
    installation.engine.dispose()
    say(f"mailer is at {settings.base_url}")
    if settings.smtp_url is None:
        say(f"What it sends arrives in the built-in inbox: {settings.base_url}/inbox")
    if started is not None:
        say(f"The sample issue, number {started}, goes out in a minute. Stop with Ctrl-C.")
    supervise(
        mailer(),
        [["web", "--host", host, "--port", str(port)], ["schedule"]],
    )
