"""Last.fm and servers that speak its language (Libre.fm, GNU FM, Maloja, multi-scrobbler)."""
