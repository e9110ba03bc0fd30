"""Cleans text from files, such as stderr of a server or titles of a suite, for charts and pages.

All text of a file is cleaned once, before anything is drawn or written: one line, bounded, without characters that
SVG or HTML forbids. jinja2 escapes for HTML, matplotlib for SVG; matplotlib's markup ($x^2$) is off (plots/style.py).
"""

import functools
import unicodedata

LIMIT = 400  # characters: a longer reason does not fit below a chart
_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
# Controls, format characters (such as changes of direction), surrogates, private and unassigned characters.
_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))


def clean(text):
    """The text as one line, cut at LIMIT; unprintable characters are escaped: \\x1b, \\u202e, \\ud800."""
    if text.isascii() and text.isprintable() and len(text) <= LIMIT:
        return text
    return short("".join(map(_shown, text[: LIMIT + 1])), LIMIT)


def short(text, limit):
    """The text, cut to `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


@functools.cache
def _shown(character):
    if character in _SPACES:
        return " "
    if unicodedata.category(character) not in _UNPRINTABLE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cleaned(value):
    """A JSON value with all its texts and keys clean."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): item if key == "buckets" else cleaned(item) for key, item in value.items()}
    return [cleaned(item) for item in value] if isinstance(value, list) else value
