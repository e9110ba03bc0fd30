"""What the self-contained HTML pages share: their template, pictures and the table of the environment."""

import base64
from dataclasses import dataclass
from pathlib import Path

import jinja2

from plots import page


@dataclass(frozen=True)
class Picture:
    """A chart for a page: `stem` of its file names, `title`, SVG as bytes, and the experiment or claim that it is `of`
    (None: micro, wall)."""

    stem: str
    title: str
    svg: bytes
    of: str | None

    def uri(self):
        """The picture as a data URI: as a separate image its IDs cannot clash with those of other charts."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode("ascii")


def save(pictures, figure, stem, of):
    """Writes a figure, adds it to `pictures` and yields the paths. Raises OSError if it cannot."""
    paths = page.save(figure, stem)
    svg = next(path for path in paths if path.suffix == ".svg")
    pictures.append(Picture(stem.name, figure.texts[0].get_text(), svg.read_bytes(), of))
    yield from paths


def write(template, values, path):
    """Renders a template of this directory to `path`. Raises OSError if it cannot write."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page.write_atomically(path, environment.get_template(template).render(values).encode("utf-8"))


def list_environment(environment):
    """Rows (key, at the start, at the end or None if it is the same)."""
    start = dict(_flat(environment["start"]))
    end = dict(_flat(environment["end"])) if environment["end"] else start
    return [
        (key, start.get(key, "absent"), end.get(key, "absent") if start.get(key) != end.get(key) else None)
        for key in {**start, **end}
    ]


def _flat(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, (*path, key))
    else:
        text = "unknown" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield ".".join(path), text
