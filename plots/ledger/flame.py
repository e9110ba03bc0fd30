"""A flame graph of two kernels as one SVG that a browser opens, zooms and searches, without any other file.

A frame is a function below its callers; programs and the kernel's entries are at the bottom. Its width is the larger of its
instructions on both kernels, so that what is gone stays visible; its colour is the change. Of one kernel it shows the
subsystems.
"""

import math
import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from plots import style
from plots.ledger.document import PROGRAMS, format_change, format_count, format_instructions

_WIDTH, _SIDE, _TOP, _BOTTOM, _FRAME = 1200, 10, 76, 46, 17  # pixels
_CHARACTER = 6.3
_NARROWEST = 0.15  # pixels: what is narrower is left out
# As the ledger folds functions: of compilers, and of wrappers of the kernel's allocators.
_SUFFIX = re.compile(r"(\.(constprop|isra|part|cold|llvm)(\.\d+)*)+$|_noprof$")


@dataclass
class Frame:
    """A function below its callers; `counts`: its own instructions per request, on the first and the second kernel."""

    name: str
    subsystem: str = "other"
    counts: list = field(default_factory=lambda: [0.0, 0.0])
    below: dict = field(default_factory=dict)

    def total(self, side):
        return self.counts[side] + sum(each.total(side) for each in self.below.values())

    def width(self):
        return max(self.counts) + sum(each.width() for each in self.below.values())

    def child(self, name, subsystem):
        return self.below.setdefault(name, Frame(name, subsystem))

    def add(self, other):
        """Lays a frame of the same function, with all below it, over this one."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts)]
        for name, each in other.below.items():
            self.child(name, each.subsystem).add(each)


def make_tree(base, now):
    """The Frame of everything: the paths of both cells laid over each other."""
    sides = [_make_side(cell, side) for side, cell in enumerate((base, now))]
    _align(*sides)
    root = Frame("all")
    for each in sides:
        root.add(each)
    return root


def _make_side(cell, side):
    root = Frame("all")
    subsystems = {each["name"]: each["subsystem"] for each in cell["functions"]}
    names, frames = cell["paths"]["names"], []
    for parent, name, program, instructions in cell["paths"]["nodes"]:
        above = frames[parent] if parent >= 0 else root.child(PROGRAMS[program], "other")
        frame = above.child(_SUFFIX.sub("", names[name]) or names[name], subsystems.get(names[name], "other"))
        frame.counts[side] += instructions / cell["requests"]
        frames.append(frame)
    return root


def _align(a, b):
    """Moves frames so that what both kernels do lies at one place: a function that one of them has inlined stays as a frame
    of its own instructions, beside those that it calls."""
    while _splice(a, b) or _splice(b, a) or _push_down(a, b) or _push_down(b, a):
        pass
    for name in sorted(a.below.keys() & b.below.keys()):
        _align(a.below[name], b.below[name])


def _splice(one, other):
    """Takes the callees of a function of one side alone up, if the other side has one of them here or one level below."""
    near = set(other.below).union(*(each.below for name, each in other.below.items() if name in one.below))
    for name, each in one.below.items():
        if name not in other.below and not near.isdisjoint(each.below):
            moved, each.below = each.below, {}
            for callee, frame in moved.items():
                one.child(callee, frame.subsystem).add(frame)
            return True
    return False


def _push_down(one, other):
    """Puts a frame below the one that has it on the other side: there the caller ended with a jump to a function that is
    inlined now."""
    for name, each in one.below.items():
        if name not in other.below:
            for target in sorted(one.below.keys() & other.below.keys()):
                if name in other.below[target].below and target != name:
                    one.below[target].child(name, each.subsystem).add(each)
                    del one.below[name]
                    return True
    return False


def draw(ledger, base, now):
    """Returns the text of the SVG. `base` and `now` may be the same cell."""
    root = make_tree(base, now)
    alone = base is now
    kernels = [ledger.short(base["kernel"]), ledger.short(now["kernel"])]
    frames = list(_place(root, 0.0, 1.0, 0))
    depth = 1 + max(level for *_, level in frames)
    largest = max(abs(frame.total(1) - frame.total(0)) for frame, *_ in frames) or 1.0
    height = _TOP + depth * _FRAME + _BOTTOM
    parts = [_HEAD.format(width=_WIDTH, height=height, style=_STYLE), f"<title>{escape(now['id'])}</title>"]
    parts += _write_heading(base, now, kernels, alone)
    parts.append('<g id="frames">')
    for frame, left, share, level in frames:
        colour = style.SUBSYSTEMS[frame.subsystem].colour if alone else _find_colour(frame, largest)
        parts.append(_write_frame(frame, left, share, height - _BOTTOM - (level + 1) * _FRAME, colour, kernels, alone))
    footer = f"{ledger.describe_footer()}"
    parts += ["</g>", f'<text x="{_SIDE}" y="{height - 10}" class="small">{escape(footer)}</text>', _SCRIPT, "</svg>\n"]
    return "\n".join(parts)


def _place(frame, left, share, level):
    """Yields (frame, left end, share of the width, level) of all frames that are wide enough to be seen."""
    if share * (_WIDTH - 2 * _SIDE) < _NARROWEST:
        return
    yield frame, left, share, level
    width = frame.width()
    for _, each in sorted(frame.below.items()):
        part = share * each.width() / width if width else 0.0
        yield from _place(each, left, part, level + 1)
        left += part


def _find_colour(frame, largest):
    """From white to red for more, to blue for fewer instructions, together with those that it calls."""
    change = frame.total(1) - frame.total(0)
    strength = 0.0 if change == 0 else 0.12 + 0.88 * min(1.0, abs(change) / largest) ** 0.5
    full = (213, 94, 0) if change > 0 else (0, 114, 178)
    return "#" + "".join(f"{round(235 + (each - 235) * strength):02x}" for each in full)


def _write_heading(base, now, kernels, alone):
    was, now_count = base["instructions_per_request"], now["instructions_per_request"]
    if alone:
        title, line = f"{now['id']} on {kernels[1]}", f"{format_count(now_count)} instructions per request; colours: subsystems"
    else:
        title = f"{now['id']}: {kernels[1]} compared with {kernels[0]}"
        line = f"{format_count(was)} \u2192 {format_count(now_count)} instructions per request ({format_change(now_count / was)})"
        line += "; orange: more, blue: fewer, grey: the same; width: the larger of both"
    help_text = "click: zoom \u00b7 Esc: all \u00b7 Ctrl-F or /: "
    return [
        f'<text x="{_SIDE}" y="20" class="title">{escape(title)}</text>',
        f'<text x="{_SIDE}" y="38">{escape(line)}</text>',
        f'<text x="{_SIDE}" y="58" class="small">{escape(help_text)}<tspan id="search" class="button">search</tspan></text>',
        f'<text x="{_SIDE + 320}" y="58" id="found" class="small"></text>',
    ]


def _write_frame(frame, left, share, top, colour, kernels, alone):
    was, now = frame.total(0), frame.total(1)
    told = f"{frame.name}: {format_instructions(now)} instructions per request, {format_instructions(frame.counts[1])} of its own"
    if not alone:
        told = f"{frame.name}: {format_instructions(was)} \u2192 {format_instructions(now)} instructions per request ({format_instructions(now - was, '+')}), of its own {format_instructions(frame.counts[0])} \u2192 {format_instructions(frame.counts[1])}"
        told += f" (not on {kernels[1]})" if now == 0 else f" (not on {kernels[0]})" if was == 0 else ""
    x, width = _SIDE + left * (_WIDTH - 2 * _SIDE), share * (_WIDTH - 2 * _SIDE)
    ink = style.INK if alone is False else style.SUBSYSTEMS[frame.subsystem].ink
    label = _cut(frame.name, width)
    text = f'<text x="{x + 3:.2f}" y="{top + 12}" fill="{ink}">{escape(label)}</text>' if label else ""
    data = f'data-x="{left:.7f}" data-w="{share:.7f}" data-n={quoteattr(frame.name)}'
    rect = f'<rect x="{x:.2f}" y="{top}" width="{width:.2f}" height="{_FRAME - 1}" fill="{colour}"/>'
    return f"<g {data}><title>{escape(told)}</title>{rect}{text}</g>"


def _cut(name, width):
    room = math.floor((width - 6) / _CHARACTER)
    return name if len(name) <= room else name[: room - 1] + "\u2026" if room >= 3 else ""


_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{width}" height="{height}" '
    'viewBox="0 0 {width} {height}">\n<style>{style}</style>\n<rect width="100%" height="100%" fill="#ffffff"/>'
)
_STYLE = (
    "text{font:11px 'DejaVu Sans Mono',monospace;fill:#222222}.title{font:bold 15px 'DejaVu Sans',sans-serif}"
    ".small{font-size:10px;fill:#666666}.button{cursor:pointer;fill:#0b5a8a;text-decoration:underline}"
    "#frames text{pointer-events:none}#frames rect{cursor:pointer}#frames rect:hover{stroke:#222222}"
    ".dim{opacity:.35}.hit rect{fill:#e040fb}"
)
_SCRIPT = (
    """<script><![CDATA[
(function () {
  var frames = Array.prototype.slice.call(document.querySelectorAll("#frames > g"));
  var found = document.getElementById("found");
  var side = SIDE, room = WIDTH - 2 * SIDE, character = CHARACTER;
  function show(left, share) {
    frames.forEach(function (g) {
      var x = +g.dataset.x, w = +g.dataset.w, rect = g.querySelector("rect");
      var above = x <= left + 1e-9 && x + w >= left + share - 1e-9;
      var begin = above ? 0 : (x - left) / share, width = above ? 1 : w / share;
      g.style.display = !above && (begin < -1e-9 || begin + width > 1 + 1e-6) ? "none" : "";
      g.classList.toggle("dim", above && w > share + 1e-9);
      rect.setAttribute("x", side + begin * room);
      rect.setAttribute("width", width * room);
      label(g, rect, side + begin * room, width * room);
    });
  }
  function label(g, rect, x, width) {
    var text = g.querySelector("text"), fit = Math.floor((width - 6) / character), name = g.dataset.n;
    if (!text) {
      if (fit < 3) { return; }
      text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      text.setAttribute("y", +rect.getAttribute("y") + 12);
      g.appendChild(text);
    }
    text.setAttribute("x", x + 3);
    text.textContent = name.length <= fit ? name : fit >= 3 ? name.slice(0, fit - 1) + "\\u2026" : "";
  }
  function search(words) {
    var expression = null, ends = [], share = 0, reach = 0;
    try { expression = words ? new RegExp(words) : null; } catch (error) { found.textContent = "no regular expression"; return; }
    frames.forEach(function (g) {
      var hit = expression !== null && expression.test(g.dataset.n);
      g.classList.toggle("hit", hit);
      if (hit) { ends.push([+g.dataset.x, +g.dataset.x + +g.dataset.w]); }
    });
    ends.sort(function (a, b) { return a[0] - b[0]; });
    ends.forEach(function (each) {
      share += Math.max(0, each[1] - Math.max(reach, each[0]));
      reach = Math.max(reach, each[1]);
    });
    found.textContent = expression ? ends.length + " frames, " + (100 * share).toFixed(1) + " % of the width: " + words : "";
  }
  frames.forEach(function (g) {
    g.addEventListener("click", function () { show(+g.dataset.x, +g.dataset.w); });
  });
  function ask() {
    var words = window.prompt("Functions to search for, as a regular expression; nothing: no search", "");
    if (words !== null) { search(words); }
  }
  document.getElementById("search").addEventListener("click", ask);
  window.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { show(0, 1); search(""); }
    if ((event.ctrlKey || event.metaKey) && event.key === "f" || event.key === "/") { event.preventDefault(); ask(); }
  });
}());
]]></script>""".replace("SIDE", str(_SIDE))
    .replace("WIDTH", str(_WIDTH))
    .replace("CHARACTER", str(_CHARACTER))
)
