"""The models of fanin-server, read from its sources, since the tests of the charts need no build."""

import re
from dataclasses import dataclass
from pathlib import Path

_SERVERS = Path(__file__).resolve().parents[2] / "servers"


@dataclass(frozen=True)
class Model:
    """What a row of the table says of a model: the family that groups it, and whether it is kept out of timings."""

    family: str
    stalls: bool


def models():
    """{name: Model} of the table in servers/registry.cc, whose rows stand in the models' own files."""
    rows = {}
    for path in (_SERVERS / "models").glob("*.cc"):
        for constant, row in re.findall(r"const ServerModel (k\w+)\{(.*?)\};", path.read_text("utf-8"), re.DOTALL):
            name, family = (re.search(rf'\.{key} = "([^"]+)"', row)[1] for key in ("name", "family"))
            rows[constant] = (name, Model(family, ".stalls = true" in row))
    table = re.search(r"table = checked\(\{(.*?)\}\);", (_SERVERS / "registry.cc").read_text("utf-8"), re.DOTALL)
    return dict(rows[constant] for constant in re.findall(r"^\s*(k\w+),", table[1], re.MULTILINE))
