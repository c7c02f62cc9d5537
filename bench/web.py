"""One web process with the settings in force, storing clicks or not.

Usage: python -m bench.web PORT "stored"|"not stored"
"""

from __future__ import annotations

import sys

from mailer.bootstrap import bootstrap
from mailer.settings import load_settings
from mailer.web.serving import bind

if __name__ == "__main__":
    bind(
        bootstrap(load_settings()), port=int(sys.argv[1]), record_clicks=sys.argv[2] == "stored"
    ).run()
