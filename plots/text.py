"""Text from outside, such as a server's last words, a suite's titles or a CPU's name, made fit for charts and pages.

Whatever is read from a file is cleaned here, once, before anything is drawn or written: it is one line without
characters that no chart, SVG or HTML may hold, and it is cut. Escaping for HTML is jinja2's and for SVG matplotlib's;
matplotlib's own markup ($x^2$) is off (RC in plots/style.py).
"""

import functools
import unicodedata

LIMIT = 400  # characters: a reason of several lines still fits below a chart
_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
# Controls; marks without a shape, among them those that turn the direction; halves of surrogate pairs; private and
# unassigned characters, among them those that XML forbids.
_WITHOUT_SHAPE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))


def clean(text):
    """The text as one line, cut at LIMIT; what cannot be shown is spelled as an escape: \\x1b, \\u202e, \\ud800."""
    if text.isascii() and text.isprintable() and len(text) <= LIMIT:
        return text
    return short("".join(map(_shown, text[: LIMIT + 1])), LIMIT)


def short(text, limit):
    """The text cut at so many characters, for a place that holds no more."""
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


@functools.cache
def _shown(character):
    if character in _SPACES:
        return " "
    if unicodedata.category(character) not in _WITHOUT_SHAPE:
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
