"""ListenBrainz and servers that speak its language (Maloja, Koito, multi-scrobbler)."""
