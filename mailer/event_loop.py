"""The event loop that sending and serving run on: uvloop, where it exists."""

from __future__ import annotations

import asyncio
import sys

if sys.platform == "win32":
    new_event_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop

__all__ = ["new_event_loop"]
