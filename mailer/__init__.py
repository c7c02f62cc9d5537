"""Self-hosted newsletters: compose issues from blocks, send each exactly once, count honestly."""
