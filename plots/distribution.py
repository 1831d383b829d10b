#!/usr/bin/python3
# The distribution over trials: empirical distribution function, and its tail on a logarithmic axis.
import math
import warnings

import plot
import straggle_plots as plots
from straggle_plots import Line2D, NORMAL_95, numpy

DESCRIPTION = """\
Draws the empirical distribution function of a column of samples.csv (of the completion time, unless --x says
otherwise) and beside it the share of trials above x, on a logarithmic axis. Bands are Wilson's 95 % interval
at each x. A trial that could not end counts as longer than any other. The x axis is logarithmic where the largest value is
over 50 times the median, which would leave a linear one nothing to show; a note says so."""
EXAMPLE = "plots/distribution.py results/figure1/samples.csv --where label=GC --where label=LCC -o tails.pdf"
LONG_TAIL = 50  # the largest value over the median, from which on the x axis is logarithmic
STEPS = 300  # a curve is drawn by so many steps evenly over the trials, and as many in the log of the tail


def arguments_of():
    parser = plots.parser(DESCRIPTION, EXAMPLE, files="samples")
    parser.add_argument("--x", metavar="COLUMN", default="time",
                        help="time (default), messages, work, wasted, ...")
    parser.add_argument("--by", metavar="COLUMN", action="append",
                        help="a curve for every value (default: label); may be repeated")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--log", action="store_true", help="logarithmic x axis")
    scale.add_argument("--linear", action="store_true", help="linear x axis, however long the tail")
    return parser


def wilson(counts, trials):
    """(low, high) of a share, 95 %, after so many successes in trials."""
    share, z = counts / trials, NORMAL_95 ** 2 / trials
    middle = (share + z / 2) / (1 + z)
    half = numpy.sqrt(z * (share * (1 - share) + z / 4)) / (1 + z)
    return numpy.clip(middle - half, 0, 1), numpy.clip(middle + half, 0, 1)


def steps(values, trials):
    """(x, share of trials at most x) at a subset of the steps of the empirical distribution, its ends
    included."""
    values = numpy.sort(values)
    count = len(values)
    picked = numpy.concatenate([numpy.linspace(0, count - 1, STEPS),
                                count - numpy.geomspace(1, count, STEPS)])
    x = numpy.unique(values[picked.round().astype(int)])
    return x, numpy.searchsorted(values, x, side="right") / trials  # ties: of equal values the last


def read(table, column, by, selects):
    """{values of the --by columns: [their finite values, number of trials, {point: a row}]}, row by row."""
    groups, by = {}, [table.columns.index(name) for name in by]
    key = row = None
    for row in table.rows():
        if not selects(row):
            continue
        key = tuple([row[index] for index in by])
        group = groups.get(key)
        if group is None:
            group = groups[key] = [[], 0, {}]
        group[1] += 1
        if row[0] not in group[2]:
            group[2][row[0]] = row
        text = row[column]
        if text:
            try:
                group[0].append(float(text))
            except ValueError:
                table.number(row, column)
    return groups


def draw(arguments):
    """(figure, head of the samples)."""
    table = plots.Table(arguments.results, trials=True)
    measured = table.columns[table.columns.index("trial") + 1:]
    column = table.column(arguments.x, choices=measured)
    by = arguments.by or ["label"]
    for name in by:
        table.column(name, choices=table.axes + ["scheme", "label"])
    selects, unmet = table.selector(arguments.where)
    groups = read(table, column, by, selects)
    if mistake := unmet():
        raise mistake
    if not groups:
        raise table.mistake("has no trials" + (" that every --where selects" if arguments.where else ""))
    for names, (_, _, points) in groups.items():
        rows = list(points.values())
        if len(rows) > 1 or len(table.mixed(rows, by)) > 0:
            raise table.mixing(f"the curve of {plots.group_label(by, names)}", rows, by)
    if not any(values for values, _, _ in groups.values()):
        raise table.mistake(f"{arguments.x} has no value in any trial that is drawn")

    log = arguments.log
    if not (log or arguments.linear):
        together = numpy.concatenate([values for values, _, _ in groups.values()])
        ratio = together.max() / numpy.median(together) if together.min() > 0 else 0
        if log := bool(ratio > LONG_TAIL):
            warnings.warn(f"{arguments.x} reaches {ratio:.3g} times its median, so its axis is logarithmic; --linear "
                          "draws a linear one")

    figure, (body, tail) = plots.new_figure(plots.PAGE if arguments.wide else plots.COLUMN, 2.2, 2)
    handles, labels, everything, least, alike = [], [], [], 1.0, []
    for index, (names, (values, trials, _)) in enumerate(groups.items()):
        style = {**plots.line_style(index), "markevery": 0.2, "markersize": 3.5}
        handles.append(Line2D([], [], **{**style, "markevery": None}))
        labels.append(plots.group_label(by, names))
        if not values:
            continue
        everything += [min(values), max(values)]
        least = min(least, 1 / trials)
        x, share = steps(values, trials)
        low, high = wilson(share * trials, trials)
        # the last step, to 0, has no place on a logarithmic axis
        above = numpy.where(share * trials < trials - 0.5, 1 - share, math.nan)
        for axes, middle, bottom, top in ((body, share, low, high), (tail, above, 1 - high, 1 - low)):
            axes.fill_between(x, bottom, top, step="post", color=style["color"], alpha=0.25, linewidth=0,
                              zorder=2)
            if len(x) > 1 and numpy.isfinite(middle).any():
                axes.plot(x, middle, drawstyle="steps-post", zorder=3, **style)
        if len(x) == 1:
            alike.append((x[0], share[0], style))
    # Trials that are all alike are one step, from end to end of what is drawn: up in the body, down in the tail.
    low, high = min(everything), max(everything)
    if low > 0:
        room = (high / low) ** 0.1 if high > low else 1.5
        low, high = low / room, high * room
    else:
        room = 0.1 * (high - low) or 1.0
        low, high = low - (0 if log else room), high + room
    least = min(least, 0.1)  # of one trial
    for place, share, style in alike:
        style = {**style, "marker": "none"}
        body.plot([low, place, place, high], [0, 0, share, share], zorder=3, **style)
        tail.plot([low, place, place, high], [1, 1, *[1 - share if share < 1 else least / 10] * 2], zorder=3, **style)
    if alike:
        everything += [low, high]
    for axes in (body, tail):
        if log:
            plots.logarithmic(axes.xaxis, everything, arguments.x)
        else:
            plots.numeric(axes.xaxis)
        axes.set_xlabel(plots.metric_label(arguments.x))
        axes.grid()
    plots.numeric(body.yaxis)
    body.set_ylim(0, 1.02)
    body.set_ylabel("share of trials ≤ x")
    plots.logarithmic(tail.yaxis, [least, 1], "the tail")
    tail.set_ylim(least / 1.5, 1.3)
    tail.set_ylabel("share of trials > x")
    plots.legend_on_top(figure, handles, labels)
    return figure, table.head


if __name__ == "__main__":
    plots.main(arguments_of(), draw)
