# The figures draw what the results files say, look as a paper needs them, and say what they are of. Input is
# a small run of the program: figures_test.py PROGRAM SOURCE_FOLDER.
import contextlib
import csv
import io
import itertools
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import uuid
import xml.etree.ElementTree
from unittest import mock

PROGRAM, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
PLOTS = SOURCE / "plots"
sys.dont_write_bytecode = True
sys.path.insert(0, str(PLOTS))
try:
    import matplotlib  # noqa: F401
except ImportError:
    print("SKIPPED: python3-matplotlib is not installed, and the figures need it")
    sys.exit(77)

import numpy  # noqa: E402
from matplotlib.collections import PolyCollection  # noqa: E402
from PIL import Image  # noqa: E402

import distribution  # noqa: E402
import gc_mmc_figure1  # noqa: E402
import pareto  # noqa: E402
import plot  # noqa: E402
import speedup  # noqa: E402
import straggle_plots as plots  # noqa: E402

# Two axes; exact theory on the ideal network, bounds on the other; labels that a figure could trip over.
CONFIG = {
    "title": "A “small” run (K = 12) \\ of <two> axes", "trials": 60, "workers": 12,
    "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
    "schemes": [
        {"scheme": "uncoded", "label": "_plain"},
        {"scheme": "gc", "load": 3, "label": "GC, r = 3"},
        {"scheme": "uc-mmc", "load": 3, "label": "$UC-MMC$ & <more>"},
    ],
    "sweep": [
        {"path": "/compute/rate", "values": [20, 5, 10]},
        {"path": "/network", "values": [{"model": "ideal"}, {"model": "serial", "overhead": 0.01}]},
    ],
    "verify": {"trials": 1},
}
LABELS = [scheme["label"] for scheme in CONFIG["schemes"]]
IDEAL = '/network={"model": "ideal"}'


def setUpModule():
    global FOLDER, RESULTS, SAMPLES, TREES, ROWS
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    FOLDER = pathlib.Path(folder.name)
    (FOLDER / "small.json").write_text(json.dumps(CONFIG))
    for words in (["small.json", "--out", "small", "--samples"],
                  [SOURCE / "experiments/coded-reduce/transfer-time.json", "--out", "trees", "--trials",
                   "20"]):
        subprocess.run([str(PROGRAM), "run", *map(str, words)], cwd=FOLDER, check=True, timeout=120,
                       capture_output=True)
    RESULTS, SAMPLES = FOLDER / "small/results.csv", FOLDER / "small/samples.csv"
    TREES = FOLDER / "trees/results.csv"
    ROWS = rows_of(RESULTS)


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


# Workers fail: "plain" needs all of them, and "coded", slower by its work, hardly any.
LACKING = {"workers": 6, "trials": 200,
           "compute": {"model": "shifted-exponential", "shift": 0.1, "rate": 10, "failure": {"probability": 0.1}},
           "schemes": [{"scheme": "uncoded", "label": "plain"}, {"scheme": "gc", "load": 6, "label": "coded"}]}


def lacking_trials():
    """(results.csv, its rows) of a run in which "plain" lacks trials and "coded" does not."""
    (FOLDER / "lacking.json").write_text(json.dumps(LACKING))
    subprocess.run([str(PROGRAM), "run", "lacking.json", "--out", "lacking"], cwd=FOLDER, check=True, capture_output=True)
    return FOLDER / "lacking/results.csv", rows_of(FOLDER / "lacking/results.csv")


def lost_of(rows):
    """The rows that lack trials, as a note lists them."""
    return ", ".join(f"{row['label']} ({100 * int(row['incomplete']) / int(row['trials']):.3g} % of its trials)"
                     for row in rows if row["incomplete"] != "0")


def selected(rows=None, **conditions):
    """Rows whose columns (__ for /) have these values."""
    return [row for row in (ROWS if rows is None else rows)
            if all(row[name.replace("__", "/")] == value for name, value in conditions.items())]


def drawn(module, *words):
    """The figure that a script draws with these arguments."""
    figure, _ = module.draw(module.arguments_of().parse_args([*map(str, words), "-o", "x.png"]))
    return figure


def run_inside(module, *words):
    """(exit code, standard output, standard error) of a script, run in this process."""
    output, error = io.StringIO(), io.StringIO()
    with mock.patch.object(sys, "argv", [f"{module.__name__}.py", *map(str, words)]), \
            contextlib.redirect_stdout(output), contextlib.redirect_stderr(error):
        try:
            plots.main(module.arguments_of(), module.draw)
            code = 0
        except SystemExit as end:
            code = end.code
    return code, output.getvalue(), error.getvalue()


def shape(line):
    """What is left of a line's style without colour."""
    return line.get_marker(), line.get_linestyle(), getattr(line, "_unscaled_dash_pattern", None)


def curves(axes):
    """The lines with markers and dashes, in the order in which they were drawn."""
    return [line for line in axes.lines if line.get_marker() in plots.MARKERS
            and line.get_linestyle() != "None"]


def close(found, wanted):
    numpy.testing.assert_allclose(numpy.asarray(found, float), numpy.asarray(wanted, float), rtol=1e-12,
                                  equal_nan=True)


class PlotTest(unittest.TestCase):
    def test_the_factor_of_an_interval_is_students_t(self):
        # Tables of t_0.975 by the number of observations.
        for observations, factor in [(2, 12.7062), (3, 4.3027), (4, 3.1824), (6, 2.5706), (11, 2.2281), (31, 2.0423),
                                     (121, 1.9799), (10**9, 1.95996)]:
            self.assertAlmostEqual(plots.student_95(observations) / factor, 1, delta=2e-3)
        self.assertTrue(math.isnan(plots.student_95(1)))

    def test_a_curve_has_the_numbers_of_the_file_and_a_band_of_95_percent(self):
        axes, = drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "messages", "--where", IDEAL).axes
        bands = [band for band in axes.collections if isinstance(band, PolyCollection)
                 and band.get_zorder() == 2]
        self.assertEqual(len(curves(axes)), len(LABELS))
        for label, line, band in zip(LABELS, curves(axes), bands):
            rows = sorted(selected(label=label, __network='{"model":"ideal"}'),
                          key=lambda row: float(row["/compute/rate"]))
            x = [float(row["/compute/rate"]) for row in rows]
            mean = numpy.array([float(row["messages_mean"]) for row in rows])
            half = numpy.array([plots.student_95(int(row["trials"])) * float(row["messages_std_error"])
                                for row in rows])
            self.assertEqual(x, [5, 10, 20])
            close(line.get_xdata(), x)
            close(line.get_ydata(), mean)
            corners = band.get_paths()[0].vertices
            for place, low, high in zip(x, mean - half, mean + half):
                there = corners[corners[:, 0] == place][:, 1]
                close([there.min(), there.max()], [low, high])
        self.assertGreater(half.min(), 0)

    def test_theory_lies_under_the_curves_where_it_was_computed_and_is_not_joined(self):
        axes, = drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "time", "--where", IDEAL).axes
        lines = [line for line in axes.lines if line.get_color() == plots.THEORY["color"]]
        self.assertEqual(len(lines), len(LABELS))
        for label, line in zip(LABELS, lines):
            rows = sorted(selected(label=label, __network='{"model":"ideal"}'),
                          key=lambda row: float(row["/compute/rate"]))
            close(line.get_xdata(), [float(row["/compute/rate"]) for row in rows])
            close(line.get_ydata(), [float(row["theory_time_low"]) for row in rows])
            self.assertEqual(line.get_linestyle(), "None")
            self.assertLess(line.get_zorder(), 2)

        axes, = drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "time", "--where", "/network=" +
                      '{"model":"serial","overhead":0.01}', "--where", "label=_plain").axes
        rows = sorted(selected(label="_plain", theory="bounds"), key=lambda row: float(row["/compute/rate"]))
        self.assertEqual(len(rows), 3)
        stretches, = [lines for lines in axes.collections if lines.get_zorder() == 1]
        close([[list(end) for end in stretch] for stretch in stretches.get_segments()],
              [[[float(row["/compute/rate"]), float(row[f"theory_time_{end}"])] for end in ("low", "high")]
               for row in rows])

    def test_bars_stand_at_their_categories_with_the_numbers_of_the_file(self):
        axes, = drawn(plot, RESULTS, "--x", "/network", "--y", "time_p95", "--where", "/compute/rate=5").axes
        bars = [bar for bar in axes.patches if bar.get_zorder() == 2]
        rows = [row for label in LABELS for row in selected(label=label, **{"__compute__rate": "5"})]
        close([bar.get_height() for bar in bars], [float(row["time_p95"]) for row in rows])
        middles = [bar.get_x() + bar.get_width() / 2 for bar in bars]
        self.assertEqual([round(middle) for middle in middles], [0, 1] * len(LABELS))
        self.assertEqual([label.get_text() for label in axes.get_xticklabels()],
                         ["ideal", "serial, overhead\n0.01"])
        self.assertEqual(len({bar.get_hatch() for bar in bars}), len(LABELS))

    def test_bars_without_an_x_have_names_numbers_and_theory(self):
        figure = drawn(plot, RESULTS, "--y", "messages", "--where", IDEAL, "--where", "/compute/rate=10")
        axes, = figure.axes
        rows = selected(__network='{"model":"ideal"}', **{"__compute__rate": "10"})
        close([bar.get_width() for bar in axes.patches], [float(row["messages_mean"]) for row in rows])
        self.assertEqual([label.get_text() for label in axes.get_yticklabels()], LABELS)
        self.assertEqual([text.get_text() for text in axes.texts],
                         [plots.four_digits(float(row["messages_mean"])) for row in rows])
        marks = [line for line in axes.collections if line.get_zorder() == 4]
        close([[segment[0][0] for segment in mark.get_segments()] for mark in marks],
              [[float(row["theory_messages"])] * 2 for row in rows])
        for mark, bar in zip(marks, axes.patches):  # it leaves the whisker in the middle of the bar alone
            middle = bar.get_y() + bar.get_height() / 2
            for segment in mark.get_segments():
                self.assertGreater(min(abs(end[1] - middle) for end in segment), 0.1)
        looks = {(row["scheme"], bar.get_facecolor()) for row, bar in zip(rows, axes.patches)}
        self.assertEqual(len(looks), len({row["scheme"] for row in rows}))
        self.assertEqual(len({colour for _, colour in looks}), len(looks))

    def test_legends_and_axes_have_the_words_and_the_units(self):
        figure = drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "time", "--where", IDEAL, "--log")
        axes, = figure.axes
        self.assertEqual([text.get_text() for text in figure.legends[0].get_texts()], LABELS + ["theory"])
        self.assertEqual((axes.get_xlabel(), axes.get_ylabel()), ("rate [1/s]", "completion time [s]"))
        self.assertEqual((axes.get_xscale(), axes.get_yscale()), ("log", "log"))
        figure = drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "speedup_mean", "--where", IDEAL)
        self.assertEqual(figure.axes[0].get_ylabel(), "speedup over _plain")
        self.assertEqual(plots.axis_label("/schemes/0/load"), "load [mini-batches]")
        self.assertEqual(plots.group_label(["/schemes/0/load", "/silence"], ["3", "true"]),
                         "load = 3 mini-batches, silence: true")

    def test_a_legend_covers_no_data_and_nothing_is_cut_off(self):
        for figure in (drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "time", "--where", IDEAL),
                       drawn(plot, RESULTS, "--x", "/network", "--x", "/compute/rate", "--y", "wasted"),
                       drawn(gc_mmc_figure1, RESULTS, "--where", IDEAL, "--where", "/compute/rate=5"),
                       drawn(pareto, RESULTS, "--where", IDEAL, "--where", "/compute/rate=5")):
            figure.draw_without_rendering()
            legend = figure.legends[0].get_window_extent()
            page = figure.bbox
            for axes in figure.axes:
                box = axes.get_tightbbox(figure.canvas.get_renderer())
                self.assertLessEqual(box.y1, legend.y0)
                self.assertTrue(page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0, (box, page))
            self.assertTrue(page.x0 <= legend.x0 and legend.x1 <= page.x1 and legend.y1 <= page.y1,
                            (legend, page))

    def test_no_two_styles_look_the_same_in_grey(self):
        lines = [plots.Line2D([], [], **plots.line_style(index))
                 for index in range(len(plots.MARKERS) * len(plots.DASHES))]
        for one, other in itertools.combinations(lines, 2):
            self.assertNotEqual(shape(one), shape(other))
        hatches = [plots.bar_style(index)["hatch"] for index in range(len(plots.HATCHES))]
        self.assertEqual(len(set(hatches)), len(hatches))
        for one, other in itertools.combinations(hatches, 2):
            self.assertNotEqual(set(one), set(other))  # another density alone is no difference
        for too_many in (lambda: plots.line_style(len(lines)), lambda: plots.bar_style(len(hatches))):
            with self.assertRaisesRegex(plots.Mistake, "cannot be told apart"):
                too_many()
        # those of one figure, as they were drawn
        axes, = drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "time", "--by", "label", "--by",
                      "/network").axes
        self.assertEqual(len(curves(axes)), 6)
        self.assertEqual(len({(line.get_marker(), str(line._dash_pattern)) for line in curves(axes)}), 6)

    def test_where_may_name_alternatives_and_compares_numbers_and_json(self):
        table = plots.Table(RESULTS)
        rows = table.select(["/compute/rate=5.0", "/compute/rate=1e1", IDEAL, "label=GC, r = 3"])
        self.assertEqual([row[1] for row in rows], ["5", "10"])
        self.assertEqual(len(list(table.rows())), len(ROWS))

    def test_a_zero_keeps_its_place_on_a_logarithmic_axis(self):
        axes, = drawn(plot, TREES, "--x", "/network/overhead", "--y", "time", "--log", "--where",
                      "/workers=84", "--where", "/network/downlink=none").axes
        self.assertEqual((axes.get_xscale(), axes.get_yscale()), ("symlog", "log"))
        self.assertEqual(min(curves(axes)[0].get_xdata()), 0)
        self.assertIn(0, axes.get_xticks())
        self.assertGreater(axes.transData.transform((0.001, 1))[0] - axes.transData.transform((0, 1))[0], 10)

    def test_points_that_lack_trials_are_hollow(self):
        config = {**CONFIG, "compute": {**CONFIG["compute"], "failure": {"probability": 0.01}},
                  "sweep": [{"path": "/compute/failure/probability", "values": [0, 0.01]}]}
        (FOLDER / "failing.json").write_text(json.dumps(config))
        subprocess.run([str(PROGRAM), "run", "failing.json", "--out", "failing"], cwd=FOLDER, check=True,
                       capture_output=True)
        figure = drawn(plot, FOLDER / "failing/results.csv", "--x", "/compute/failure/probability", "--y",
                       "time")
        hollow = {(x, y) for line in figure.axes[0].lines if line.get_markerfacecolor() == "white"
                  for x, y in zip(line.get_xdata(), line.get_ydata()) if math.isfinite(y)}
        rows = [row for row in rows_of(FOLDER / "failing/results.csv") if row["incomplete"] != "0"]
        self.assertGreater(len(rows), 0)
        self.assertEqual(hollow, {(float(row["/compute/failure/probability"]), float(row["time_mean"]))
                                  for row in rows})
        self.assertIn("of the trials that could end", [text.get_text()
                                                       for text in figure.legends[0].get_texts()])

    def test_bars_that_lack_trials_have_no_fill_and_the_words_of_hollow_markers(self):
        results, rows = lacking_trials()
        for words in (["--by", "label"], ["--x", "scheme", "--bars"]):
            for metric, marked in (("time", True), ("time_p50", True), ("incomplete", False)):
                with self.subTest(words=words, metric=metric):
                    figure = drawn(plot, results, "--y", metric, *words)
                    bars = [bar for bar in figure.axes[0].patches if bar.get_zorder() == 2]
                    self.assertEqual(len(bars), len(rows))
                    for bar, row in zip(bars, rows):
                        white = bar.get_facecolor()[:3] == (1, 1, 1)
                        self.assertEqual(white, marked and row["incomplete"] != "0", row["label"])
                        if white:
                            self.assertNotEqual(bar.get_edgecolor()[:3], (1, 1, 1))
                            self.assertGreater(bar.get_linewidth(), 1)
                    texts = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
                    self.assertEqual("of the trials that could end" in texts, marked)
                    code, _, error = run_inside(plot, results, "--y", metric, *words, "-o", FOLDER / "lacking.png")
                    self.assertEqual(code, 0, error)
                    self.assertEqual(error, f"plot.py: note: trials that could not end are not in {metric}, so drawn "
                                     f"without a fill: {lost_of(rows)}\n" if marked else "")
        figure = drawn(plot, RESULTS, "--y", "time", "--where", IDEAL, "--where", "/compute/rate=5")
        self.assertNotIn((1, 1, 1), [bar.get_facecolor()[:3] for bar in figure.axes[0].patches])

    def test_the_number_of_a_bar_is_beyond_its_whisker(self):
        config = {**CONFIG, "trials": 5, "sweep": []}  # few trials: wide intervals
        (FOLDER / "wide.json").write_text(json.dumps(config))
        subprocess.run([str(PROGRAM), "run", "wide.json", "--out", "wide"], cwd=FOLDER, check=True, capture_output=True)
        for module, words in ((plot, ["--y", "time"]), (gc_mmc_figure1, [])):
            figure = drawn(module, FOLDER / "wide/results.csv", *words)
            figure.draw_without_rendering()
            axes = figure.axes[0]
            for text, row in zip(axes.texts, rows_of(FOLDER / "wide/results.csv")):
                end = float(row["time_mean"]) + plots.student_95(5) * float(row["time_std_error"])
                self.assertGreater(end, 1.1 * float(row["time_mean"]))
                self.assertGreater(text.get_window_extent().x0, axes.transData.transform((end, 0))[0] + 2)

    def test_quantiles_have_the_intervals_of_the_file(self):
        where = ["--where", IDEAL, "--where", "/compute/rate=10"]
        rows = selected(__network='{"model":"ideal"}', **{"__compute__rate": "10"})
        wanted = [[float(row[f"time_p50_{end}"]) for end in ("low", "high")] for row in rows]
        self.assertTrue(all(low < float(row["time_p50"]) < high for (low, high), row in zip(wanted, rows)))
        for module, words, along in ((plot, ["--y", "time_p50"], 0), (pareto, ["--y", "time_p50"], 1),
                                     (plot, ["--y", "time_p50", "--x", "scheme"], 1)):
            with self.subTest(module.__name__, words=words):
                axes = drawn(module, RESULTS, *words, *where).axes[0]
                found = [segment[:, along] for lines in axes.collections for segment in lines.get_segments()
                         if segment[0][along] != segment[1][along]] if module is pareto or along == 0 else [
                             segment[:, along] for container in axes.containers if hasattr(container, "has_yerr")
                             for segment in container[2][0].get_segments()]
                found = sorted(tuple(map(float, ends)) for ends in found)
                close(found, sorted(map(tuple, wanted)))
        # Curves have bands too; where the trials are too few for an interval, as 60 are for a 99 % quantile, no whisker.
        curve = ["--x", "/compute/rate", "--where", IDEAL, "--where", "label=_plain"]
        band, = [band for band in drawn(plot, RESULTS, *curve, "--y", "time_p50").axes[0].collections
                 if isinstance(band, PolyCollection)]
        corners = band.get_paths()[0].vertices
        low, high = wanted[0]
        there = corners[corners[:, 0] == 10][:, 1]
        close([there.min(), there.max()], [low, high])
        self.assertEqual({row["time_p99_high"] for row in rows}, {""})
        self.assertEqual(len(drawn(plot, RESULTS, *curve, "--y", "time_p99").axes[0].collections), 0)

    def test_every_field_with_a_unit_in_the_schema_carries_it(self):
        self.assertEqual(plots.read_units(SOURCE / "configs/schema.json"), plots.UNITS)
        self.assertEqual(plots.read_units(FOLDER / "absent.json"), plots.UNITS)
        for name, words in (("/compute/scale", "scale [s]"), ("/compute/shift", "shift [s]"),
                            ("/compute/median", "median [s]"), ("/compute/seconds", "delay of a straggler [s]"),
                            ("/compute/base/rate", "rate [1/s]"), ("/network/latency", "latency [s]"),
                            ("/network/bandwidth", "bandwidth [B/s]"), ("/network/overhead", "overhead a message [s]"),
                            ("/gradient/bytes", "size of a gradient [B]"), ("/compute/shape", "shape"),
                            ("/schemes/1/orders/0", "orders [mini-batches]"), ("label", "scheme")):
            self.assertEqual(plots.axis_label(name), words)
        schema = {"definitions": {"pause": {"unit": "s"}, "two": {"properties": {"x": {"unit": "m"}}}},
                  "properties": {"wait": {"$ref": "#/definitions/pause"}, "x": {"unit": "s"}, "unit": {"enum": ["s"]}}}
        (FOLDER / "schema.json").write_text(json.dumps(schema))
        self.assertEqual(plots.read_units(FOLDER / "schema.json"), {"wait": "s"})  # x has two

    def test_given_values_stand_at_the_bars_they_are_of(self):
        (FOLDER / "given.csv").write_text("# Somebody (1999)\n# more words\nlabel,/compute/rate,time\n"
                                          "_plain,,0.25\n\"GC, r = 3\",5,0.75\n\"GC, r = 3\",10,\n")
        figure = drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "time", "--bars", "--where", IDEAL,
                       "--beside", FOLDER / "given.csv")
        marks, = [line for line in figure.axes[0].lines if line.get_marker() == "d"]
        self.assertEqual([(round(x), y) for x, y in zip(*marks.get_data())],
                         [(0, .25), (1, .25), (2, .25), (0, .75)])
        self.assertEqual(figure.legends[0].get_texts()[-1].get_text(), "Somebody (1999)")
        (FOLDER / "given.json").write_text(json.dumps({"expect": [{"scheme": "_plain",
                                                                   "at": {"/compute/rate": 5,
                                                                          "/network": {"model": "ideal"}},
                                                                   "metric": "time", "value": 2,
                                                                   "source": "a table"},
                                                                  {"scheme": "_plain", "at": {},
                                                                   "metric": "messages", "value": 3,
                                                                   "source": "another"}]}))
        figure = drawn(plot, RESULTS, "--x", "/compute/rate", "--y", "time", "--where", IDEAL, "--beside",
                       FOLDER / "given.json")
        marks, = [line for line in figure.axes[0].lines if line.get_marker() == "d"]
        self.assertEqual(list(zip(*marks.get_data())), [(5, 2)])
        self.assertEqual(figure.legends[0].get_texts()[-1].get_text(), "a table")

    def test_a_bar_that_is_alone_at_its_tick_stands_on_it(self):
        figure = drawn(plot, RESULTS, "--x", "scheme", "--y", "time", "--where", IDEAL, "--where", "/compute/rate=5")
        axes = figure.axes[0]
        middles = sorted(bar.get_x() + bar.get_width() / 2 for bar in axes.patches)
        close(middles, axes.get_xticks())
        # Side by side they share it: no two at one place, and their middle on the tick.
        figure = drawn(plot, RESULTS, "--x", "/compute/rate", "--bars", "--y", "time", "--where", IDEAL)
        bars = sorted(bar.get_x() + bar.get_width() / 2 for bar in figure.axes[0].patches)
        for tick in range(3):
            close(numpy.mean(bars[3 * tick:3 * tick + 3]) + 1, tick + 1)
        self.assertGreater(numpy.diff(bars).min(), 0.2)

    def test_means_that_do_not_exist_are_named_and_those_without_a_variance_marked(self):
        # Tail indices: uncoded 0.8 or 1.5 (shape), "two" of four workers' three slowest 2.4 or 4.5.
        config = {"workers": 4, "trials": 200, "compute": {"model": "pareto", "shape": 1, "scale": 1},
                  "schemes": [{"scheme": "uncoded", "label": "heavy"}, {"scheme": "gc", "load": 3, "label": "light"}],
                  "sweep": [{"path": "/compute/shape", "values": [0.8, 1.5]}]}
        (FOLDER / "heavy.json").write_text(json.dumps(config))
        subprocess.run([str(PROGRAM), "run", "heavy.json", "--out", "heavy"], cwd=FOLDER, check=True, capture_output=True)
        results, out = FOLDER / "heavy/results.csv", ["-o", FOLDER / "heavy.png"]
        moments = {(row["/compute/shape"], row["label"]): row["time_moments"] for row in rows_of(results)}
        self.assertEqual(moments, {("0.8", "heavy"): "no mean", ("0.8", "light"): "all",
                                   ("1.5", "heavy"): "no variance", ("1.5", "light"): "all"})
        x = ["--x", "/compute/shape"]
        missing = r"note: time has no mean, so not drawn: heavy \(1 row\); .*time_p50"
        vague = r"note: time has an infinite variance, so {}.*: heavy \(1 row\); .*time_p50"
        for module, words, notes in (
                (plot, [*x, "--y", "time"], [missing, vague.format("drawn half full")]),
                (plot, [*x, "--y", "time", "--bars"], [missing, vague.format("drawn without a fill")]),
                (plot, ["--y", "time", "--where", "/compute/shape=1.5"], [vague.format("drawn without a fill")]),
                (pareto, ["--where", "/compute/shape=1.5"], [vague.format("not drawn")]),
                (pareto, ["--where", "/compute/shape=0.8"], [missing]),
                (speedup, [*x, "--of", "light"], [missing, vague.format("drawn half full")]),
                (plot, [*x, "--y", "time_p50"], []), (plot, [*x, "--y", "messages"], []),
                (pareto, ["--where", "/compute/shape=0.8", "--y", "time_p50"], [])):
            with self.subTest(module.__name__, words=words):
                code, _, error = run_inside(module, results, *words, *out)
                self.assertEqual(code, 0, error)
                self.assertEqual(len(error.splitlines()), len(notes), error)
                for line, note in zip(error.splitlines(), notes):
                    self.assertRegex(line, note)
        axes = drawn(plot, results, *x, "--y", "time").axes[0]
        half = [line for line in axes.lines if line.get_fillstyle() == "bottom"]
        self.assertEqual(len(half), 1)
        row, = (row for row in rows_of(results) if row["time_moments"] == "no variance")
        close([y for y in half[0].get_ydata() if math.isfinite(y)], [float(row["time_mean"])])
        for module, words in ((plot, ["--y", "time"]), (pareto, []), (speedup, [*x, "--of", "heavy"])):
            code, _, error = run_inside(module, results, *words, "--where", "/compute/shape=0.8",
                                        *(["--where", "label=heavy"] if module is not speedup else []), *out)
            self.assertEqual(code, 2)
            self.assertRegex(error.splitlines()[-1], "mean.*--y time_p50 draws medians")

    def test_the_papers_bars_are_those_its_readme_lists(self):
        folder = SOURCE / "experiments/gradient-coding"
        source, values = plot.beside(str(folder / "paper.csv"), "time")
        listed, setting = [], None
        for line in (folder / "README.md").read_text(encoding="utf-8").splitlines():
            if cells := re.match(r"\| (?:(\d+), (\d+))? ?\| (\w+) \| (\.\d+) \|", line):
                setting = (cells[1], cells[2]) if cells[1] else setting
                listed.append((cells[3], *setting, float(cells[4])))
        self.assertGreater(len(listed), 10)
        self.assertEqual(listed, [(label, at["/workers"], at.get("/schemes/1/stragglers", listed[index][2]),
                                   value) for index, (label, at, value) in enumerate(values)])


class PaperFiguresTest(unittest.TestCase):
    def test_figure_1_has_time_and_messages_of_every_scheme_side_by_side(self):
        figure = drawn(gc_mmc_figure1, RESULTS, "--where", IDEAL, "--where", "/compute/rate=10")
        rows = selected(__network='{"model":"ideal"}', **{"__compute__rate": "10"})
        for axes, metric in zip(figure.axes, ("time", "messages")):
            close([bar.get_width() for bar in axes.patches], [float(row[metric + "_mean"]) for row in rows])
        self.assertEqual([axes.get_xlabel() for axes in figure.axes],
                         ["completion time [s]", "messages to the master"])

    def test_the_front_has_just_the_points_that_no_other_dominates(self):
        points = [(float(row["messages_mean"]), float(row["time_mean"])) for row in rows_of(TREES)]
        points += points[:3]  # equal ones do not dominate each other
        points += [(x + 1, y) for x, y in points[:9]] + [(x, y + 1) for x, y in points[:9]]  # equal in one
        wanted = {index for index, (x, y) in enumerate(points)
                  if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in points)}
        found = pareto.front(points)
        self.assertEqual(set(found), wanted)
        self.assertEqual(len(found), len(wanted))
        self.assertGreater(len(points) - len(found), 10)

        where = ["--where", IDEAL, "--where", "/compute/rate=10"]
        axes, = drawn(pareto, RESULTS, *where, "--mark", "label").axes
        rows = selected(__network='{"model":"ideal"}', **{"__compute__rate": "10"})
        points = {(float(row["messages_mean"]), float(row["time_mean"])): row["label"] for row in rows}
        groups = [line for line in axes.lines if line.get_marker() in plots.MARKERS]
        self.assertEqual({xy for line in groups for xy in zip(*line.get_data())}, set(points))
        filled = {xy for line in groups if line.get_markerfacecolor() != "white"
                  for xy in zip(*line.get_data())}
        self.assertEqual(filled, {list(points)[index] for index in pareto.front(list(points))})
        self.assertEqual({note.xy: note.get_text() for note in axes.texts}, points)

    def test_the_load_of_messages_of_different_sizes_is_bytes(self):
        self.assertEqual(drawn(pareto, RESULTS, "--where", IDEAL, "--where", "/compute/rate=5").axes[0].get_xlabel(),
                         plots.METRICS["messages"])
        config = {**CONFIG, "sweep": [], "schemes": [{"scheme": "uncoded", "label": "star"},
                                                     {"scheme": "rar", "label": "ring"}]}
        for name, more in (("sized", {"gradient": {"bytes": 1000}}), ("unsized", {})):
            (FOLDER / f"{name}.json").write_text(json.dumps({**config, **more}))
            subprocess.run([str(PROGRAM), "run", f"{name}.json", "--out", name], cwd=FOLDER, check=True,
                           capture_output=True)
        axes, = drawn(pareto, FOLDER / "sized/results.csv").axes
        self.assertEqual(axes.get_xlabel(), plots.METRICS["bytes_into_busiest"])
        found = sorted(float(x) for line in axes.lines if line.get_marker() in plots.MARKERS for x in line.get_xdata())
        workers = CONFIG["workers"]
        close(found, [2 * (workers - 1) / workers * 1000, workers * 1000])
        self.assertEqual(drawn(pareto, FOLDER / "sized/results.csv", "--x", "messages").axes[0].get_xlabel(),
                         plots.METRICS["messages"])
        code, _, error = run_inside(pareto, FOLDER / "unsized/results.csv", "-o", FOLDER / "x.png")
        self.assertEqual(code, 2)
        self.assertIn("a ring's messages are parts of a gradient", error)
        self.assertEqual(drawn(pareto, FOLDER / "unsized/results.csv", "--x", "messages").axes[0].get_xlabel(),
                         plots.METRICS["messages"])

    def test_an_approximate_scheme_is_not_on_the_front_of_exact_ones(self):
        config = {**CONFIG, "sweep": [], "schemes": [{"scheme": "uncoded", "label": "exact"}, {
            "scheme": "ignore-stragglers", "stragglers": 6, "label": "hasty"}]}
        (FOLDER / "hasty.json").write_text(json.dumps(config))
        subprocess.run([str(PROGRAM), "run", "hasty.json", "--out", "hasty"], cwd=FOLDER, check=True,
                       capture_output=True)
        figure = drawn(pareto, FOLDER / "hasty/results.csv")
        fills = [line.get_fillstyle() for line in figure.axes[0].lines if line.get_marker() in plots.MARKERS]
        self.assertEqual(fills, ["full", "left"])
        self.assertIn("approximate, not compared", [text.get_text() for legend in figure.legends
                                                    for text in legend.get_texts()])

    def test_a_scheme_that_lacks_trials_is_on_no_front_and_named(self):
        results, rows = lacking_trials()
        points = {row["label"]: (float(row["messages_mean"]), float(row["time_mean"])) for row in rows}
        lost = {row["label"] for row in rows if row["incomplete"] != "0"}
        self.assertTrue(lost and lost < set(points))
        self.assertIn("plain", lost & {list(points)[index] for index in pareto.front(list(points.values()))})
        figure = drawn(pareto, results)
        lines = figure.axes[0].lines
        filled = {xy for line in lines if line.get_marker() in plots.MARKERS and line.get_markerfacecolor() != "white"
                  for xy in zip(*line.get_data())}
        whole = [point for label, point in points.items() if label not in lost]
        self.assertEqual(filled, {whole[index] for index in pareto.front(whole)})
        crossed, = [line for line in lines if line.get_marker() == "x"]
        self.assertEqual(set(zip(*crossed.get_data())), {points[label] for label in lost})
        front, = [line for line in lines if line.get_drawstyle() == "steps-post"]
        self.assertEqual(set(zip(*front.get_data())), filled)
        self.assertIn("of the trials that could end, not compared",
                      [text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts()])
        note = f"note: trials that could not end are not in messages and time, so not compared, and on no front: {lost_of(rows)}\n"
        code, _, error = run_inside(pareto, results, "-o", FOLDER / "lacking.png")
        self.assertEqual((code, error), (0, f"pareto.py: {note}"))
        # If all lack trials, there is no front.
        lines = drawn(pareto, results, "--where", "label=plain").axes[0].lines
        self.assertEqual([line for line in lines if line.get_drawstyle() == "steps-post"], [])

    def test_a_speedup_of_trials_that_could_end_is_hollow_and_named(self):
        config = {**LACKING, "sweep": [{"path": "/compute/failure/probability", "values": [0, 0.1]}]}
        (FOLDER / "lacking-sweep.json").write_text(json.dumps(config))
        subprocess.run([str(PROGRAM), "run", "lacking-sweep.json", "--out", "lacking-sweep"], cwd=FOLDER, check=True,
                       capture_output=True)
        words = [FOLDER / "lacking-sweep/results.csv", "--of", "coded", "--over", "plain", "--x",
                 "/compute/failure/probability"]
        figure = drawn(speedup, *words)
        hollow, = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "white"]
        self.assertEqual([x for x, y in zip(*hollow.get_data()) if math.isfinite(y)], [0.1])
        self.assertIn("of the trials that could end", [text.get_text() for text in figure.legends[0].get_texts()])
        code, _, error = run_inside(speedup, *words, "-o", FOLDER / "lacking.png")
        self.assertEqual(code, 0)
        self.assertRegex(error, r"\Aspeedup\.py: note: trials .* not in time, so drawn hollow: plain \(.* of its trials\)\n\Z")

    def test_a_speedup_is_the_ratio_of_the_mean_times_and_its_error_that_of_the_pairs(self):
        where = ["--where", "/network/downlink=none", "--where", "/workers=84"]
        figure = drawn(speedup, TREES, "--of", "CodedReduce", "--over", "GC", "--x", "t_c", *where)
        rows = [row for row in rows_of(TREES) if (row["/network/downlink"], row["/workers"]) == ("none",
                                                                                                 "84")]
        line, = curves(figure.axes[0])
        of, over = ([row for row in rows if row["label"] == label] for label in ("CodedReduce", "GC"))
        close(line.get_xdata(), [float(row["/network/overhead"]) + 40000 / 1e7 for row in of])
        ratios = [float(b["time_mean"]) / float(a["time_mean"]) for a, b in zip(of, over)]
        close(line.get_ydata(), ratios)
        table = plots.Table(TREES)
        by_label = {(row[0], row[table.columns.index("label")]): row for row in table.rows()}
        first = {label: by_label[("0", label)] for label in ("CodedReduce", "GC", "master-worker")}
        value, error = speedup.ratio(table, first["CodedReduce"], first["GC"])
        # CodedReduce is the baseline: the file has the inverse and its error, and relative errors of inverses
        # are equal.
        paired = selected(rows, point="0", label="GC")[0]
        close([value, error / value], [1 / float(paired["speedup_mean"]),
                                       float(paired["speedup_std_error"]) / float(paired["speedup_mean"])])
        value, error = speedup.ratio(table, first["GC"], first["master-worker"])
        parts = [selected(rows, point="0", label=label)[0] for label in ("GC", "master-worker")]
        close(error / value, math.hypot(*(float(row["time_std_error"]) / float(row["time_mean"])
                                          for row in parts)))

    def test_a_distribution_is_the_share_of_the_samples(self):
        figure = drawn(distribution, SAMPLES, "--where", IDEAL, "--where", "/compute/rate=5")
        samples = [row for row in rows_of(SAMPLES) if (row["/network"],
                                                       row["/compute/rate"]) == ('{"model":"ideal"}', "5")]
        for label, body, tail in zip(LABELS, curves(figure.axes[0]), curves(figure.axes[1])):
            times = numpy.array([float(row["time"]) for row in samples if row["label"] == label])
            self.assertEqual(len(times), CONFIG["trials"])
            close(body.get_xdata(), numpy.unique(times))  # so few that every step is drawn
            close(body.get_ydata(), [(times <= x).mean() for x in body.get_xdata()])
            close(tail.get_ydata()[:-1], [(times > x).mean() for x in tail.get_xdata()[:-1]])
            self.assertTrue(math.isnan(tail.get_ydata()[-1]))
        self.assertEqual(figure.axes[1].get_yscale(), "log")

    def test_a_long_tail_has_a_logarithmic_axis_and_a_note(self):
        config = {"workers": 4, "trials": 400, "compute": {"model": "pareto", "shape": 0.8, "scale": 1},
                  "schemes": [{"scheme": "uncoded"}]}
        (FOLDER / "tail.json").write_text(json.dumps(config))
        subprocess.run([str(PROGRAM), "run", "tail.json", "--out", "tail", "--samples"], cwd=FOLDER, check=True,
                       capture_output=True)
        tail, short = FOLDER / "tail/samples.csv", [SAMPLES, "--where", IDEAL, "--where", "/compute/rate=5"]
        times = [float(row["time"]) for row in rows_of(tail)]
        self.assertGreater(max(times), 50 * numpy.median(times))
        note = "note: time reaches {:.3g} times its median, so its axis is logarithmic; --linear ".format(
            max(times) / numpy.median(times))
        for words, scale, noted in (([tail], "log", True), ([tail, "--linear"], "linear", False),
                                    ([tail, "--log"], "log", False), (short, "linear", False),
                                    ([*short, "--log"], "log", False), ([tail, "--x", "messages"], "linear", False)):
            with self.subTest(words=words):
                self.assertEqual([axes.get_xscale() for axes in drawn(distribution, *words).axes], [scale] * 2)
                code, _, error = run_inside(distribution, *words, "-o", FOLDER / "tail.png")
                self.assertEqual(code, 0, error)
                self.assertTrue(note in error if noted else error == "", error)
        code, _, error = run_inside(distribution, tail, "--log", "--linear", "-o", FOLDER / "tail.png")
        self.assertEqual(code, 2)
        self.assertIn("not allowed with", error)

    def test_trials_without_spread_are_drawn_as_a_step(self):
        for trials in (1, 40):
            config = {"workers": 4, "trials": trials, "compute": {"model": "constant", "time": 3},
                      "schemes": [{"scheme": "uncoded", "label": "one"}, {"scheme": "gc", "load": 2, "label": "two"}]}
            (FOLDER / "flat.json").write_text(json.dumps(config))
            subprocess.run([str(PROGRAM), "run", "flat.json", "--out", "flat", "--samples"], cwd=FOLDER, check=True,
                           capture_output=True)
            for words in ([], ["--log"], ["--where", "label=two"]):
                with self.subTest(trials=trials, words=words):
                    figure = drawn(distribution, FOLDER / "flat/samples.csv", *words)
                    times = [6] if "--where" in words else [3, 6]
                    for axes, ends in zip(figure.axes, ((0, 1), (1, 0))):
                        self.assertEqual(len(axes.lines), len(times))
                        low, high = axes.get_xlim()
                        for line, time in zip(axes.lines, times):
                            x, y = line.get_xdata(), line.get_ydata()
                            self.assertEqual([x[1], x[2]], [time, time])  # upright at the one time there is
                            self.assertTrue(low <= x[0] < time < x[-1] <= high, (x, low, high))
                            close(y[:2], [ends[0]] * 2)
                            if ends[1]:
                                close(y[2:], [1, 1])
                            else:
                                self.assertLess(y[-1], axes.get_ylim()[0])  # no place for 0 on this axis

    def test_a_thinned_distribution_keeps_its_ends_its_tail_and_ties(self):
        values = numpy.random.default_rng(1).exponential(1, 100000).round(3)
        x, share = distribution.steps(values, 125000)
        self.assertLessEqual(len(x), 2 * distribution.STEPS)
        close(share, [(values <= place).sum() / 125000 for place in x])
        self.assertEqual((x[0], x[-1], share[-1]), (values.min(), values.max(), 0.8))
        self.assertTrue(set(numpy.sort(values)[-20:]) <= set(x))
        self.assertLess(numpy.diff(share).max(), 0.005)
        low, high = distribution.wilson(numpy.array([0, 8, 10]), 10)  # Brown, Cai and DasGupta 2001, eq. (4)
        close(low.round(4), [0, .4902, .7225])
        close(high.round(4), [.2775, .9433, 1])


class FilesTest(unittest.TestCase):
    CURVES = ["--x", "/compute/rate", "--y", "time", "--where", IDEAL]

    def test_the_same_input_gives_the_same_bytes_which_say_what_they_are_of(self):
        head = RESULTS.read_text(encoding="utf-8").splitlines()[:5]
        facts = [head[1][2:], head[2][2:], head[3][2:], head[4][2:],
                 "drawn by: plots/plot.py " + " ".join([str(RESULTS), "--x /compute/rate --y time --where"])]
        self.assertTrue(facts[0].startswith("command: straggle run small.json"), facts)
        runs = []
        for name in ("one", "two"):
            outputs = [FOLDER / f"{name}.{suffix}" for suffix in ("png", "pdf", "svg")]
            found = subprocess.run([PLOTS / "plot.py", RESULTS, *self.CURVES, "-o", outputs[0], "--out",
                                    outputs[1], f"--out={outputs[2]}"], capture_output=True, text=True,
                                   timeout=60)
            self.assertEqual((found.returncode, found.stderr), (0, ""))
            self.assertEqual(found.stdout.splitlines(), [f"wrote {output}" for output in outputs])
            runs.append([output.read_bytes() for output in outputs])
        for one, two in zip(*runs):
            self.assertEqual(one, two)

        png, pdf, svg = outputs
        with Image.open(png) as image:
            self.assertEqual(image.text["Title"], CONFIG["title"])
            self.assertEqual(image.text["Software"], facts[1][len("version: "):])
            for fact in facts:
                self.assertIn(fact, image.text["Description"])
            self.assertAlmostEqual(image.width / image.info["dpi"][0], plots.COLUMN, places=2)
        information = re.search(rb"<<((?:(?!>>).)*/Creator.*?)>>", pdf.read_bytes(), re.DOTALL)[1]
        self.assertNotIn(b"CreationDate", information)
        self.assertIn(facts[3].encode(), information)
        plain = information.replace(b"\\(", b"(").replace(b"\\)", b")").replace(b"\\n", b"\n")
        for fact in facts:
            self.assertIn(fact.encode(), plain)
        words = " ".join(xml.etree.ElementTree.parse(svg).getroot().itertext())
        for fact in [CONFIG["title"], *facts]:
            self.assertIn(fact, words)

    def test_fonts_are_embedded(self):
        output = FOLDER / "fonts"
        words = [RESULTS, *self.CURVES, "--log", "-o", f"{output}.pdf", "-o", f"{output}.svg"]
        self.assertEqual(run_inside(plot, *words)[::2], (0, ""))
        pdf = pathlib.Path(f"{output}.pdf").read_bytes()
        self.assertNotIn(b"/Type3", pdf)
        self.assertIn(b"/FontFile2", pdf)
        svg = pathlib.Path(f"{output}.svg").read_text(encoding="utf-8")
        self.assertNotIn("<text", svg)
        self.assertNotIn("font-family", svg)

    def test_mistakes_end_with_one_line_that_says_where_and_what(self):
        text = RESULTS.read_text(encoding="utf-8")
        head, columns, rows = text.split("\n")[:5], text.split("\n")[5], text.strip().split("\n")[6:-1]

        def finished(count, *lines):
            """A file of the head and these lines, the columns first, that ends as a run's does."""
            version, configuration = (line.split(": ", 1)[1] for line in (head[2], head[4]))
            text = "\n".join([version.removeprefix("straggle "), configuration, *lines, ""])
            identity = str(uuid.uuid5(uuid.NAMESPACE_OID, text)).replace("-", "")[:16]
            return "\n".join([*head, *lines, f"# end: {count} rows of run {identity}\n"])

        self.assertEqual(finished(len(rows), columns, *rows), text)

        def file(name, content):
            (FOLDER / name).write_bytes(content if isinstance(content, bytes) else content.encode())
            return FOLDER / name

        empty, plain = file("empty.csv", ""), file("plain.csv", "a,b\n1,2\n")
        binary = file("binary.csv", b"# \"x\"\n\xff\xfe\n")
        short = file("short.csv", finished(1, columns, rows[0][:40]))
        none = file("none.csv", finished(0, columns))
        headless = file("headless.csv", "\n".join([head[0], *head[2:], columns, *rows]))
        wrong = file("wrong.csv", finished(1, columns, rows[0].replace(",60,", ",sixty,", 1)))
        cut = [file(f"cut{length}.csv", text[:length]) for length in
               (text.rindex("#"), text.rindex("#") - 30, text.rindex("#") + 6, len("\n".join([*head, columns])))]
        fewer = file("fewer.csv", finished(len(rows), columns, *rows[1:]))
        samples = SAMPLES.read_text(encoding="utf-8")
        changed = [file("other-row.csv", text.replace(rows[0], rows[0].replace(",60,", ",61,", 1))),
                   file("other-version.csv", text.replace("# version: straggle ", "# version: straggle 9", 1)),
                   file("other-order.csv", text.replace(rows[0] + "\n" + rows[1], rows[1] + "\n" + rows[0]))]
        changed_samples = [file("other-seed.csv", samples.replace("# seed: 1", "# seed: 2", 1)),
                           file("other-trial.csv", re.sub(r",59,0\.", ",59,-0.", samples, count=1))]
        lines_end_otherwise = file("crlf.csv", text.replace("\n", "\r\n"))
        self.assertEqual(len(list(plots.Table(lines_end_otherwise).rows())), len(rows))
        stopped = file("stopped.csv", "\n".join([*head, columns, *rows[:6],
                                                 "# interrupted: 2 of 6 points are finished\n"]))
        ten = ["--where", IDEAL, "--where", "/compute/rate=10"]
        out = ["-o", FOLDER / "never.png"]
        times, x, one = [RESULTS, "--y", "time"], ["--x", "/compute/rate"], [*ten, *out]
        cases = [(plot, [FOLDER / "absent.csv", "--y", "time", *out],
                  r".*absent\.csv: cannot be read: No such.*"),
                 (plot, [FOLDER, "--y", "time", *out], r".*: cannot be read: Is a directory"),
                 (plot, [empty, "--y", "time", *out], r".*empty\.csv: is empty"),
                 (plot, [plain, "--y", "time", *out],
                  r".*plain\.csv: is no results file .* its first line .*"),
                 (plot, [binary, "--y", "time", *out], r".*binary\.csv: cannot be read: it is no text"),
                 (plot, [headless, "--y", "time", *out], r".*: is no results .* no line \"# command: .*"),
                 (plot, [short, "--y", "time", *out], r".*short\.csv: row 1 has \d+ fields, .*"),
                 *((plot, [name, "--y", "time", *out], r".*cut\d+\.csv: is cut: its last line has to be .*")
                   for name in cut),
                 (plot, [fewer, "--y", "time", *out], r".*fewer\.csv: has 17 rows, but says that there are 18.*"),
                 *((plot, [name, "--y", "time", *out], r".*other-\w+\.csv: has been changed since it was written: .*")
                   for name in changed),
                 *((distribution, [name, *out], r".*other-\w+\.csv: has been changed since it was written: .*")
                   for name in changed_samples),
                 (distribution, [file("older.csv", re.sub(", crc32 .*", "", samples)), *out],
                  r".*older\.csv: does not end as this version of straggle writes it; .*"),
                 (plot, [stopped, "--y", "time", *out],
                  r".*stopped\.csv: is of a run that was interrupted: 2 of 6 points are finished; .*"),
                 (distribution, [file("cut-samples.csv", SAMPLES.read_text(encoding="utf-8")[:-60]), *out],
                  r".*cut-samples\.csv: is cut: .*"),
                 (plot, [none, "--y", "time", *out], r".*none\.csv: has no rows"),
                 (plot, [wrong, "--y", "trials", *out],
                  r".*wrong\.csv: trials is \"sixty\" .* of _plain, not a number"),
                 (plot, [RESULTS, "--y", "tme", *out], r".*: has no metric tme \(did you mean time\?\)"),
                 (plot, [*times, "--x", "/compute/rat", *out],
                  r".*: has no column /compute/rat \(did you mean /compute/rate\?\)"),
                 (plot, [*times, "--by", "labels", *one], r".*no column labels \(did you mean label\?\)"),
                 (plot, [*times, "--x", "time_p50", *out], r".*: has no column time_p50.*"),
                 (plot, [RESULTS, "--y", "bytes_in_all", *one],
                  r".*: bytes_in_all has no value in any row .*"),
                 (plot, [RESULTS, "--y", "bytes_in_all", *x, "--where", IDEAL, *out],
                  r".*: bytes_in_all has no value in any row .*"),
                 (plot, [*times, *out], r".*: the bar of _plain would mix 6 rows that differ in /compute/rate "
                  r"\(20, 5, 10\); /network \(.*\): select with --where /compute/rate=20, or .* --by .*"),
                 (plot, [*times, *x, *out], r".*: a curve of _plain at /compute/rate = 20 "
                  r"would mix 2 rows that differ in /network .*: select with --where '/network=\{.*\}', or .*"),
                 (plot, [*times, *x, "--by", "/network", *out], r".* differ in label .*"),
                 (plot, [*times, "--where", "/compute/rate=7", *out],
                  r".*: --where /compute/rate=7 selects no row; there are: 20, 5, 10"),
                 (plot, [*times, "--where", "rate", *out], r"--where rate: has to be COLUMN=VALUE"),
                 (plot, [*times, "-o", "fig.jpg"], r"fig\.jpg: has to end in one of \.pdf, \.svg, \.png"),
                 (plot, [*times, *ten, "-o", FOLDER / "nowhere/fig.png"],
                  r".*fig\.png: cannot be written: .*"), (plot, [*times, *ten, "-o", "/dev/full/fig.png"],
                                                          r".*fig\.png: cannot be written: .*"),
                 (plot, times, r"plot\.py: the following arguments are required: -o/--out .*"),
                 (plot, [*times, "--beside", FOLDER / "absent.csv", *one], r".*absent\.csv: cannot .*"),
                 (plot, [*times, "--beside", FOLDER / "small.json", *one], r".*: has no expect block .*"),
                 (plot, [*times, "--beside", plain, *one], r".*plain\.csv: has to begin with # .*"),
                 (pareto, [RESULTS, *out],
                  r".*: the front would mix 18 rows that differ in /compute/rate .*"),
                 (pareto, [RESULTS, "--x", "mesages", *one],
                  r".*no metric mesages \(did you mean messages\?\)"),
                 (gc_mmc_figure1, [RESULTS, *out], r".*: the bars of _plain would mix 6 rows that differ in .*"),
                 (speedup, [RESULTS, "--of", "GC", *x, *out], r".*: has no scheme labelled GC; there are.*"),
                 (speedup, [RESULTS, "--of", "_plain", *x, *out],
                  r".*: the curve over GC, r = 3 at .* " r"would mix 2 rows that differ in /network .*"),
                 (speedup, [RESULTS, "--of", "_plain", "--x", "/network", *out],
                  r".*: /network is .*, not a number"), (speedup,
                                                         [none, "--of", "_plain", "--x", "t_c", *out],
                                                         r".*none\.csv: has no rows"),
                 (speedup, [RESULTS, "--of", "_plain", "--x", "t_c", *out],
                  r".*config\.json: t_c is of a serial .*"),
                 (plot, [SAMPLES, "--y", "time", *out], r".*: has a row for every .* it is not results\.csv.*"),
                 (distribution, [RESULTS, *out], r".*results\.csv: has no trials: it is not samples\.csv.*"),
                 (distribution, [SAMPLES, *out],
                  r".*: the curve of _plain would mix 6 rows .* /compute/rate.*"),
                 (distribution, [SAMPLES, "--x", "tim", *out],
                  r".*: has no column tim \(did you mean time\?\)"),
                 (distribution, [SAMPLES, "--x", "bytes_in_all", *one],
                  r".*: bytes_in_all has no value in any .*"),]
        for module, words, wanted in cases:
            with self.subTest(script=module.__name__, words=[str(word) for word in words]):
                code, output, error = run_inside(module, *words)
                self.assertEqual((code, output), (2, ""), error)
                self.assertRegex(error, rf"\A{wanted}\n\Z")
        self.assertFalse((FOLDER / "never.png").exists())

    def test_a_picture_never_overwrites_what_it_is_of(self):
        for name, of in (("own.pdf", RESULTS), ("own.png", SAMPLES), ("own.svg", FOLDER / "own.csv")):
            (FOLDER / "own.csv").write_text("# Somebody (1999)\nlabel,time\n_plain,0.25\n")
            (FOLDER / name).write_bytes(of.read_bytes())
        (FOLDER / "link.pdf").symlink_to(FOLDER / "own.pdf")
        for module, words in ((plot, [FOLDER / "own.pdf", *self.CURVES, "-o", FOLDER / "own.pdf"]),
                              (plot, [FOLDER / "own.pdf", *self.CURVES, "-o", FOLDER / "x.png", "-o", FOLDER / "link.pdf"]),
                              (pareto, [FOLDER / "link.pdf", "-o", FOLDER / "small" / ".." / "own.pdf"]),
                              (distribution, [FOLDER / "own.png", "-o", FOLDER / "own.png"]),
                              (plot, [RESULTS, *self.CURVES, "--beside", FOLDER / "own.svg", "-o", FOLDER / "own.svg"])):
            with self.subTest(module.__name__, words=words):
                code, output, error = run_inside(module, *words)
                self.assertEqual((code, output), (2, ""))
                self.assertRegex(error, r"\A.*: is what is drawn, and would be overwritten: .*\n\Z")
        self.assertEqual((FOLDER / "own.pdf").read_bytes(), RESULTS.read_bytes())
        self.assertEqual((FOLDER / "own.png").read_bytes(), SAMPLES.read_bytes())

    def test_a_closed_or_full_standard_output_is_no_traceback(self):
        command = [PLOTS / "plot.py", RESULTS, *self.CURVES, "-o", FOLDER / "pipe.png"]
        for name, output in (("closed pipe", None), ("full", "/dev/full")):
            with self.subTest(name):
                if output:
                    file = open(output, "wb")
                else:
                    reading, writing = os.pipe()
                    os.close(reading)
                    file = os.fdopen(writing, "wb")
                with file:
                    found = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True,
                                           timeout=60)
                self.assertNotEqual(found.returncode, 0)
                self.assertRegex(found.stderr, r"\Astandard output: cannot be written: [^\n]*\n\Z" if output
                                 else r"\A\Z")
                self.assertTrue((FOLDER / "pipe.png").exists())
        found = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *map(str, command)], stderr=subprocess.PIPE,
                               text=True, timeout=60)
        self.assertEqual((found.returncode, found.stderr), (0, ""))

    def test_one_trial_has_no_band_and_odd_labels_are_drawn_as_they_are(self):
        labels = ["漢字", "a label " + "that goes on " * 9, "\\frac{1}{0}$", "plain"]
        config = {**CONFIG, "trials": 1, "sweep": [{"path": "/compute/rate", "values": [1e-9, 1e9]}],
                  "schemes": [{"scheme": "uncoded", "label": label} for label in labels]}
        (FOLDER / "odd.json").write_text(json.dumps(config))
        subprocess.run([str(PROGRAM), "run", "odd.json", "--out", "odd", "--samples"], cwd=FOLDER, check=True,
                       capture_output=True)
        one, outputs = ["--where", "/compute/rate=1e9"], [word for name in ("odd.svg", "odd.pdf", "odd.png")
                                                          for word in ("-o", FOLDER / name)]
        for module, words in ((plot, ["--y", "time", *one]),
                              (plot, ["--x", "/compute/rate", "--y", "time", "--log"]),
                              (plot, ["--x", "/compute/rate", "--y", "speedup", "--bars"]), (pareto, one),
                              (gc_mmc_figure1, one), (speedup,
                                                      ["--of", "plain", "--x", "/compute/rate", "--log"])):
            with self.subTest(module.__name__, words=words):
                code, _, error = run_inside(module, FOLDER / "odd/results.csv", *words, *outputs)
                self.assertEqual(code, 0, error)
                self.assertEqual(error,
                                 f"{module.__name__}.py: note: the font DejaVu Sans has no shape for 漢字\n")
        for log in ([], ["--log"]):  # of one trial there is no tail
            code, _, error = run_inside(distribution, FOLDER / "odd/samples.csv", *one, *log, *outputs)
            self.assertEqual(code, 0, error)
        axes = drawn(plot, FOLDER / "odd/results.csv", "--y", "time", *one).axes[0]
        self.assertEqual([label.get_text().replace("\n", " ") for label in axes.get_yticklabels()],
                         [" ".join(label.split()) for label in labels])

    def test_every_script_tells_its_use(self):
        for module in (plot, pareto, gc_mmc_figure1, speedup, distribution):
            with self.subTest(module.__name__):
                code, output, _ = run_inside(module, "--help")
                self.assertEqual(code, 0)
                self.assertIn(f"example:\n  plots/{module.__name__}.py ", output)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
