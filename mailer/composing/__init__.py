"""Issues as their authors work on them: text in and out, storage, checks before sending."""
