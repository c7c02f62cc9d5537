"""How long a test waits for what has to come: on a busy machine, everything comes ten times later."""

SECONDS = 240.0  # less than a test may take in all
