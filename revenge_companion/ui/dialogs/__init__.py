"""Dialogs; each is given what it needs."""
