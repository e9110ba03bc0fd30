"""The style of the charts: colour, marker and line of each server, fonts and sizes.

A server's style depends only on its name and model, not on the chart, so that a reader learns it once. The colour shows
the family (what the server waits on). The palettes of Okabe and Ito and of Tol suit the usual colour deficiencies;
markers and line styles repeat the information for print without colour.
"""

import hashlib
from dataclasses import dataclass

SOLID, DOTTED, DASHED, DASHDOT = (0, ()), (0, (1, 1.4)), (0, (5, 2)), (0, (6, 1.6, 1, 1.6))
LONG, DASHDOTDOT, SHORT = (0, (10, 3)), (0, (5, 1.4, 1, 1.4, 1, 1.4)), (0, (2.5, 1.2))

# family -> colour, in the order of legends.
FAMILIES = {
    "single": "#777777",
    "process": "#cc79a7",
    "thread": "#e69f00",
    "select": "#d55e00",
    "poll": "#0072b2",
    "epoll": "#009e73",
    "loops": "#332288",
    "switch": "#882255",
    "ring": "#56b4e9",
    "signal": "#999933",
    "other": "#7a4a2b",
    "external": "#000000",
}
# Heading of the panel of each family of `fanin-server list`, for charts with too many servers for one panel.
PANELS = {
    "blocking": "blocking calls",
    "readiness": "select, poll, signals",
    "epoll": "epoll",
    "multicore": "multi-core epoll",
    "coroutine": "coroutines and fibers",
    "completion": "io_uring",
    "other": "other models",
    "external": "other servers",
}
# All these panels show this model in grey for comparison.
REFERENCE = "epoll"
REFERENCE_LINE = {"color": "#9a9a9a", "linewidth": 1.3}

# model -> (family, marker, line, panel)
MODELS = {
    "iterative": ("single", "x", SOLID, "blocking"),
    "nonblocking": ("single", "+", DASHED, "readiness"),
    "process": ("process", "^", DASHDOT, "blocking"),
    "prefork": ("process", "<", SHORT, "blocking"),
    "thread": ("thread", "s", DASHED, "blocking"),
    "thread-pool": ("thread", "d", DOTTED, "blocking"),
    "select": ("select", "v", DOTTED, "readiness"),
    "select-large": ("select", ">", LONG, "readiness"),
    "poll": ("poll", "D", LONG, "readiness"),
    "epoll": ("epoll", "o", SOLID, "epoll"),
    "epoll-mod": ("epoll", "P", DASHED, "epoll"),
    "epoll-et": ("epoll", "X", DASHDOT, "epoll"),
    "epoll-et-nodrain": ("epoll", "1", DOTTED, "epoll"),
    "epoll-oneshot": ("epoll", "h", SHORT, "multicore"),
    "selector": ("epoll", "8", DASHDOTDOT, "readiness"),
    "reactor-pool": ("loops", "s", DOTTED, "multicore"),
    "multi-reactor": ("loops", "o", DASHED, "multicore"),
    "prefork-epoll": ("loops", "^", SOLID, "multicore"),
    "coroutine": ("switch", "p", SOLID, "coroutine"),
    "fiber": ("switch", "h", DASHED, "coroutine"),
    "work-stealing": ("switch", "*", DASHDOT, "coroutine"),
    "io-uring": ("ring", "*", SOLID, "completion"),
    "io-uring-multishot": ("ring", "p", DASHED, "completion"),
    "sigio": ("signal", "d", DASHDOT, "readiness"),
}
SPARE_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "p", "<", ">", "h", "d", "8")
SPARE_LINES = (SOLID, DASHED, DASHDOT, LONG, SHORT, DASHDOTDOT, DOTTED)
# In points; with these the shapes look equally large.
MARKER_SIZES = {
    "*": 10,
    "P": 7.5,
    "X": 7.5,
    "d": 7.5,
    "p": 7.5,
    "h": 7.5,
    "8": 7,
    "^": 7,
    "v": 7,
    "<": 7,
    ">": 7,
    "x": 6,
    "+": 8,
    "1": 9,
}
# Strokes, which cannot be hollow.
STROKE_MARKERS = frozenset("x+1")

# Parts of a server's memory, from light to dark for print without colour, and the text colour on each.
PARTS = {
    "server_pss_bytes": "#f0e442",
    "server_page_table_bytes": "#9ad4f5",
    "server_kernel_stack_bytes": "#4aa583",
    "machine_slab_bytes": "#23507a",
}
INK_ON_PARTS = {
    "server_pss_bytes": "#222222",
    "server_page_table_bytes": "#222222",
    "server_kernel_stack_bytes": "#222222",
    "machine_slab_bytes": "#ffffff",
}


@dataclass(frozen=True)
class Part:
    """A part of a stacked bar: its colour, and that of text on it."""

    colour: str
    ink: str = "#222222"


# What instructions are grouped by (results/schema/ledger.schema.json), in the order of bars.
SUBSYSTEMS = {
    "user code": Part("#d9d9d9"),
    "entry/exit": Part("#8c8c8c"),
    "epoll": Part("#009e73", "#ffffff"),
    "poll/select": Part("#0072b2", "#ffffff"),
    "io_uring": Part("#56b4e9"),
    "sockets/TCP": Part("#e69f00"),
    "file descriptors": Part("#f0e442"),
    "memory": Part("#e3b3d0"),
    "scheduler": Part("#882255", "#ffffff"),
    "timers": Part("#332288", "#ffffff"),
    "locks/RCU": Part("#d55e00", "#ffffff"),
    "security": Part("#b9b96a"),
    "processes": Part("#7a4a2b", "#ffffff"),
    "other": Part("#444444", "#ffffff"),
}

_OPEN = {"markerfacecolor": "white", "markeredgewidth": 1.4}
# How a verdict looks; the words of results/schema/verdict.schema.json and claims.schema.json.
VERDICTS = {
    "worse": {"color": "#d55e00", "marker": "X", "markersize": 7.5},
    "better": {"color": "#009e73", "marker": "o", "markersize": 6.3},
    "equivalent": {"color": "#0072b2", "marker": "s", "markersize": 6},
    "undecided": {"color": "#b07900", "marker": "D", "markersize": 5.8, **_OPEN},
    "void": {"color": "#222222", "marker": "x", "markersize": 6, "markeredgewidth": 1.6},
    "confirmed": {"color": "#009e73", "marker": "o", "markersize": 6.3},
    "refuted": {"color": "#d55e00", "marker": "X", "markersize": 7.5},
    "contested": {"color": "#0072b2", "marker": "o", "markersize": 6.6, "fillstyle": "left", "markerfacecoloralt": "white"},
    "unsupported": {"color": "#777777", "marker": "s", "markersize": 5.4, **_OPEN},
    "invalid": {"color": "#222222", "marker": "x", "markersize": 6, "markeredgewidth": 1.6},
}
# The figure that the source of a claim has.
PUBLISHED = {"color": "#222222", "marker": "d", "markersize": 5, "markerfacecolor": "white", "markeredgewidth": 0.9}

INK, FAINT, ALARM, FLIP = "#222222", "#8a8a8a", "#b00020", "#0b5a8a"
TITLE_POINTS, HEADING_POINTS, TEXT_POINTS, SMALL_POINTS = 14, 10.5, 9, 7.5
RIBBON_ALPHA = 0.16

RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_POINTS,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.7,
    "lines.markersize": 6,
    "legend.frameon": False,
    "legend.fontsize": TEXT_POINTS,
    "text.color": INK,
    "text.parse_math": False,  # texts come from files: matplotlib cannot parse $x^$
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.minor.visible": False,
    "svg.hashsalt": "fanin",
    "savefig.facecolor": "white",
}


def find_family(model):
    """(family, panel) of a model; one that is not in the table has those of its name's beginning (epoll-new: epoll)."""
    if model is None:
        return "external", "external"
    words = model.split("-")
    beginnings = ["-".join(words[:count]) for count in range(len(words), 0, -1)]
    known = next((MODELS[name] for name in beginnings if name in MODELS), None)
    return (known[0], known[3]) if known else ("other", "other")


@dataclass(frozen=True)
class Style:
    """How one server is drawn, everywhere."""

    colour: str
    marker: str
    line: tuple
    family: str
    panel: str

    def line_arguments(self):
        """Keyword arguments for Axes.plot."""
        # A light edge separates markers on overlapping lines.
        edge = self.colour if self.marker in STROKE_MARKERS else "white"
        return {
            "color": self.colour,
            "marker": self.marker,
            "markersize": self.marker_size(),
            "linestyle": self.line,
            "markeredgecolor": edge,
            "markeredgewidth": 0.6 if edge == "white" else 1.6,
        }

    def marker_size(self):
        """In points."""
        return MARKER_SIZES.get(self.marker, 6.3)

    def hollow_arguments(self):
        """Keyword arguments for a hollow point over the line's own: measured, with a mark."""
        if self.marker in STROKE_MARKERS:
            return {
                "color": self.colour,
                "marker": "o",
                "markerfacecolor": "none",
                "markersize": 10,
                "linestyle": "none",
            }
        return {
            "color": self.colour,
            "marker": self.marker,
            "markersize": self.marker_size(),
            "markerfacecolor": "white",
            "markeredgewidth": 1.3,
            "linestyle": "none",
        }


# Percentiles of one server, darker as they get rarer.
PERCENTILES = {
    "p50": Style("#56b4e9", "o", SOLID, "", ""),
    "p99": Style("#0072b2", "s", DASHED, "", ""),
    "p99.9": Style("#332288", "^", DASHDOT, "", ""),
}


class StyleBook:
    """Styles of all servers of one run. Known models have those of the table. Any other server has the colour of its
    model's family, and the marker and line of its name's hash, or the next free pair."""

    def __init__(self, servers):
        """`servers`: pairs (name, model or None for other servers)."""
        self._styles = {}
        named = dict(servers)
        for name in named:
            if name in MODELS:
                family, marker, line, panel = MODELS[name]
                self._styles[name] = Style(FAMILIES[family], marker, line, family, panel)
        # By name: the order in a suite does not matter.
        for name in sorted(set(named) - set(self._styles)):
            self._styles[name] = self._spare(name, named[name])

    def _spare(self, name, model):
        family, panel = find_family(model)
        colour = FAMILIES[family]
        # Pairs of known models stay reserved in runs without them.
        taken = {(marker, line) for _, marker, line, _ in MODELS.values()}
        taken |= {(style.marker, style.line) for style in self._styles.values()}
        marks = {marker for of, marker, *_ in MODELS.values() if of == family}
        marks |= {style.marker for style in self._styles.values() if style.family == family}
        pairs = [(marker, line) for line in SPARE_LINES for marker in SPARE_MARKERS]
        first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % len(pairs)
        pairs = [pair for pair in pairs[first:] + pairs[:first] if pair not in taken] or pairs
        marker, line = next((pair for pair in pairs if pair[0] not in marks), pairs[0])
        return Style(colour, marker, line, family, panel)

    def __getitem__(self, name):
        return self._styles[name]

    def in_order(self, names):
        """Names in the order of legends: by family, then as given."""
        order = list(FAMILIES)
        return sorted(names, key=lambda name: order.index(self[name].family))

    def panels(self, names):
        """[(panel, names)] of the panels that occur, in order; the names as in legends."""
        found = {}
        for name in self.in_order(names):
            found.setdefault(self[name].panel, []).append(name)
        return [(panel, found[panel]) for panel in PANELS if panel in found]
