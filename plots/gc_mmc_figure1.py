#!/usr/bin/python3
# Figure 1 of Ozfatura, Gündüz and Ulukus, "Gradient Coding with Clustering and Multi-message Communication"
# (2019): average completion time and number of messages side by side, a bar a scheme.
import plot
import straggle_plots as plots

DESCRIPTION = """\
Draws time and messages side by side, a bar for every scheme of results.csv, with whiskers of 95 % and
theory."""
EXAMPLE = "plots/gc_mmc_figure1.py results/gc-mmc/results.csv -o figure1.pdf -o figure1.png"


def arguments_of():
    return plots.parser(DESCRIPTION, EXAMPLE)


def draw(arguments):
    """(figure, head of the results)."""
    table = plots.Table(arguments.results)
    groups = plot.grouped(table, table.select(arguments.where), ["label"])
    for (name,), rows in groups.items():
        if len(rows) > 1:
            raise table.mixing(f"the bars of {name}", rows, ["label"], by=None)
    rows = [group[0] for group in groups.values()]
    figure, handles, labels, _ = plot.named_bars(table, rows, [name for name, in groups],
                                                 ["time", "messages"],
                                                 width=plots.PAGE if arguments.wide else 1.25 * plots.COLUMN)
    plots.legend_on_top(figure, handles, labels)
    return figure, table.head


if __name__ == "__main__":
    plots.main(arguments_of(), draw)
