"""Starts issues at their time and sends them: `python scheduler.py` is `mailer schedule`."""

from mailer.scheduling import main

if __name__ == "__main__":
    main()
