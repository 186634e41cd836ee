"""Simkl: live and durable scrobbles of films and episodes."""
