"""Draws a document of `fanin claims`: the walls, a chart for each claim, and report.html."""

from pathlib import Path

from plots import web_page
from plots.claims import chart, report, wall
from plots.claims.document import NAME, list_cases, list_claims, list_published, list_shipped, load

WALL, PUBLISHED_WALL = "claims-wall", "claims-published"


def draw_files(path, out):
    """Draws the document at `path` and yields the path of each file written, to `out` or to charts/ next to it.

    Raises InputError, and OSError if writing fails.
    """
    path = Path(path) / NAME if Path(path).is_dir() else Path(path)
    document = load(path)
    out = out or path.parent / "charts"
    out.mkdir(parents=True, exist_ok=True)
    pictures = []
    for stem, figure in draw_walls(document).items():
        yield from web_page.save(pictures, figure, out / stem, None)
    for claim in list_claims(document):
        yield from web_page.save(pictures, chart.draw(document, claim), out / f"claim-{claim['id']}", claim["id"])
    report.write(document, pictures, out / report.NAME)
    yield out / report.NAME


def draw_walls(document):
    """{file stem: Figure}: of the claims K1, K2, ..., and of those that others published; each only if there are any."""
    found = {}
    for stem, claims in ((WALL, list_shipped(document)), (PUBLISHED_WALL, list_published(document))):
        if claims:
            # A reader's own claim is no published result.
            published = stem == PUBLISHED_WALL and any(case["published"] is not None for claim in claims for case in list_cases(claim))
            word = "published result" if published else "claim"
            found[stem] = wall.draw(document, claims, f"{len(claims)} {word}{'s' if len(claims) != 1 else ''}")
    return found
