"""Engine, transactions, tables and migrations; everything else asks a store."""
