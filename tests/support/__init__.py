"""Small, real stand-ins that tests share: servers, factories, databases."""
