"""Takes in what comes back: bounces, complaints, replies of machines, unsubscribes by mail."""
