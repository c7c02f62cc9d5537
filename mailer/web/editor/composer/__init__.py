"""The composer: its page, and what its script asks for."""
