"""HTTP and pace."""
