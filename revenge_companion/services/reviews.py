"""Reviews as plain text: what a site keeps as HTML is never shown as such."""

import re
from html import unescape

from revenge_companion.core.library import NOTE_LIMIT

#: One tag, or a comment. The library's own parser takes minutes over a text of tags that never end.
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>|<![^<>]*>")
_BREAKS = frozenset(("br", "p", "div", "li", "blockquote"))


def plain(text: str) -> str:
    """A review without its markup and unprintable characters, cut to what is kept.

    The result is text: a "<b>" that the writer meant to be read stays in it.
    """
    text = unescape(_TAG.sub(_break, text))
    lines = (" ".join(line.split()) for line in text.splitlines())
    shown = ("".join(c for c in line if c.isprintable()) for line in lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(shown)).strip()[:NOTE_LIMIT]


def _break(tag: re.Match[str]) -> str:
    opens = not tag[0].startswith("</")
    return "\n" if opens and (tag[1] or "").lower() in _BREAKS else ""
