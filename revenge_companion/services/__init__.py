"""One file or package per scrobbling service; they do not know each other."""
