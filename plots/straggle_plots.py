# What the figures share: reading results.csv and samples.csv, one look (one or two columns of a paper,
# readable in greyscale, fonts embedded), and pictures that say which command and configuration they are of.
import argparse
import csv
import difflib
import hashlib
import io
import json
import math
import os
import pathlib
import re
import shlex
import signal
import sys
import textwrap
import uuid
import warnings
import zlib

try:
    import matplotlib
    import numpy
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator
except ImportError as missing:
    print(f"{pathlib.Path(sys.argv[0]).name}: needs matplotlib (Debian: python3-matplotlib): {missing}",
          file=sys.stderr)
    sys.exit(2)

NORMAL_95 = 1.959963984540054


def student_95(observations):
    """A mean ± this many of its standard errors covers 95 %: Student's t, exact for two and three observations, and
    for more by its expansion about the normal quantile (Abramowitz and Stegun 26.7.5), to a thousandth."""
    freedom, z = observations - 1, NORMAL_95
    if not freedom >= 1:
        return math.nan
    if freedom == 1:
        return math.tan(0.475 * math.pi)
    if freedom == 2:
        return 0.95 * math.sqrt(2 / (1 - 0.95 ** 2))
    terms = [(z ** 3 + z) / 4, (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
             (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
             (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160]
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))


COLUMN, PAGE = 3.5, 7.16  # inches: one column and both of a page
SUFFIXES = (".pdf", ".svg", ".png")

# Eleven markers and seven dash patterns have no common divisor: 77 pairs before one comes back.
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h"]
DASHES = ["-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (9, 2)), (0, (3, 1, 1, 1, 1, 1)),
          (0, (2, 3))]
# After Okabe and Ito's palette, without its yellow, and its light colours darker: lines have to be seen in
# grey too.
COLOURS = ["#0072B2", "#D55E00", "#007A5A", "#A94F86", "#B57B00", "#3A93C9", "#000000"]
HATCHES = ["", "/////", "xxxxx", "....", "-----", "\\\\\\\\\\", "+++++", "oooo", "|||||", "***", "OO", "//..",
           "--xx"]

# Theory is known where it was computed, so it is not joined: a disc behind the measurement's marker where it is
# exact, else from bound to bound.
THEORY = {"color": "0.78", "linestyle": "none", "marker": "o", "markersize": 8.5, "markeredgewidth": 0,
          "zorder": 1.8}
BETWEEN = {"bounds": {"color": "0.8", "linewidth": 5, "linestyle": "-"},
           "asymptotic": {"color": "0.45", "linewidth": 1.4, "linestyle": (0, (1, 1.2))}}

METRICS = {
    "time": "completion time [s]",
    "time_min": "shortest completion time [s]",
    "time_p50": "median completion time [s]",
    "time_p95": "95 % quantile of the completion time [s]",
    "time_p99": "99 % quantile of the completion time [s]",
    "time_max": "longest completion time [s]",
    "messages": "messages to the master",
    "useful_messages": "useful messages",
    "messages_in_all": "messages in all",
    "bytes_in_all": "bytes in all [B]",
    "bytes_into_busiest": "bytes into the busiest node [B]",
    "port_utilisation": "utilisation of the busiest port",
    "work": "work [mini-batches]",
    "wasted": "wasted work [mini-batches]",
    "speedup": "speedup over the baseline",
    "incomplete": "trials that could not end",
    "recovered": "share of the data set recovered",
    "critical_compute": "critical path, computing [s]",
    "critical_port_queue": "critical path, in a port's queue [s]",
    "critical_link": "critical path, on a link [s]",
    "critical_waiting": "critical path, late starts [s]",
    "real_max_error": "relative error of the decoded gradient",
}
# The last names of JSON pointers, where the name alone is not the label.
FIELDS = {"arity": "arity of the tree", "bytes": "size of a gradient", "depth": "depth of the tree",
          "dimension": "dimension of the gradient", "egress": "egress bandwidth",
          "increment": "computing time of a mini-batch", "ingress": "ingress bandwidth", "label": "scheme",
          "overhead": "overhead a message", "probability": "probability that a worker fails",
          "round_start": "start of a round", "seconds": "delay of a straggler", "stragglers": "stragglers tolerated",
          "to_fast": "probability of turning fast", "to_slow": "probability of turning slow"}
# The units of those names, for scripts that have been taken away from the schema of configurations.
UNITS = {"bandwidth": "bytes/s", "bytes": "bytes", "egress": "bytes/s", "increment": "s", "ingress": "bytes/s",
         "latency": "s", "load": "mini-batches", "median": "s", "order": "mini-batches", "orders": "mini-batches",
         "overhead": "s", "rate": "1/s", "scale": "s", "seconds": "s", "shift": "s", "time": "s"}
SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "configs/schema.json"


def read_units(path=SCHEMA):
    """The unit of every field that has one in the schema of configurations, by the field's name; UNITS where there is
    no schema. A name that has several units has none."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return UNITS
    found, nodes = {}, [schema]
    while nodes:
        node = nodes.pop()
        nodes += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
        fields = node.get("properties") if isinstance(node, dict) else None
        for name, field in fields.items() if isinstance(fields, dict) else ():
            if isinstance(field, dict) and str(field.get("$ref", "")).startswith("#/definitions/"):
                field = schema["definitions"].get(field["$ref"].rpartition("/")[2])
            if isinstance(field, dict) and isinstance(field.get("unit"), str):
                found.setdefault(name, set()).add(field["unit"])
    return {name: units.pop() for name, units in found.items() if len(units) == 1}


FIELD_UNITS = read_units()


class Mistake(Exception):
    """Something the user can put right: "FILE: what is wrong and what would be right"."""


# --- reading ------------------------------------------------------------------------------------------------


class Table:
    """A file that `straggle run` wrote: what its head says, its columns, and its rows as lists of texts, in
    order.

    `head` has title, command, version, seed and configuration; `axes` are the columns that the sweep made.
    `rows()` reads one row after another, so that a file of a million trials needs no memory.
    """

    def __init__(self, path, trials=False):
        """Reads the head of results.csv, or with trials=True of samples.csv, which has a row a trial."""
        self.path = str(path)
        with self._open() as file:
            first = self._line(file)
            if first == "":
                raise self.mistake("is empty")
            try:
                if not first.startswith("# "):
                    raise ValueError
                self.head = {"title": str(json.loads(first[2:]))}
            except ValueError:
                raise self.mistake("is no results file of straggle: its first line has to be # and the "
                                   "title") from None
            while (line := self._line(file)).startswith("#"):
                name, _, value = line[1:].strip().partition(": ")
                self.head[name] = value
        for name in ("command", "version", "seed", "configuration"):
            if name not in self.head:
                raise self.mistake(f"is no results file of straggle: there is no line \"# {name}: ...\" at "
                                   "its top")
        self.columns = next(csv.reader([line]), [])
        for name in ("point", "scheme", "label"):
            if name not in self.columns:
                raise self.mistake(f"is no results file of straggle: it has no column {name}")
        if trials != ("trial" in self.columns):
            wanted = ("samples.csv, which straggle run --samples writes" if trials else
                      "results.csv; distribution.py draws samples")
            has = "no trials" if trials else "a row for every one of the trials"
            raise self.mistake(f"has {has}: it is not {wanted}")
        self.axes = self.columns[1:self.columns.index("scheme")]
        self.length, self.run, self.checksum, self.end = self._last_line()
        self.unchanged = False  # not known yet

    def _last_line(self):
        """What the last line says, which a file that was cut lacks: the number of rows, the run, and of samples the
        checksum; and where it begins."""
        with open(self.path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 300))
            tail = file.read()
        last = tail.rstrip(b"\r\n").rpartition(b"\n")[2]
        begin = size - len(tail) + tail.rindex(last)
        last = last.decode(errors="replace")
        if last.startswith("# interrupted: "):
            raise self.mistake(f"is of a run that was interrupted: {printable(last[15:])}; run it again")
        if not (end := re.fullmatch(r"# end: (\d+) rows of run ([0-9a-f]+)(?:, crc32 ([0-9a-f]{8}))?", last)):
            raise self.mistake("is cut: its last line has to be \"# end: N rows of run ID\"; run it again")
        if ("trial" in self.columns) != (end[3] is not None):
            raise self.mistake("does not end as this version of straggle writes it; run it again")
        return int(end[1]), end[2], end[3], begin

    def _check_unchanged(self):
        """Refuses a file whose lines are not those that its last line is of: samples.csv by their CRC-32, results.csv
        by the run, which is the start of a UUID of version 5 of the version, the configuration, the columns and the
        rows."""
        identity = hashlib.sha1(uuid.NAMESPACE_OID.bytes)
        version = self.head["version"].removeprefix("straggle ")
        identity.update(f"{version}\n{self.head['configuration']}\n".encode())
        checksum, at, in_head, other_ends = 0, 0, True, False
        with open(self.path, "rb") as file:
            for line in file:
                other_ends = line.endswith(b"\r\n") if at == 0 else other_ends
                at += len(line)
                if at > self.end:
                    break
                if other_ends and line.endswith(b"\r\n"):
                    line = line[:-2] + b"\n"
                in_head = in_head and line.startswith(b"#")
                if self.checksum is not None:
                    checksum = zlib.crc32(line, checksum)
                elif not in_head:
                    identity.update(line)
        digits = bytearray(identity.digest()[:8])
        digits[6] = digits[6] & 0x0f | 0x50
        if (f"{checksum:08x}" != self.checksum) if self.checksum is not None else (digits.hex() != self.run):
            raise self.mistake("has been changed since it was written: its last line is not of the lines above; run it "
                               "again")
        self.unchanged = True

    def mistake(self, words):
        return Mistake(f"{self.path}: {words}")

    def _open(self):
        try:
            return open(self.path, encoding="utf-8", newline="")
        except OSError as error:
            raise self.mistake(f"cannot be read: {error.strerror}") from None

    def _line(self, file):
        try:
            return file.readline()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise self.mistake(f"cannot be read: {reason}") from None

    def rows(self):
        """Every row as a list of texts."""
        width = len(self.columns)
        with self._open() as file:
            while self._line(file).startswith("#"):  # and then the line of the columns
                pass
            reader, count = csv.reader(file), 0
            try:
                for row in reader:
                    if row and row[0].startswith("#"):  # the last line
                        break
                    count += 1
                    if len(row) != width:
                        raise self.mistake(f"row {reader.line_num} has {len(row)} fields, but there are "
                                           f"{width} columns")
                    yield row
                if count != self.length:
                    raise self.mistake(f"has {count} rows, but says that there are {self.length}: it is not "
                                       "as straggle run wrote it")
                if not self.unchanged:
                    self._check_unchanged()
            except (OSError, UnicodeDecodeError, csv.Error) as error:
                raise self.mistake(f"cannot be read: {error}") from None

    def column(self, name, wanted="column", choices=None):
        """The index of a column; a mistake that names the nearest one where there is none."""
        choices = self.columns if choices is None else choices
        if name not in choices:
            near = difflib.get_close_matches(name, choices, 1, 0.5)
            hint = f" (did you mean {near[0]}?)" if near else ": " + ", ".join(choices)
            raise self.mistake(f"has no {wanted} {name}{hint}")
        return self.columns.index(name)

    def metric(self, name):
        """(column of the values, column of their standard errors or None) of a metric, with or without its
        _mean."""
        metrics = [column[:-5] for column in self.columns if column.endswith("_mean")]
        others = self.columns[self.columns.index("label") + 1:]
        if name in metrics:
            return self.columns.index(name + "_mean"), self.columns.index(name + "_std_error")
        if name.endswith("_mean") and name[:-5] in metrics:
            return self.metric(name[:-5])
        return self.column(name, "metric", metrics + [column for column in others
                                                      if not column.startswith("theory")
                                                      and not column.endswith(("_mean", "_std_error", "_low", "_high",
                                                                               "_moments"))]), None

    def number(self, row, index):
        """The number in a field; NaN where the field is empty."""
        text = row[index]
        if text == "":
            return math.nan
        try:
            number = float(text)
        except ValueError:
            label = row[self.columns.index("label")]
            raise self.mistake(f"{self.columns[index]} is \"{text}\" in a row of {label}, "
                               "not a number") from None
        return number if math.isfinite(number) else math.nan

    def moments(self, row, metric):
        """What the mean of a metric lacks in a row: "no mean", "no variance" or "". Only times can lack it, and
        what is divided by them or part of them."""
        name = metric[:-5] if metric.endswith("_mean") else metric
        if "time_moments" not in self.columns or not (name in ("time", "speedup") or name.startswith("critical_")):
            return ""
        moments = row[self.columns.index("time_moments")]
        if name == "speedup" and moments != "no mean":  # the baseline may lack what the row has
            mean, error = (row[self.columns.index(f"speedup_{part}")] for part in ("mean", "std_error"))
            time, of_time = (row[self.columns.index(f"time_{part}")] for part in ("mean", "std_error"))
            if time and not mean:
                return "no mean"
            if of_time and mean and not error:
                return "no variance"
        return moments if moments in ("no mean", "no variance") else ""

    def note_moments(self, rows, metrics, instead, hollow):
        """Notes the rows whose means of these metrics do not exist, and so are not drawn, and those whose means have
        an infinite variance. `instead`: what to do; `hollow`: how the latter are drawn, or "" where they are not."""
        label = self.columns.index("label")
        for moments, words in (("no mean", "no mean, so not drawn"),
                               ("no variance", "an infinite variance, so " + (
                                   f"drawn {hollow}, without an interval" if hollow else "not drawn"))):
            lacking = [row for row in rows if any(self.moments(row, metric) == moments for metric in metrics)]
            if not lacking:
                continue
            names = list(dict.fromkeys(printable(row[label]) for row in lacking))
            listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
            what = " and ".join(metric for metric in metrics
                                if any(self.moments(row, metric) == moments for row in lacking))
            warnings.warn(f"{what} has {words}: {listed} ({len(lacking)} row{'s' * (len(lacking) > 1)}); {instead}")

    def partial(self, row, metric):
        """Whether the value of a metric in a row is of a part of the trials only, as the others could not end."""
        name = self.columns[self.metric(metric)[0]]
        return ((name.endswith("_mean") or name.startswith("time_") or name == "recovered")
                and self.number(row, self.columns.index("incomplete")) > 0)

    def note_partial(self, rows, metrics, how):
        """Notes the rows whose values of these metrics are of a part of the trials. `how`: what is done with them."""
        shares = {}
        for row in rows:
            if any(self.partial(row, metric) for metric in metrics):
                lost, trials = (self.number(row, self.columns.index(name)) for name in ("incomplete", "trials"))
                shares.setdefault(printable(row[self.columns.index("label")]), []).append(lost / trials)
        if not shares:
            return
        listed = [f"{name} ({'up to ' * (len(lost) > 1)}{100 * max(lost):.3g} % of its trials)"
                  for name, lost in list(shares.items())[:6]]
        more = f" and {len(shares) - 6} more" if len(shares) > 6 else ""
        what = " and ".join(metric for metric in dict.fromkeys(metrics)
                            if any(self.partial(row, metric) for row in rows))
        warnings.warn(f"trials that could not end are not in {what}, so {how}: {', '.join(listed)}{more}")

    def interval(self, row, metric):
        """The 95 % interval (low, high) of a metric in a row: of a mean by its standard error, of a quantile as the
        file has it; NaN where there is none."""
        value, error = self.metric(metric)
        if error is not None:
            completed = (self.number(row, self.columns.index("trials"))
                         - self.number(row, self.columns.index("incomplete")))
            mean, half = self.number(row, value), student_95(completed) * self.number(row, error)
            return mean - half, mean + half
        ends = [f"{self.columns[value]}_{end}" for end in ("low", "high")]
        if not all(end in self.columns for end in ends):
            return math.nan, math.nan
        return tuple(self.number(row, self.columns.index(end)) for end in ends)

    def selector(self, conditions):
        """(selects, unmet): whether a row is what every --where COLUMN=VALUE selects, and, when all rows were
        asked, the mistake of a value that no row has, or None. Conditions on the same column are
        alternatives."""
        wanted = {}
        for condition in conditions:
            name, equals, value = condition.partition("=")
            if not equals:
                raise Mistake(f"--where {condition}: has to be COLUMN=VALUE")
            wanted.setdefault(self.column(name), []).append(value)
        seen = {index: {} for index in wanted}  # text of a field -> the wanted values that it has

        def selects(row):
            result = True
            for index, values in wanted.items():
                text = row[index]
                if text not in seen[index]:
                    seen[index][text] = [value for value in values if same(text, value)]
                result = result and bool(seen[index][text])
            return result

        def unmet():
            for index, values in wanted.items():
                for value in values:
                    if not any(value in met for met in seen[index].values()):
                        there = ", ".join(seen[index]) or "none"
                        condition = f"--where {self.columns[index]}={value}"
                        return self.mistake(f"{condition} selects no row; there are: {there}")
            return None

        return selects, unmet

    def select(self, conditions):
        """The rows that --where selects, at least one."""
        selects, unmet = self.selector(conditions)
        rows = [row for row in self.rows() if selects(row)]
        if mistake := unmet():
            raise mistake
        if not rows:
            raise self.mistake("has no rows" + (" that every --where selects" if conditions else ""))
        return rows

    def mixed(self, rows, apart):
        """What tells rows apart besides the columns `apart`: {column: its values}."""
        result = {}
        for name in self.axes + ["label"]:
            index = self.columns.index(name)
            values = list(dict.fromkeys(row[index] for row in rows))
            if name not in apart and len(values) > 1:
                result[name] = values
        return result

    def mixing(self, what, rows, apart, by="--by"):
        """The mistake that `what` (a curve, a bar) would be of several points; names the axes and a way
        out."""
        mixed = self.mixed(rows, apart) or {"point": list(dict.fromkeys(row[0] for row in rows))}
        axes = "; ".join(f"{name} ({', '.join(values[:6])}{', ...' if len(values) > 6 else ''})"
                         for name, values in mixed.items())
        name, values = next(iter(mixed.items()))
        condition = shlex.quote(f"{name}={values[0]}")
        return self.mistake(f"{what} would mix {len(rows)} rows that differ in {axes}: select with "
                            f"--where {condition}" + (f", or tell them apart with {by} {name}" if by else ""))


def same(text, value):
    """Whether a field has the value that a user typed: the same text, number or JSON."""
    if text == value:
        return True
    try:
        return json.loads(text) == json.loads(value)
    except ValueError:
        return False


def is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


# --- words --------------------------------------------------------------------------------------------------


def printable(text, width=0):
    """Text for a picture: on one line, or wrapped at a width; without characters that have no shape."""
    text = re.sub(r"[\x00-\x20\x7f-\x9f]+", " ", text).strip()
    return textwrap.fill(text, width, break_long_words=True) if width else text


def metric_label(name):
    """The label of an axis that shows a metric, with its unit."""
    name = name[:-5] if name.endswith("_mean") else name
    return METRICS.get(name, name.replace("_", " "))


def axis_label(name):
    """The label of an axis that shows a column of the sweep: /compute/rate is "rate [1/s]"."""
    last = [part for part in name.split("/") if not part.isdigit()][-1].replace("~1", "/").replace("~0", "~")
    words, unit = FIELDS.get(last, last.replace("_", " ")), FIELD_UNITS.get(last, "").replace("bytes", "B")
    return printable(f"{words} [{unit}]" if unit else words)


def value_label(name, text):
    """A value of a column as a category: a number or text as it is, an object by its model and its other
    fields."""
    try:
        value = json.loads(text)
    except ValueError:
        return printable(text)
    if isinstance(value, dict):
        parts = [str(part) if key == "model" else f"{key} {part}" for key, part in value.items()]
        return printable(", ".join(parts)) or "{}"
    if isinstance(value, bool):
        return f"{axis_label(name)}: {text}"
    return tick_label(value) if isinstance(value, (int, float)) else printable(text)


def group_label(names, values):
    """The words of a legend for the values of the --by columns."""
    words = []
    for name, text in zip(names, values):
        if name in ("label", "scheme"):
            words.append(printable(text))
        elif is_number(text):
            unit = re.fullmatch(r"(.*) \[(.*)\]", axis_label(name))
            number = tick_label(float(text))
            words.append(f"{unit[1]} = {number} {unit[2]}" if unit else f"{axis_label(name)} = {number}")
        else:
            words.append(value_label(name, text))
    return ", ".join(words)


def tick_label(value, _position=None):
    """A number at an axis: 0.01, 250, 10⁶, 2·10⁶."""
    if value == 0 or 0.9e-3 < abs(value) < 1e6:
        return f"{value:.6g}"
    mantissa, exponent = f"{value:.5e}".split("e")
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    mantissa = f"{float(mantissa):g}"
    return power if mantissa == "1" else f"{mantissa}·{power}"


def four_digits(value):
    """A measured number in four digits; a whole one, as a count is, without a point."""
    if value == round(value):
        return f"{value:.0f}"
    return f"{value:#.4g}" if 1e-3 <= abs(value) < 1e4 else tick_label(value)


# --- drawing ------------------------------------------------------------------------------------------------

matplotlib.rcdefaults()  # whatever the user's matplotlibrc says: the same results give the same picture
matplotlib.rcParams.update({
    "font.family": ["DejaVu Sans"], "font.size": 7.5, "axes.labelsize": 8, "legend.fontsize": 7.5,
    "xtick.labelsize": 7.5, "ytick.labelsize": 7.5,
    "text.parse_math": False,  # a label may have a $
    "pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "straggle",
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "axes.axisbelow": True,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4, "ytick.minor.width": 0.4,
    "lines.linewidth": 1.1, "lines.markersize": 4, "hatch.linewidth": 0.5, "grid.linewidth": 0.4,
    "grid.color": "0.85", "legend.handlelength": 3.2, "legend.columnspacing": 1.4, "legend.frameon": False,
    "axes.formatter.useoffset": False, "savefig.dpi": 300,
})


def line_style(index):
    """The style of the index-th curve; no two share both marker and dash pattern."""
    if index >= len(MARKERS) * len(DASHES):
        raise Mistake(f"more than {len(MARKERS) * len(DASHES)} curves cannot be told apart: select with "
                      "--where")
    return {"marker": MARKERS[index % len(MARKERS)], "linestyle": DASHES[index % len(DASHES)],
            "color": COLOURS[index % len(COLOURS)], "markeredgewidth": 0.8}


def bar_style(index):
    """The style of the index-th bar of a group; every one has a hatch of its own."""
    if index >= len(HATCHES):
        raise Mistake(f"more than {len(HATCHES)} bars side by side cannot be told apart: select with --where")
    colour = matplotlib.colors.to_rgb(COLOURS[index % len(COLOURS)])
    return {"facecolor": tuple(0.45 + 0.55 * part for part in colour), "hatch": HATCHES[index],
            "edgecolor": "black", "linewidth": 0.6}


def new_figure(width, height, columns=1, **arguments):
    """(figure, its axes side by side), in inches; nothing is cut off at its edges."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns, squeeze=False, **arguments)[0]
    return figure, list(axes)


def logarithmic(axis, values, name):
    """Makes an x or y axis logarithmic. Where values are 0 too, the piece from 0 to the least other one is
    linear."""
    values = [value for value in values if math.isfinite(value)]
    positive = [value for value in values if value > 0]
    if not positive or min(values) < 0:
        raise Mistake(f"{name}: {min(values):g} has no place on a logarithmic axis")
    low, high = min(positive), max(positive)
    few = high / low < 100
    scale = axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale
    if min(values) == 0:
        scale("symlog", linthresh=low, linscale=0.6, subs=[2, 3, 4, 5, 6, 7, 8, 9])
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [step * 10.0 ** decade for decade in decades for step in ((1, 2, 5) if few else (1,))]
        axis.set_major_locator(FixedLocator([0] + [tick for tick in ticks if tick >= low * 0.999]))
        axis.set_minor_locator(NullLocator())
    else:
        scale("log")
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
    axis.set_major_formatter(FuncFormatter(tick_label))
    axis.set_minor_formatter(NullFormatter())


def numeric(axis):
    """Makes an x or y axis one of plain numbers."""
    axis.set_major_formatter(FuncFormatter(tick_label))


def turn_if_crowded(figure, axes):
    """Turns the labels below an axis if they would touch."""
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    if any(left.x1 + 2 > right.x0 for left, right in zip(boxes, boxes[1:])):
        axes.tick_params(axis="x", labelrotation=90)


def write_beside(figure, axes, points, texts):
    """Writes a text beside every point of axes, in reading order where it covers least of other points and
    texts."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    taken = [matplotlib.transforms.Bbox.from_bounds(x - 6, y - 6, 12, 12)
             for x, y in axes.transData.transform(points)]
    places = [(4, 4, "left", "bottom"), (4, -4, "left", "top"), (-4, 4, "right", "bottom"),
              (-4, -4, "right", "top"), (6, 0, "left", "center"), (-6, 0, "right", "center"),
              (0, 6, "center", "bottom"), (0, -6, "center", "top")]
    for point, text in zip(points, texts):
        best = None
        for x, y, across, up in places:
            note = axes.annotate(text, point, (x * 0.75, y * 0.75), textcoords="offset points", fontsize=6,
                                 ha=across, va=up, zorder=4)
            box = note.get_window_extent(renderer)
            note.set_in_layout(False)
            meets = [matplotlib.transforms.Bbox.intersection(box, other) for other in taken]
            inside = matplotlib.transforms.Bbox.intersection(box, axes.bbox)
            covered = (box.width * box.height - (inside.width * inside.height if inside is not None else 0)
                       + sum(meet.width * meet.height for meet in meets if meet is not None))
            if best is None or covered < best[0]:
                if best:
                    best[1].remove()
                best = covered, note, box
            else:
                note.remove()
        taken.append(best[2])


def legend_on_top(figure, handles, labels):
    """A legend above everything else, in as many columns as fit; the figure grows by its height."""
    if not handles:
        return
    width, height = figure.get_size_inches()
    renderer = figure.canvas.get_renderer()
    for columns in range(min(len(handles), 6), 0, -1):
        legend = figure.legend(handles, [" "] * len(labels), loc="upper center", ncol=columns,
                               borderaxespad=0.2, handleheight=1.1)
        # labels given to the legend at once would be left out where they begin with _
        for text, label in zip(legend.get_texts(), labels):
            text.set_text(printable(label, round(11 * width)))
        box = legend.get_window_extent(renderer)
        if box.width <= figure.bbox.width or columns == 1:
            break
        legend.remove()
    grown = height + box.height / figure.dpi + 0.05
    figure.set_size_inches(width, grown)
    figure.get_layout_engine().set(rect=(0, 0, 1, height / grown))


def theory_handles(kinds, bars=None):
    """(handles, labels) of a legend for the kinds of theory that are drawn; bars: "up" or "across", or None
    for curves."""
    handles, labels = [], []
    for kind, words in (("exact", "theory"), ("bounds", "proved bounds"), ("asymptotic", "asymptotic band")):
        if kind in kinds:
            if kind == "exact":
                styles = {None: THEORY, "up": {"color": "black", "linewidth": 1.2},
                          "across": {"color": "black", "linestyle": "none", "marker": "|", "markersize": 7,
                                     "markeredgewidth": 1.2}}
                handles.append(Line2D([], [], **styles[bars]))
            elif bars is None:
                handles.append(Line2D([], [], **BETWEEN[kind]))
            else:
                handles.append(Patch(facecolor="0.8", edgecolor="0.35", linewidth=0.6,
                                     linestyle="-" if kind == "bounds" else ":"))
            labels.append(words)
    return handles, labels


# --- the command line and the files -------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f"{self.prog}: {message} ({self.prog} --help tells more)", file=sys.stderr)
        sys.exit(2)


def parser(description, example, files=1):
    """A parser with what every figure takes: the file, --where, -o and --wide."""
    result = _Parser(description=description, allow_abbrev=False,
                     formatter_class=argparse.RawDescriptionHelpFormatter, epilog=f"example:\n  {example}")
    result.add_argument("results", metavar="samples.csv" if files == "samples" else "results.csv",
                        help="written by straggle run" + (" --samples" if files == "samples" else ""))
    result.add_argument("--where", metavar="COLUMN=VALUE", action="append", default=[],
                        help="only these rows; may be repeated, and for one column means any of the values")
    result.add_argument("--wide", action="store_true",
                        help="as wide as both columns of a page (default: one)")
    result.add_argument("-o", "--out", metavar="FILE", action="append", required=True,
                        help="FILE.pdf, .svg or .png; may be repeated")
    return result


def save(figure, outputs, head, command):
    """Writes a figure. Its metadata say what it is of and how it was drawn, and no dates: same input, same
    bytes."""
    title = printable(head["title"])
    words = "\n".join([f"{name}: {head[name]}" for name in ("command", "version", "seed", "configuration")]
                      + [f"drawn by: {command}"])
    metadata = {
        ".png": {"Title": title, "Description": words, "Software": head["version"]},
        ".pdf": {"Title": title, "Subject": words, "Keywords": f"configuration: {head['configuration']}",
                 "Creator": head["version"], "CreationDate": None},
        ".svg": {"Title": title, "Description": words, "Creator": head["version"], "Date": None},
    }
    for output in outputs:
        suffix = pathlib.Path(output).suffix.lower()
        picture = io.BytesIO()  # all of it or nothing
        figure.savefig(picture, format=suffix[1:], metadata=metadata[suffix])
        try:
            pathlib.Path(output).write_bytes(picture.getvalue())
        except OSError as error:
            raise Mistake(f"{output}: cannot be written: {error.strerror}") from None
        print(f"wrote {output}")


def drawing_command(arguments):
    """The command that draws a figure again, less where it was put."""
    words, skip = [f"plots/{pathlib.Path(sys.argv[0]).name}"], False
    for word in arguments:
        if skip or word.startswith(("-o", "--out=")) or word == "--out":
            skip = not skip and word in ("-o", "--out")
        else:
            words.append(word)
    return shlex.join(words)


def main(arguments_of, draw):
    """Runs a script: draw(arguments) gives (figure, head of the results). Ends the process; 2 is the user's
    mistake."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a closed pipe ends the program, as it does others
    name = pathlib.Path(sys.argv[0]).name
    notes = []  # what matplotlib warns of, once each, and the characters that the font lacks in one note

    def note(message, *_):
        glyph = re.match(r"Glyph (\d+) ", str(message))
        words = chr(int(glyph[1])) if glyph else str(message)
        if words not in notes:
            notes.append(words)

    warnings.showwarning = note
    warnings.simplefilter("always", UserWarning)
    # NumPy's word for a point without an interval, which is drawn without one.
    warnings.filterwarnings("ignore", "Warning: converting a masked element to nan", UserWarning)
    arguments = arguments_of.parse_args()
    try:
        for output in arguments.out:
            if pathlib.Path(output).suffix.lower() not in SUFFIXES:
                raise Mistake(f"{output}: has to end in one of {', '.join(SUFFIXES)}")
            for source in filter(None, (arguments.results, getattr(arguments, "beside", None))):
                if os.path.exists(output) and os.path.exists(source) and os.path.samefile(output, source):
                    raise Mistake(f"{output}: is what is drawn, and would be overwritten: -o has to be another file")
        figure, head = draw(arguments)
        save(figure, arguments.out, head, drawing_command(sys.argv[1:]))
        if lacking := "".join(words for words in notes if len(words) == 1):
            notes = [words for words in notes if len(words) > 1]
            notes.append(f"the font DejaVu Sans has no shape for {lacking}")
        for words in notes:
            print(f"{name}: note: {words}", file=sys.stderr)
        sys.stdout and sys.stdout.flush()
    except Mistake as mistake:
        print(re.sub(r"\s*\n\s*", " ", str(mistake)), file=sys.stderr)
        sys.exit(2)
    except OSError as error:  # of standard output: files are dealt with where they are read and written
        print(f"standard output: cannot be written: {error.strerror}", file=sys.stderr)
        os._exit(2)  # not another try at flushing it
