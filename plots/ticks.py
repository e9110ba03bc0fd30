"""Formats of numbers, and the ticks of an axis."""

import math

from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

MICRO = "\u00b5"


def _digits(value):
    """At most three significant digits without trailing zeros: 1.5, 12, 120."""
    text = f"{value:.3g}"
    if "e" in text:
        text = f"{value:.0f}"
    return text


def count(value):
    """950, 1k, 12.5k, 1M."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        # 999.6 rounds up to the next unit.
        if abs(value) >= size * 0.9995:
            return _digits(value / size) + suffix
    return _digits(value)


def duration(value):
    """A time in ns: 850 ns, 5 µs, 12.5 ms, 2 s."""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, MICRO + "s")):
        if abs(value) >= size * 0.9995:
            return f"{_digits(value / size)} {unit}"
    return f"{_digits(value)} ns"


def size(value):
    """Bytes: 512 B, 12 MiB; as in the terminal."""
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if abs(value) >= 2**power * 0.9995:
            return f"{_digits(value / 2**power)} {unit}"
    return f"{_digits(value)} B"


def exact(value):
    """A sweep value in full: 10000 as 10,000, 0.5 as 0.5."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,g}"


FORMS = {"1/s": count, "ns": duration, "bytes": size, "1": count}
_STEPS_OF_TEN = (
    (1,),
    (1, 3),
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9),
)
_STEPS_OF_1024 = (
    (1,),
    (1, 32),
    (1, 8, 64),
    (1, 4, 16, 64, 256),
    tuple(2**power for power in range(10)),
    tuple(step * 2**power for power in range(10) for step in (1, 1.25, 1.5, 1.75)),
)


def log_ticks(low, high, base=10, wanted=3):
    """Round values within [low, high] of a logarithmic axis, by the coarsest steps that give at least `wanted`."""
    ticks = []
    for steps in _STEPS_OF_1024 if base == 1024 else _STEPS_OF_TEN:
        powers = range(math.floor(math.log(low, base)) - 1, math.ceil(math.log(high, base)) + 1)
        ticks = [step * base**power for power in powers for step in steps if low <= step * base**power <= high]
        if len(ticks) >= wanted:
            break
    return ticks


def log_limits(values):
    """Limits of a logarithmic axis around positive values: with margins, and at least a factor of 4 apart."""
    low, high = min(values), max(values)
    margin = max(0.06 * math.log(high / low), math.log(4 / (high / low)) / 2 if high / low < 4 else 0)
    return low / math.exp(margin), high * math.exp(margin)


def set_log_axis(axis, limits, unit):
    """Makes an axis logarithmic between `limits` with readable ticks for `unit` (a unit of summaries)."""
    scale, limit = (
        (axis.axes.set_yscale, axis.axes.set_ylim)
        if axis is axis.axes.yaxis
        else (axis.axes.set_xscale, axis.axes.set_xlim)
    )
    scale("log")
    limit(*limits)
    places = log_ticks(*limits, base=1024 if unit == "bytes" else 10)
    axis.set_major_locator(FixedLocator(places))
    axis.set_major_formatter(FixedFormatter([FORMS[unit](place) for place in places]))
    axis.set_minor_locator(NullLocator())


def set_sweep_axis(axes, values, form=count):
    """Sets the x axis of a panel over all sweep values, 0 included, with ticks at the values."""
    positive = [value for value in values if value > 0]
    low, high = min(positive, default=1), max(positive, default=1)
    zero = len(positive) < len(values)
    decades = math.log10(high / low) + (1 if zero else 0)
    margin = _margin(axes, decades)
    if zero:
        # The axis is linear up to the first positive value: 0 is about a decade away from it.
        axes.set_xscale("symlog", linthresh=low, linscale=0.9)
        axes.set_xlim(-margin * low, high * 10**margin)
    else:
        axes.set_xscale("log")
        axes.set_xlim(low / 10**margin, high * 10**margin)
    places = _apart(axes, sorted(values))
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(FixedFormatter([form(place) for place in places]))
    axes.xaxis.set_minor_locator(NullLocator())


def _margin(axes, decades):
    """Margin on both sides in decades, so that markers offset sideways stay inside the panel."""
    share = 0.2 / (axes.figure.get_figwidth() * axes.get_position().width)
    return max(0.1, decades * share / (1 - 2 * share))


def _apart(axes, values):
    """The ascending values whose labels do not touch, with both ends."""
    width = axes.figure.get_figwidth() * axes.get_position().width
    share = axes.transScale + axes.transLimits

    def inches(value):
        return share.transform((value, axes.get_ylim()[0]))[0] * width

    kept = [values[0]]
    for value in values[1:]:
        if inches(value) - inches(kept[-1]) >= 0.42:
            kept.append(value)
        elif value == values[-1] and len(kept) > 1:
            kept[-1] = value
    return kept
