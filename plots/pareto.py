#!/usr/bin/python3
# The trade-off of time against load: every row of a results.csv a point, and the front of those that no other
# beats in both.
import math

import plot
import straggle_plots as plots
from straggle_plots import Line2D, numpy

DESCRIPTION = """\
Draws time against messages (or other metrics of which less is better), a point a row of results.csv with
whiskers of 95 %, and the front: the points that no other point beats in one without losing in the other.
Dominated points are hollow. Where messages have different sizes, as those of a ring do, the load is bytes
into the busiest node unless --x says otherwise. A time without a mean or with an infinite variance is left out, and
a note says so: --y time_p50 takes medians. A row with trials that could not end tells of the others only: it is hollow with
a cross, on no front, and a note names it. Rows have to be of one setting: an axis of the sweep outside /schemes/ needs a
--where."""
EXAMPLE = ("plots/pareto.py results/order-and-clusters/results.csv --by /schemes/0/clusters "
           "--mark /schemes/0/order --log -o trade-off.pdf")


def arguments_of():
    parser = plots.parser(DESCRIPTION, EXAMPLE)
    parser.add_argument("--x", metavar="METRIC", help="the load (default: messages, or bytes_into_busiest "
                        "where messages have different sizes)")
    parser.add_argument("--y", metavar="METRIC", default="time", help="default: time")
    parser.add_argument("--by", metavar="COLUMN", action="append",
                        help="a marker for every value (default: label); may be repeated")
    parser.add_argument("--mark", metavar="COLUMN", help="write this column's value beside each point")
    parser.add_argument("--log", nargs="?", const="both", choices=["x", "y", "both"], metavar="x|y|both",
                        help="logarithmic axes; alone: both")
    return parser


def front(points):
    """The indices of the (x, y) that no other point dominates (at most as much in both, less in one), x
    ascending.

    Points that are equal in both stay together.
    """
    result, least = [], math.inf
    for index in sorted(range(len(points)), key=lambda i: points[i]):
        if points[index][1] < least or (result and points[index] == points[result[-1]]):
            result.append(index)
            least = points[index][1]
    return result


def load_of(table, rows):
    """The metric that is the load of all rows alike: messages where all are of one size, else bytes."""
    size = []
    for row in rows:
        messages, volume = (table.number(row, table.metric(name)[0]) for name in ("messages_in_all", "bytes_in_all"))
        if messages > 0 and math.isfinite(volume):
            size.append(volume / messages)
    if size and max(size) > min(size) * (1 + 1e-9):
        return "bytes_into_busiest"
    # Without sizes: the messages of a ring are parts of a gradient, those of all other schemes whole ones.
    schemes = {row[table.columns.index("scheme")] for row in rows}
    if not size and "rar" in schemes and len(schemes) > 1:
        raise table.mistake("a ring's messages are parts of a gradient, and there are no bytes to compare them by: "
                            "give the configuration a \"gradient\", or count them as if they were whole with "
                            "--x messages")
    return "messages"


def draw(arguments):
    """(figure, head of the results)."""
    table = plots.Table(arguments.results)
    if arguments.x is not None:
        table.metric(arguments.x)
    table.metric(arguments.y)
    mark = table.column(arguments.mark, choices=table.axes + ["scheme", "label"]) if arguments.mark else None
    by = arguments.by or ["label"]
    for name in by:
        table.column(name, choices=table.axes + ["scheme", "label"])
    rows = table.select(arguments.where)
    settings = [name for name in table.mixed(rows, []) if name.startswith("/")
                and not name.startswith("/schemes/")]
    if settings:
        others = [name for name in table.axes + ["label"] if name not in settings]
        raise table.mixing("the front", rows, others, by=None)
    arguments.x = arguments.x or load_of(table, rows)
    metrics = [arguments.x, arguments.y]
    columns = [table.metric(metric) for metric in metrics]
    table.note_moments(rows, metrics, plot.MEDIANS, "")
    table.note_partial(rows, metrics, "not compared, and on no front")
    lacking = any(table.moments(row, metric) for row in rows for metric in metrics)
    rows = [row for row in rows if all(math.isfinite(table.number(row, value)) for value, _ in columns)
            and not any(table.moments(row, metric) for metric in metrics)]
    if not rows:
        raise table.mistake(f"no row that is drawn has both {arguments.x} and {arguments.y}" + (
            f" with a mean and a variance: {plot.MEDIANS}" if lacking else ""))
    points = [tuple(table.number(row, value) for value, _ in columns) for row in rows]
    whiskers = [plot.Series(table, rows, metric, range(len(rows))).whiskers() for metric in metrics]
    # An approximate scheme has left data out: what it gains by that beats no exact one.
    recovered = table.columns.index("recovered")
    exact = [index for index, row in enumerate(rows) if table.number(row, recovered) >= 1] or range(len(rows))
    # Of a row with trials that could not end, neither metric is of what the others had to do.
    partial = {index for index, row in enumerate(rows) if any(table.partial(row, metric) for metric in metrics)}
    compared = [index for index in exact if index not in partial]
    best = [compared[index] for index in front([points[index] for index in compared])]

    figure, (axes,) = plots.new_figure(plots.PAGE if arguments.wide else plots.COLUMN, 2.5)
    axes.errorbar(*zip(*points), xerr=numpy.nan_to_num(whiskers[0]), yerr=numpy.nan_to_num(whiskers[1]),
                  fmt="none", ecolor="0.35", elinewidth=0.7, capsize=1.5, capthick=0.6, zorder=2)
    if best:
        axes.plot(*zip(*[points[index] for index in best]), drawstyle="steps-post", color="0.5", linewidth=0.9,
                  zorder=1.5)
    groups, handles, labels = plot.grouped(table, rows, by), [], []
    place = {id(row): index for index, row in enumerate(rows)}
    for number, (names, group) in enumerate(groups.items()):
        style = {**plots.line_style(number), "linestyle": "none"}
        for fill in ("full", "none", "left"):
            there = [points[index] for index in (place[id(row)] for row in group)
                     if fill == ("full" if index in best else "none" if index in exact or index in partial else "left")]
            if there:
                axes.plot(*zip(*there), zorder=3.2 if fill == "full" else 3, fillstyle=fill if fill == "left" else "full",
                          **{**style, **({"markerfacecolor": "white"} if fill == "none" else {})})
        handles.append(Line2D([], [], **style))
        labels.append(plots.group_label(by, names))
    hollow = Line2D([], [], marker="o", color="0.3", **plot.PARTIAL_MARKER)
    if compared:
        handles += [Line2D([], [], color="0.5", linewidth=0.9), hollow]
        labels += ["not dominated", "dominated"]
    if partial:
        cross = {"linestyle": "none", "marker": "x", "color": "black", "markersize": 3, "markeredgewidth": 0.7}
        axes.plot(*zip(*[points[index] for index in sorted(partial)]), zorder=3.3, **cross)
        handles.append((hollow, Line2D([], [], **cross)))
        labels.append(f"{plot.PARTIAL}, not compared")
    if any(index not in exact and index not in partial for index in range(len(rows))):
        handles.append(Line2D([], [], linestyle="none", marker="o", color="0.3", fillstyle="left"))
        labels.append("approximate, not compared")
    for axis, metric, log, values in ((axes.xaxis, arguments.x, "x", 0), (axes.yaxis, arguments.y, "y", 1)):
        if arguments.log in (log, "both"):
            plots.logarithmic(axis, [point[values] for point in points], metric)
        else:
            plots.numeric(axis)
    axes.set_xlabel(plots.metric_label(arguments.x))
    axes.set_ylabel(plots.metric_label(arguments.y))
    axes.margins(0.08)
    axes.grid()
    if mark is not None:
        handles.append(Line2D([], [], linestyle="none"))
        labels.append(f"beside: {plots.axis_label(arguments.mark)}")
    plots.legend_on_top(figure, handles, labels)
    if mark is not None:
        marked = {}  # points of one group that coincide get one text
        for group in groups.values():
            for row in group:
                marked.setdefault((points[place[id(row)]], id(group)), []).append(row[mark])
        texts = []
        for values in marked.values():
            values = [plots.value_label(arguments.mark, value) for value in dict.fromkeys(values)]
            texts.append(plots.printable(values[0] if len(values) == 1 else f"{values[0]} … {values[-1]}",
                                         24))
        plots.write_beside(figure, axes, [point for point, _ in marked], texts)
    return figure, table.head


if __name__ == "__main__":
    plots.main(arguments_of(), draw)
