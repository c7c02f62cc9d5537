"""What readers do after an issue has arrived: clicks, told apart from machines, and where they lead."""
