"""Goodreads: books, handed over as a file, as it gives no keys to its API any more."""
