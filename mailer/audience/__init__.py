"""Who reads: newsletters, subscribers, consent, suppressions, imports."""
