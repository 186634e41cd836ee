"""The anime id map: fetched when the user agrees, kept up to date, and the user's own rows."""
