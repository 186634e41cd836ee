"""Revenge Companion: tells scrobbling services what you play on your Revenge server."""

#: The application's one identity: desktop file, icon, keyring service, bundle.
APP_ID = "io.github.revenge_companion.RevengeCompanion"

#: What the user reads.
APP_NAME = "Revenge Companion"

#: The one place the version is written; the build reads it from here.
__version__ = "0.1.0"
