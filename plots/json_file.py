"""Reads JSON files strictly. Whatever is wrong with a file is an InputError, whose text is one line for the user."""

import gzip
import json
import math
import os
import stat
import sys
import zlib
from pathlib import Path

from plots.text import clean

# Deeper than any of our files, and within the recursion limit. `fanin` has the same bound.
_MAX_DEPTH = 100
_GZIP = b"\x1f\x8b"


class InputError(Exception):
    """The input cannot be used; the text says in one line what is wrong and what to do."""

    def __str__(self):
        return clean(super().__str__())


def print_line(line):
    """Prints a line at once. Raises InputError if standard output cannot be written."""
    try:
        print(line, flush=True)
    except OSError as error:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # otherwise the interpreter fails again at exit
        raise InputError(f"cannot write to standard output: {error.strerror}") from error


def json_path(parts):
    """Spells a sequence of keys and indices as a JSON path: $.rounds[3]['odd key']."""
    text = "$"
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("_", "a").isalnum():
            text += f".{part}"
        else:
            text += f"['{part}']"
    return text


def read_bytes(path):
    """Returns the content of a regular file. Raises InputError for others, OSError for a file that cannot be read.

    A device may have no end, and a pipe no writer.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InputError(f"cannot read {path}: it is no regular file: name one")
        return file.read()


def read_json(path):
    """Returns the JSON value in `path`, gzipped or not.

    Raises InputError for a file that is missing, not JSON or not finite.
    """
    path = Path(path)
    try:
        content = read_bytes(path)
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"cannot read {path}: it is gzipped and damaged") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not JSON: byte {error.start} is not UTF-8") from error
    return parse_json(text, str(path))


def parse_json(text, origin):
    """As read_json, for text that came from `origin` (a name for messages)."""
    not_finite = []

    def once(pairs):
        keys = dict(pairs)
        if len(keys) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f'{origin}: the key "{twice}" occurs twice in one object: remove one')
        return keys

    def constant(name):
        not_finite.append(name)
        return math.nan

    def number(digits):
        value = float(digits)
        if math.isinf(value):
            not_finite.append(digits)
        return value

    try:
        value = json.loads(text, parse_constant=constant, parse_float=number, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise InputError(f"{origin}:{error.lineno}:{error.colno} is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin} is not JSON that this program can read: {error}") from error
    if _is_too_deep(value):
        raise InputError(f"{origin} is nested more than {_MAX_DEPTH} deep, unlike any file of fanin")
    if not_finite:
        place = json_path(_first_not_finite(value, ()) or ())
        raise InputError(f"{origin}: {place}: {not_finite[0]} is not a number of JSON: write null and a reason instead")
    return value


def _is_too_deep(value):
    level = [value]
    for _ in range(_MAX_DEPTH + 1):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
            if isinstance(item, (dict, list))
        ]
    return bool(level)


def _first_not_finite(value, path):
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        found = _first_not_finite(item, (*path, key))
        if found is not None:
            return found
    return None
