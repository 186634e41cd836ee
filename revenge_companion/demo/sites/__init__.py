"""Local stand-ins for the scrobbling services, one file each."""
