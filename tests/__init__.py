"""Tests promise behaviour: each name, or one sentence, says which."""
