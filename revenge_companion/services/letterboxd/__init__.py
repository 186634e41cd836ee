"""Letterboxd: films, handed over as files, as its API is closed to programs like this one."""
