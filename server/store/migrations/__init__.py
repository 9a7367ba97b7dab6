"""How the schema came to be, one revision per change; run by `Database.migrate`."""
