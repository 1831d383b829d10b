#!/usr/bin/python3
# How many times as fast one scheme is as others: CodedReduce's curves (Reisizadeh et al. 2022) over N or t_c.
import json
import math
import pathlib

import plot
import straggle_plots as plots
from straggle_plots import Line2D, numpy

DESCRIPTION = """\
Draws mean time of --over divided by mean time of --of, over a column of results.csv; above 1, --of is faster.
Bands are the 95 % interval: where one of the two is the baseline, of the paired speedup in the file; else as
if the two were independent, which is wider than the truth as both meet the same workers.
A time without a mean has no speedup and is left out; one with an infinite variance has no band and a marker half full. A
hollow marker: some trials of one of the two could not end, and are not in its mean. Notes say which.

--x t_c is the time one gradient occupies a receiving port, overhead + bytes/bandwidth, from the config.json
beside results.csv and the axes of the sweep."""
EXAMPLE = ("plots/speedup.py results/workers/results.csv --of CodedReduce --over GC --over 'ring all-reduce' "
           "--x /workers --where /network/downlink=none --log -o speedup.pdf")


def arguments_of():
    parser = plots.parser(DESCRIPTION, EXAMPLE)
    parser.add_argument("--of", metavar="LABEL", required=True, help="the scheme whose speedup it is")
    parser.add_argument("--over", metavar="LABEL", action="append",
                        help="the scheme it is compared with; may be repeated (default: all others)")
    parser.add_argument("--x", metavar="COLUMN", required=True,
                        help="an axis of the sweep that has numbers, or t_c")
    parser.add_argument("--by", metavar="COLUMN", action="append", default=[],
                        help="a curve for every value of this axis too; may be repeated")
    parser.add_argument("--log", nargs="?", const="both", choices=["x", "y", "both"], metavar="x|y|both",
                        help="logarithmic axes; alone: both")
    return parser


def ratio(table, of, over):
    """(mean time of row `over` / mean time of row `of`, its standard error or NaN)."""
    number = lambda row, name: table.number(row, table.columns.index(name))  # noqa: E731
    times = [number(row, "time_mean") for row in (over, of)]
    value = times[0] / times[1]
    for row, other in ((over, of), (of, over)):
        if (number(row, "speedup_mean"), number(row, "speedup_std_error")) == (1, 0):  # the baseline
            speedup, error = number(other, "speedup_mean"), number(other, "speedup_std_error")
            return value, error * value / speedup
    errors = [number(row, "time_std_error") / time for row, time in zip((over, of), times)]
    return value, value * math.hypot(*errors)


def interval(table, of, over):
    """(the ratio, half of its 95 % interval or NaN), by the fewer trials of the two."""
    value, error = ratio(table, of, over)
    trials, incomplete = table.columns.index("trials"), table.columns.index("incomplete")
    completed = min(table.number(row, trials) - table.number(row, incomplete) for row in (of, over))
    return value, plots.student_95(completed) * error


def transfer_times(table):
    """A function of a row: t_c in seconds, of the master's ports, from the configuration and the row's
    axes."""
    path = pathlib.Path(table.path).parent / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise plots.Mistake(f"{path}: cannot be read, and --x t_c needs it: {error.strerror}") from None
    except ValueError:
        raise plots.Mistake(f"{path}: is no configuration as straggle run writes it") from None

    def at(row, pointer):
        if pointer in table.axes:
            return json.loads(row[table.columns.index(pointer)])
        value = config
        for part in pointer.split("/")[1:]:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def transfer_time(row):
        size = at(row, "/gradient/bytes") or 8 * (at(row, "/gradient/dimension") or 0)
        bandwidths = [at(row, "/network/" + name) for name in ("bandwidth", "ingress", "egress")]
        bandwidths = [value for value in bandwidths if value]
        if at(row, "/network/model") != "serial" or (size and not bandwidths):
            raise plots.Mistake(f"{path}: t_c is of a serial network with a bandwidth")
        return (at(row, "/network/overhead") or 0) + (size / min(bandwidths) if size else 0)

    return transfer_time


def draw(arguments):
    """(figure, head of the results)."""
    table = plots.Table(arguments.results)
    label = table.columns.index("label")
    for name in arguments.by + ([] if arguments.x == "t_c" else [arguments.x]):
        table.column(name, choices=table.axes)
    rows = table.select(arguments.where)
    labels = list(dict.fromkeys(row[label] for row in rows))
    over = arguments.over or [name for name in labels if name != arguments.of]
    for name in [arguments.of] + over:
        if name not in labels:
            raise table.mistake(f"has no scheme labelled {name}; there are: {', '.join(labels)}")
    x_of = transfer_times(table) if arguments.x == "t_c" else None
    by = [table.columns.index(name) for name in arguments.by]

    points = {}
    for row in rows:
        points.setdefault(row[0], {})[row[label]] = row
    curves = {}
    for there in points.values():
        if arguments.of not in there:
            continue
        first = there[arguments.of]
        if x_of:
            x = x_of(first)
        else:
            x = table.number(first, table.columns.index(arguments.x))
        if not math.isfinite(x):
            raise table.mistake(f"{arguments.x} has no numbers, so there is no curve over it")
        for name in over:
            if name in there:
                curve = curves.setdefault((name, *(first[column] for column in by)), {})
                curve.setdefault(x, []).append((first, there[name]))

    pairs = [pair for curve in curves.values() for there in curve.values() for pair in there]
    concerned = list({id(row): row for pair in pairs for row in pair}.values())
    table.note_moments(concerned, ["time"], "plots/plot.py --y time_p50 draws medians", "half full")
    table.note_partial(concerned, ["time"], "drawn hollow")
    figure, (axes,) = plots.new_figure(plots.PAGE if arguments.wide else plots.COLUMN, 2.2)
    handles, words, drawn, any_vague, any_partial = [], [], [], False, False
    for index, ((name, *values), curve) in enumerate(curves.items()):
        for x, pairs in curve.items():
            if len(pairs) > 1:
                apart = arguments.by + ([] if x_of else [arguments.x])
                raise table.mixing(f"the curve over {name} at {arguments.x} = {x:g}", [of for of, _ in pairs],
                                   apart)
        xs = numpy.array(sorted(curve))
        found = numpy.array([interval(table, *curve[x][0]) for x in xs])
        style = plots.line_style(index)
        half = found[:, 1]
        axes.fill_between(xs, found[:, 0] - half, found[:, 0] + half, color=style["color"], alpha=0.3,
                          linewidth=0)
        axes.errorbar(xs, found[:, 0], half, fmt="none", ecolor=style["color"], elinewidth=0.8, capsize=1.5,
                      capthick=0.6)
        axes.plot(xs, found[:, 0], zorder=3, **style)
        partial = numpy.array([any(table.partial(row, "time") for row in curve[x][0]) for x in xs])
        if (partial & numpy.isfinite(found[:, 0])).any():
            any_partial = True
            axes.plot(xs, numpy.where(partial, found[:, 0], math.nan), zorder=3.4, **{**style, **plot.PARTIAL_MARKER})
        vague = numpy.array([any(table.moments(row, "time") for row in curve[x][0]) for x in xs])
        if (vague & numpy.isfinite(found[:, 0])).any():
            any_vague = True
            axes.plot(xs, numpy.where(vague, found[:, 0], math.nan), zorder=3.5, **{**style, **plot.VAGUE_MARKER})
        drawn += [(x, value) for x, value in zip(xs, found[:, 0])]
        handles.append(Line2D([], [], **style))
        words.append(", ".join(filter(None, [f"over {plots.printable(name)}",
                                             plots.group_label(arguments.by, values)])))
    if not any(math.isfinite(value) for _, value in drawn):
        lacking = any(table.moments(row, "time") == "no mean" for row in concerned)
        raise table.mistake(f"has no point where {arguments.of} and {' or '.join(over)} both have a "
                            + ("mean time: plots/plot.py --y time_p50 draws medians" if lacking else "time"))
    if any_vague:
        handles.append(Line2D([], [], marker="o", color="0.3", **plot.VAGUE_MARKER))
        words.append("means of an infinite variance")
    if any_partial:
        handles.append(Line2D([], [], marker="o", color="0.3", **plot.PARTIAL_MARKER))
        words.append(plot.PARTIAL)
    axes.axhline(1, color="black", linewidth=0.6, zorder=1)
    for axis, which, values in ((axes.xaxis, "x", [x for x, _ in drawn]),
                                (axes.yaxis, "y", [1] + [y for _, y in drawn])):
        if arguments.log in (which, "both"):
            plots.logarithmic(axis, values, arguments.x if which == "x" else "the speedup")
        else:
            plots.numeric(axis)
    if arguments.log not in ("y", "both"):
        axes.set_ylim(bottom=0)
    axes.set_xlabel("time of a message in a port [s]" if x_of else plots.axis_label(arguments.x))
    axes.set_ylabel(f"speedup of {plots.printable(arguments.of)}")
    axes.grid()
    plots.legend_on_top(figure, handles, words)
    return figure, table.head


if __name__ == "__main__":
    plots.main(arguments_of(), draw)
