"""How the admin site writes times: as the console does, in UTC, whatever the language."""
