"""Those who run the newsletters: accounts, roles, signing in."""
