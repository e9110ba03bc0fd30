"""A dot plot: one metric of many servers at a single sweep value, a row for each server."""

from plots import page, style, ticks
from plots.text import short

_HEIGHT = 0.27


def height(servers):
    """The height in inches of a panel with a row for each of the servers."""
    return max(1.2, _HEIGHT * len(servers))


def draw_panel(axes, points, book, unit, names):
    """Draws {server: Point or None} from top to bottom with intervals and values.

    `unit`: of a summary; `names`: whether the panel shows the servers' names on its left.
    """
    servers = list(points)
    axes.set_yticks(range(len(servers)), [short(each, page.NAME_WIDTH) if names else "" for each in servers])
    axes.set_ylim(len(servers) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    ends = [end for point in points.values() if point for end in (point.low, point.high) if end > 0]
    if not ends:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "no value:\nsee below", transform=axes.transAxes, ha="center", color=style.ALARM)
        return
    low, high = ticks.log_limits(ends)
    ticks.set_log_axis(axes.xaxis, (low, high * (high / low) ** 0.35), unit)  # room for the values
    for row, (server, point) in enumerate(points.items()):
        look = book[server]
        if point is None:
            cross = {"marker": "x", "markersize": 5.5, "markeredgewidth": 1.6, "color": look.colour}
            axes.plot([0.015], [row], transform=axes.get_yaxis_transform(), clip_on=False, **cross)
            continue
        axes.plot([point.low, point.high], [row, row], color=look.colour, linewidth=5, alpha=0.3, zorder=2)
        axes.plot([point.median], [row], label=server, zorder=3, **look.line_arguments() | {"linestyle": "none"})
        if point.marks:
            axes.plot([point.median], [row], zorder=3.5, **look.hollow_arguments())
        axes.annotate(
            ticks.FORMS[unit](point.median),
            (max(point.high, point.median), row),
            (8, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL_POINTS,
        )
