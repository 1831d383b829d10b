#!/usr/bin/python3
# Curves or bars of one metric of a results.csv, with 95 % confidence and theory beside it.
import csv
import json
import math
import pathlib

import straggle_plots as plots
from straggle_plots import Line2D, Mistake, Table, numpy

DESCRIPTION = """\
Draws a metric of results.csv over a column: curves where the column has numbers, bars where it has none or is
left out. Bands and whiskers are the 95 % confidence interval of the mean or the quantile. Theory, where the file has it for the
metric, is a disc behind the marker or a tick on the bar (exact), or reaches from bound to bound (proved
bounds, asymptotic); it is not joined between points, where nobody has computed it. A hollow marker, or a bar with a thick edge
and no fill: some trials could not end, and are not in the mean; a note names them. A marker half full, or a bar with a dashed
edge and no fill: the mean of a time with an infinite variance, which
has no interval. A time without a mean is not drawn; --y time_p50 draws medians, which always exist.

Metrics: every column with _mean (time, messages, wasted, speedup, ...), time_min, time_p50, time_p95,
time_p99, time_max.
Columns: scheme, label, and the axes of the sweep, such as /compute/rate."""
EXAMPLE = """\
plots/plot.py results/first/results.csv --x /compute/rate --y time --by label --log x -o rate.pdf
  plots/plot.py results/first/results.csv --y messages --where /compute/rate=10 -o bars.svg -o bars.png"""


def arguments_of():
    parser = plots.parser(DESCRIPTION, EXAMPLE)
    parser.add_argument("--x", metavar="COLUMN", action="append", default=[],
                        help="what to draw over; several make a category of every combination")
    parser.add_argument("--y", metavar="METRIC", required=True, help="what to draw")
    parser.add_argument("--by", metavar="COLUMN", action="append",
                        help="a curve, or a bar of each group, for every value (default: label); may be "
                        "repeated")
    parser.add_argument("--bars", action="store_true", help="bars, also over numbers")
    parser.add_argument("--log", nargs="?", const="all", choices=["x", "y", "both", "all"],
                        metavar="x|y|both", help="logarithmic axes; alone: every axis of numbers")
    parser.add_argument("--beside", metavar="FILE",
                        help="mark given values: those of a configuration's expect block, or of a CSV file of "
                        "the columns label, axes (empty: any) and metrics, named in its first line")
    parser.add_argument("--xlabel", metavar="TEXT", help="instead of the column's name")
    parser.add_argument("--ylabel", metavar="TEXT", help="instead of the metric's name")
    return parser


class Series:
    """What is drawn of one group: x (numbers or categories' places), mean (or quantile), the ends of its 95 %
    interval as interval[0] and [1], theory."""

    def __init__(self, table, rows, metric, places):
        value, _ = table.metric(metric)
        column = {name: table.columns.index(name) for name in table.columns}
        numbers = lambda index: numpy.array([table.number(row, index) for row in rows])  # noqa: E731
        self.x = numpy.array(places, dtype=float)
        self.mean = numbers(value)
        self.interval = numpy.array([table.interval(row, metric) for row in rows], dtype=float).T
        self.incomplete = numpy.array([table.partial(row, metric) for row in rows], dtype=bool)
        self.vague = numpy.array([table.moments(row, metric) == "no variance" for row in rows], dtype=bool)
        self.rows = rows
        self.kind = [row[column["theory"]] for row in rows]
        self.low = self.high = numpy.full(len(rows), math.nan)
        if metric == "time":
            self.low, self.high = numbers(column["theory_time_low"]), numbers(column["theory_time_high"])
        elif metric == "messages":
            self.low = self.high = numbers(column["theory_messages"])
            self.kind = ["exact" if math.isfinite(value) else "" for value in self.low]

    def theory(self, kind):
        """(low, high) where theory is of this kind, NaN elsewhere."""
        there = numpy.array([name == kind for name in self.kind])
        return numpy.where(there, self.low, math.nan), numpy.where(there, self.high, math.nan)

    def whiskers(self):
        """How far the interval reaches below and above the mean."""
        return numpy.maximum([self.mean - self.interval[0], self.interval[1] - self.mean], 0)

    def kinds(self):
        return {kind for kind, low in zip(self.kind, self.low) if kind and math.isfinite(low)}


def grouped(table, rows, by):
    """{values of the --by columns: their rows}, in the file's order."""
    columns = [table.column(name, choices=table.axes + ["scheme", "label"]) for name in by]
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in columns), []).append(row)
    return groups


def speedup_label(table, rows):
    """The label of the axis, with the baseline: the one label whose speedup is 1 without error."""
    column = {name: table.columns.index(name) for name in ("label", "speedup_mean", "speedup_std_error")}
    labels = {row[column["label"]] for row in rows}
    for row in rows:
        if (row[column["speedup_mean"]], row[column["speedup_std_error"]]) != ("1", "0"):
            labels.discard(row[column["label"]])
    if len(labels) != 1:
        return plots.metric_label("speedup")
    return f"speedup over {plots.printable(labels.pop())}"


def beside(path, metric):
    """(source, [(label, {axis: value}, number)]) of a file of given values for a metric."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Mistake(f"{path}: cannot be read: {reason}") from None
    if path.endswith(".json"):
        try:
            given = [item for item in json.loads(text)["expect"]
                     if item["metric"] == metric and "value" in item]
            values = [(item["scheme"],
                       {name: json.dumps(value) for name, value in item.get("at", {}).items()},
                       float(item["value"])) for item in given]
            sources = list(dict.fromkeys(item.get("source", "") for item in given))
        except (ValueError, KeyError, TypeError) as error:
            raise Mistake(f"{path}: has no expect block of a configuration without comments, such as the "
                          f"config.json beside results.csv ({error})") from None
        source = ", ".join(sources) if 0 < len(sources) <= 3 else "expected"
    else:
        head = text.partition("\n")[0]
        lines = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
        if not head.startswith("#") or not lines or "label" not in lines[0]:
            raise Mistake(f"{path}: has to begin with # and a name, and to have the column label")
        if metric not in lines[0]:
            raise Mistake(f"{path}: has no column {metric}")
        source, values = head.lstrip("# ").strip(), []
        for line in lines:
            try:
                if line[metric]:
                    values.append((line["label"], {name: value for name, value in line.items()
                                                   if name.startswith("/") and value}, float(line[metric])))
            except ValueError:
                raise Mistake(f"{path}: {metric} is \"{line[metric]}\", not a number") from None
    if not values:
        raise Mistake(f"{path}: has no value of {metric}")
    return source, values


def given_for(table, row, values):
    """The given numbers for a row."""
    return [number for label, at, number in values
            if label == row[table.columns.index("label")]
            and all(name in table.axes and plots.same(row[table.columns.index(name)], value)
                    for name, value in at.items())]


def draw_theory(axes, series, flat=0.0, across=False):
    """Theory of one series, where it was computed: discs and stretches of a curve, or for bars (flat: their
    width) marks as wide as a bar, open in the middle, where the whisker is."""
    for kind in ("bounds", "asymptotic", "exact"):
        low, high = series.theory(kind)
        there = numpy.isfinite(low)
        if not there.any():
            continue
        if not flat:
            if kind == "exact":
                axes.plot(series.x[there], low[there], **plots.THEORY)
            else:
                axes.vlines(series.x[there], low[there], high[there], zorder=1, **plots.BETWEEN[kind])
            continue
        for place, least, most in zip(series.x[there], low[there], high[there]):
            if kind == "exact":
                ends, gap = numpy.array([-0.5, 0.5]) * flat + place, numpy.array([-0.23, 0.23]) * flat + place
                draw = axes.vlines if across else axes.hlines
                draw([least] * 2, [ends[0], gap[1]], [gap[0], ends[1]], color="black", linewidth=1.2, zorder=4)
            else:
                extent = (place - flat * 0.3, flat * 0.6), (least, most - least)
                (left, width), (bottom, height) = extent[::-1] if across else extent
                axes.bar(left, height, width, bottom, align="edge", facecolor=(0, 0, 0, 0.15),
                         edgecolor="0.25", linestyle="-" if kind == "bounds" else ":", linewidth=0.5,
                         zorder=3.5)


# The mean of a time with an infinite variance: an estimate of which nobody can say how good it is.
VAGUE_MARKER = {"linestyle": "none", "fillstyle": "bottom", "markerfacecoloralt": "white"}
VAGUE_BAR = {"facecolor": "white", "edgecolor": "black", "linestyle": (0, (2, 1.5)), "linewidth": 0.7}
# What is of a part of the trials, as the others could not end.
PARTIAL_MARKER = {"linestyle": "none", "markerfacecolor": "white"}
PARTIAL_BAR = {"facecolor": "white", "linewidth": 1.5}
PARTIAL = "of the trials that could end"


def mark_handles(all_series, curves):
    """(handles, labels) of a legend for means with an infinite variance and for what is of a part of the trials, if
    there are any."""
    handles, labels = [], []
    for part, marker, bar, words in (("vague", VAGUE_MARKER, VAGUE_BAR, "mean of an infinite variance"),
                                     ("incomplete", PARTIAL_MARKER, {**PARTIAL_BAR, "edgecolor": "0.3"}, PARTIAL)):
        if any((getattr(series, part) & numpy.isfinite(series.mean)).any() for series in all_series):
            handles.append(Line2D([], [], marker="o", color="0.3", **marker) if curves else plots.Patch(**bar))
            labels.append(words)
    return handles, labels


def draw_curve(axes, series, style):
    shown = numpy.isfinite(series.interval).all(axis=0)
    if shown.sum() > 1:
        axes.fill_between(series.x, *series.interval, color=style["color"], alpha=0.3, linewidth=0, zorder=2)
    if shown.any():
        axes.errorbar(series.x, series.mean, series.whiskers(), fmt="none", ecolor=style["color"], elinewidth=0.8,
                      capsize=1.5, capthick=0.6, zorder=2.5)
    axes.plot(series.x, series.mean, zorder=3, **style)
    hollow = numpy.where(series.incomplete, series.mean, math.nan)
    if numpy.isfinite(hollow).any():
        axes.plot(series.x, hollow, zorder=3.5, **{**style, **PARTIAL_MARKER})
    vague = numpy.where(series.vague, series.mean, math.nan)
    if numpy.isfinite(vague).any():
        axes.plot(series.x, vague, zorder=3.6, **{**style, **VAGUE_MARKER})


def draw_bars(axes, series, styles, width, across=False):
    """Bars at series.x, all of one style or each of its own; across: from left to right."""
    for index, (place, mean) in enumerate(zip(series.x, series.mean)):
        arguments = {**(styles[index] if isinstance(styles, list) else styles), "zorder": 2}
        if series.vague[index]:
            arguments |= VAGUE_BAR
        if series.incomplete[index]:  # the edge in the bar's colour, if it has none: a narrow whisker is seen on it
            arguments |= {"edgecolor": arguments["facecolor"], **arguments, **PARTIAL_BAR}
        if across:
            axes.barh(place, mean, width, **arguments)
        else:
            axes.bar(place, mean, width, **arguments)
    if numpy.isfinite(series.interval).all(axis=0).any():
        axes.errorbar(*((series.mean, series.x) if across else (series.x, series.mean)),
                      **{"xerr" if across else "yerr": series.whiskers()}, fmt="none", ecolor="black",
                      elinewidth=0.7, capsize=1.8, capthick=0.7, zorder=4.5)


def named_bars(table, rows, names, metrics, width, log=False, labels=None, values_of=None):
    """Bars from left to right, one a row under its name, and beside each other as many panels as metrics,
    with their numbers at their ends. Bars of one scheme look alike. Gives (figure, handles, labels, whether
    given values are drawn)."""
    schemes = [row[table.columns.index("scheme")] for row in rows]
    order = list(dict.fromkeys(schemes))
    # Names stand beside the bars, so no hatch; and no edge, which would cover a narrow whisker.
    styles = [{"facecolor": plots.bar_style(order.index(scheme) % len(plots.HATCHES))["facecolor"]}
              for scheme in schemes]
    names = [plots.printable(name, 28) for name in names]
    rooms = numpy.array([1 + 0.65 * name.count("\n") for name in names])  # a name of several lines needs more
    places = numpy.cumsum(rooms) - rooms / 2
    figure, panels = plots.new_figure(width, max(0.55 + 0.2 * rooms.sum(), 1.0), len(metrics), sharey=True)
    kinds, marks, all_series = set(), False, []
    for axes, metric, label in zip(panels, metrics, labels or map(plots.metric_label, metrics)):
        series = Series(table, rows, metric, places)
        check_values(table, metric, [series])
        all_series.append(series)
        draw_bars(axes, series, styles, 0.7, across=True)
        draw_theory(axes, series, flat=0.7, across=True)
        kinds |= series.kinds()
        given = [(number, place) for place, row in zip(places, rows)
                 for number in given_for(table, row, values_of or [])]
        if given:
            marks = True
            draw_given(axes, *zip(*given))
        ends = numpy.fmax.reduce([series.mean, series.high, series.interval[1]])
        for place, mean, most in zip(places, series.mean, ends):
            if math.isfinite(mean):
                axes.annotate(plots.four_digits(mean), (most, place), (4, 0), textcoords="offset points",
                              va="center", fontsize=6.5, zorder=5)
        axes.set_xlabel(label)
        if log:
            plots.logarithmic(axes.xaxis, series.mean, metric)
        else:
            plots.numeric(axes.xaxis)
        axes.margins(x=0.16)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(places, names)
    panels[0].set_ylim(rooms.sum(), 0)
    table.note_moments(rows, metrics, MEDIANS, "without a fill")
    table.note_partial(rows, metrics, "drawn without a fill")
    handles, words = plots.theory_handles(kinds, "across")
    more = mark_handles(all_series, False)
    return figure, handles + more[0], words + more[1], marks


def draw_given(axes, x, y):
    axes.plot(x, y, linestyle="none", marker="d", color="black", markeredgecolor="white", markeredgewidth=0.7,
              markersize=5, zorder=6)


MEDIANS = "--y time_p50 draws medians"
GIVEN_HANDLE = {"linestyle": "none", "marker": "d", "color": "black", "markersize": 5}


def check_values(table, metric, series):
    if not any(numpy.isfinite(one.mean).any() for one in series):
        lacking = any(table.moments(row, metric) == "no mean" for one in series for row in one.rows)
        raise table.mistake(f"{metric} has no value in any row that is drawn" + (
            f", as these times have no mean: {MEDIANS}" if lacking else ""))


def draw(arguments):
    """(figure, head of the results)."""
    table = Table(arguments.results)
    metric = arguments.y[:-5] if arguments.y.endswith("_mean") else arguments.y
    table.metric(metric)
    by = arguments.by or ["label"]
    for name in arguments.x + by:
        table.column(name, choices=table.axes + ["scheme", "label"])
    rows = table.select(arguments.where)
    by = [name for name in by if name not in arguments.x] or [by[0]]
    source, values = beside(arguments.beside, metric) if arguments.beside else ("", [])
    groups = grouped(table, rows, by)
    ylabel = arguments.ylabel or (speedup_label(table, rows) if metric == "speedup"
                                  else plots.metric_label(metric))
    log = {None: "", "both": "xy", "all": "xy"}.get(arguments.log, arguments.log)

    if not arguments.x or (len(arguments.x) == 1 and arguments.x == by):
        for names, group in groups.items():
            if len(group) > 1:
                raise table.mixing(f"the bar of {plots.group_label(by, names)}", group, by)
        names = [plots.group_label(by, names) for names in groups]
        figure, handles, words, marks = named_bars(table, rows, names, [metric],
                                                   plots.PAGE if arguments.wide else plots.COLUMN, bool(log),
                                                   [ylabel], values)
        if arguments.ylabel is None and arguments.xlabel:
            figure.axes[0].set_xlabel(arguments.xlabel)
    else:
        figure, handles, words, marks = draw_over(table, groups, by, metric, arguments, values, ylabel, log)
    if arguments.beside:
        if not marks:
            raise Mistake(f"{arguments.beside}: no value of {metric} is of anything that is drawn")
        handles.append(Line2D([], [], **GIVEN_HANDLE))
        words.append(source)
    plots.legend_on_top(figure, handles, words)
    return figure, table.head


def draw_over(table, groups, by, metric, arguments, values, ylabel, log):
    """Curves or groups of bars over the columns --x. Gives (figure, handles, labels, whether given values are
    drawn)."""
    columns = [table.columns.index(name) for name in arguments.x]
    keys = list(dict.fromkeys(tuple(row[column] for column in columns) for rows in groups.values()
                              for row in rows))
    curves = not arguments.bars and len(columns) == 1 and all(plots.is_number(key[0]) for key in keys)
    if all(plots.is_number(part) for key in keys for part in key):
        keys.sort(key=lambda key: [float(part) for part in key])
    all_series, found = {}, []
    for names, rows in groups.items():
        of_key = {}
        for row in rows:
            of_key.setdefault(tuple(row[column] for column in columns), []).append(row)
        for key, there in of_key.items():
            if len(there) > 1:
                at = ", ".join(f"{name} = {part}" for name, part in zip(arguments.x, key))
                what = f"{'a curve' if curves else 'a bar'} of {plots.group_label(by, names)} at {at}"
                raise table.mixing(what, there, arguments.x + by)
        there = [key for key in keys if key in of_key]
        series = Series(table, [of_key[key][0] for key in there], metric,
                        [float(key[0]) for key in there] if curves else [keys.index(key) for key in there])
        found.append(series)
        if numpy.isfinite(series.mean).any():
            all_series[names] = series
    check_values(table, metric, found)
    concerned = [row for series in found for row in series.rows]
    table.note_moments(concerned, [metric], MEDIANS, "half full" if curves else "without a fill")
    table.note_partial(concerned, [metric], "drawn hollow" if curves else "drawn without a fill")

    figure, (axes,) = plots.new_figure(plots.PAGE if arguments.wide else plots.COLUMN, 2.2)
    handles, words, given, kinds = [], [], [], set()
    places = [place for series in all_series.values() for place in series.x[numpy.isfinite(series.mean)]]
    alone = len(set(places)) == len(places)  # one bar a tick stands on it
    width = 0.6 if alone else 0.8 / len(all_series)
    for index, (names, series) in enumerate(all_series.items()):
        kinds |= series.kinds()
        words.append(plots.group_label(by, names))
        if curves:
            style = plots.line_style(index)
            draw_curve(axes, series, style)
            draw_theory(axes, series)
            handles.append(Line2D([], [], **style))
        else:
            style = plots.bar_style(index)
            if not alone:
                series.x = series.x + (index - (len(all_series) - 1) / 2) * width
            draw_bars(axes, series, style, width)
            draw_theory(axes, series, flat=width)
            handles.append(plots.Patch(**style))
        given += [(x, number) for x, row in zip(series.x, series.rows)
                  for number in given_for(table, row, values)]
    if given:
        draw_given(axes, *zip(*given))
    more = plots.theory_handles(kinds, None if curves else "up")
    handles, words = handles + more[0], words + more[1]
    more = mark_handles(all_series.values(), curves)
    handles, words = handles + more[0], words + more[1]

    numbers = [number for series in all_series.values() for part in (series.mean, series.low, series.high)
               for number in part if math.isfinite(number)] + [number for _, number in given]
    if curves:
        if "x" in log:
            plots.logarithmic(axes.xaxis, [x for series in all_series.values() for x in series.x],
                              arguments.x[0])
        else:
            plots.numeric(axes.xaxis)
    else:
        axes.set_xticks(range(len(keys)), ["\n".join(plots.printable(plots.value_label(name, part), 18)
                                                     for name, part in zip(arguments.x, key))
                                           for key in keys])
        axes.set_xlim(-0.5, len(keys) - 0.5)
        axes.tick_params(axis="x", length=0)
    if "y" in log:
        plots.logarithmic(axes.yaxis, numbers, metric)
        if not curves and min(numbers) > 0:
            axes.set_ylim(bottom=min(numbers) / 3)  # a bar of the least value is still one
    else:
        plots.numeric(axes.yaxis)
        if min(numbers) >= 0:
            axes.set_ylim(bottom=0)
    axes.set_xlabel(arguments.xlabel or ", ".join(map(plots.axis_label, arguments.x)))
    axes.set_ylabel(ylabel)
    axes.grid(axis="both" if curves else "y")
    if not curves:
        plots.turn_if_crowded(figure, axes)
    return figure, handles, words, bool(given)


if __name__ == "__main__":
    plots.main(arguments_of(), draw)
