"""The reader and configs/schema.json agree: on every example of the repository, on files with one mistake each
(wrong/), and on examples in which one thing after another is changed. Also: the schema knows the plug-ins there
are and states the defaults the reader fills in.

usage: schema_test.py PROGRAM SOURCE_DIR
"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
SOURCE = pathlib.Path(sys.argv[2]).resolve()
SCHEMA_FILE = SOURCE / "configs/schema.json"

# What a schema cannot say, because it depends on several fields: where it happens, and the reader's words.
NOT_FOR_A_SCHEMA = [
    # a text that would do harm in a line, a terminal or a spreadsheet; what is swept may be any value
    (r"/sweep/\d+/values", r"holds .+, which .+"),
    # above a bound that other fields give; whole numbers from 1 on are fine by themselves
    (r"/schemes/\d+/(load|clusters|stragglers|order|orders/\d+)",
     r"must be a whole number (from [01] to \d+|equal to [01]) \(.+\), but is ([1-9]\d*(\.0)?|1e\+300)"),
    (r"/compute/(failure/workers/\d+|stragglers(/\d+)?|classes/\d+/workers)",
     r"must be a whole number (from [01] to \d+|equal to 1) \(.+\), but is ([1-9]\d*(\.0)?|1e\+300)"),
    (r"/compute/classes", r"must have \d+ workers together, but have \d+"),
    (r"/compute/classes/\d+/workers", r'leaves none of the \d+ workers for the rest|is "rest" a second time'),
    (r"/compute/classes/\d+/name", r'".*" is the name of another class too'),
    (r"/compute/file", r".*: cannot be opened for reading.*"),
    (r"/schemes/\d+/clusters", r"must divide the \d+ workers.*"),
    (r"/schemes/\d+/load", r"must divide the \d+ workers of a cluster.*"),
    (r"/schemes/\d+/stragglers", r"plus one must divide the \d+ workers.*"),
    (r"/schemes/\d+/slowdown", r"must make \(stragglers \+ 1\)/\(slowdown - 1\) a whole number.*"),
    (r"/schemes/\d+/load", r"must be at least \d+: with load \d+ the master needs.*"),
    (r"/schemes/\d+/tree", r"of arity \d+ and depth \d+ has (\d+|more than a million) workers, not \d+; .*"),
    (r"/schemes/\d+/hybrid", r"needs every worker to hold its cluster's whole data.*"),
    (r"/schemes/\d+/orders", r"must (rise|end at the load).*"),
    (r"/schemes/\d+/label", r".*is the label of another scheme too"),
    (r"/baseline|/expect/\d+/scheme", r'is ".*", but must be .*'),
    (r"/expect/\d+/at", r"must select exactly one point.*|names .*, which is not swept.*"),
    (r"/sweep/\d+/paths?", r'".*" leads nowhere.*|".*" is swept twice'),
    # a unit that is not that of the field at the path
    (r"/sweep/\d+/(from|to|step)", r'is ".*", but its unit may be .*'),
    (r"/expect/\d+/at", r'at ".*" is ".*", but its unit may be .*'),
    (r"/sweep/\d+/step", r"must lead from .* to .*, but is (?!0(\.0)?$).*|makes .* values.*"),
    (r"/sweep/\d+/values", r"must be rows of .* values, one for each path.*"),
    # sizes that leave the range of double when they are multiplied
    (r"/.*", r"must be 0 or from .* in size to be calculated with, but is 1e\+300"),
    # a swept value that is wrong at its place
    (r"/.*", r".* \(at /.*\)"),
]

# Everything at the top level, and compute's conditional field.
EVERYTHING = {
    "$schema": "schema.json",
    "title": "everything",
    "seed": 7,
    "trials": 100,
    "iterations": 2,
    "workers": 4,
    "baseline": "second",
    "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10,
                "scaling": "data-dependent", "increment": 0.1, "redraw": "trial", "per": "data-set",
                "failure": {"probability": 0.1, "workers": [2]}},
    "network": {"model": "ideal"},
    "schemes": [{"scheme": "uncoded", "label": "first"}, {"scheme": "uncoded", "label": "second"}],
    "verify": {"trials": 3, "dimension": 5, "fields": ["real", "prime"]},
    "expect": [{"scheme": "first", "at": {}, "metric": "time", "value": 1, "within": 0.5, "source": "none"}],
}
CONSTANT = {
    "workers": 4,
    "compute": {"model": "constant", "time": 1, "scaling": "additive"},
    "schemes": [{"scheme": "uncoded"}],
    "expect": [],
}
SWEEPS = {
    "workers": 12,
    "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
    "schemes": [{"scheme": "gc", "load": 1, "label": "gc"}],
    "sweep": [
        {"path": "/compute/rate", "values": [5, 10]},
        {"path": "/compute/shift", "from": 0.3, "to": 0.1, "step": -0.1},
        {"paths": ["/schemes/0/load", "/schemes/0/clusters"], "values": [[1, 2], [2, 3]]},
    ],
    "expect": [
        {"scheme": "gc", "at": {"/compute/rate": 5, "/compute/shift": 0.2, "/schemes/0/load": 2},
         "metric": "messages", "value": 1, "source": "none"}
    ],
}


def without_comments(text):
    """JSON with // and /* */ comments blanked out; strings and line numbers stay as they are."""
    result, at = [], 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            end += 1
            result.append(text[at:end])
        elif text.startswith("//", at):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            end = len(text) if end < 0 else end + 2
            result.append(re.sub(r"[^\n]", " ", text[at:end]))
        else:
            end = at + 1
            result.append(text[at])
        at = end
    return "".join(result)


def read(path):
    return json.loads(without_comments(path.read_text(encoding="utf-8")))


def run(*words, cwd=None):
    return subprocess.run([str(PROGRAM), *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=120)


def pointer(path):
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def related(one, other):
    """One pointer leads to the other's value, or to something inside it."""
    return (one + "/").startswith(other + "/") or (other + "/").startswith(one + "/")


def reader_mistakes(configs):
    """For each configuration the reader's [(pointer, message)]; empty where it is accepted."""
    mistakes = [[] for _ in configs]
    with tempfile.TemporaryDirectory() as folder:
        files = pathlib.Path(folder) / "files"
        files.mkdir()
        # `verify` reads all files of a folder before it runs one; this one keeps it from running any.
        (files / "stop.json").write_text('{"expect": 0}')
        single = []
        for index, config in enumerate(configs):
            if isinstance(config, dict) and "expect" in config:
                (files / f"{index}.json").write_text(json.dumps(config))
            else:  # nothing `verify` would look at
                single.append(index)
        outputs = [run("verify", "files", cwd=folder)]
        if outputs[0].returncode != 2:
            raise AssertionError(f"exit code {outputs[0].returncode}, not 2: {outputs[0].stderr[-2000:]}")
        for index in single:
            (files / f"{index}.json").write_text(json.dumps(configs[index]))
            outputs.append(run("check", f"files/{index}.json", cwd=folder))
            if outputs[-1].returncode not in (0, 2):
                raise AssertionError(f"exit code {outputs[-1].returncode}: {outputs[-1].stderr}")
    for line in "".join(output.stderr for output in outputs).splitlines():
        found = re.fullmatch(r"files/(\w+)\.json#?([^: ]*): (.*)", line)
        if not found:
            raise AssertionError(f"not a mistake with its file and pointer: {line}")
        if found[1] != "stop":
            mistakes[int(found[1])].append((found[2], found[3]))
    return mistakes


def reasons(mistake):
    """Why a schema cannot know: indices into NOT_FOR_A_SCHEMA."""
    return {index for index, (where, words) in enumerate(NOT_FOR_A_SCHEMA)
            if re.fullmatch(where, mistake[0]) and re.fullmatch(words, mistake[1])}


def places(value, path=()):
    """The paths of a value and of everything in it."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from places(child, path + (key,))


def changed(config, path):
    """Copies of a configuration with one thing changed at a place: its value, its name, what is in it."""

    def copied():
        result = copy.deepcopy(config)
        holder = result
        for part in path[:-1]:
            holder = holder[part]
        return result, holder

    values = ["text", "", "two\nlines", "/a/b", "2 ms", "3 1/s", "10 Gbit/s", True, None, [], {}, -1, 0, 0.5, 1, 2.0, 4, 100, 1e300]
    if not path:
        for value in values:
            yield value
        yield {**config, "surprise": 1}
        return
    result, holder = copied()
    original = holder[path[-1]]
    del holder[path[-1]]
    yield result
    if isinstance(path[-1], str):
        result, holder = copied()
        holder[path[-1] + "s"] = holder.pop(path[-1])
        yield result
    for value in values:
        if type(value) is type(original) and value == original:
            continue
        result, holder = copied()
        holder[path[-1]] = value
        yield result
    result, holder = copied()
    if isinstance(original, dict):
        holder[path[-1]]["surprise"] = 1
        yield result
    elif isinstance(original, list):
        holder[path[-1]].append(None)
        yield result
        if original:
            result, holder = copied()
            holder[path[-1]].append(original[0])
            yield result


class SchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = read(SCHEMA_FILE)
        cls.validator = jsonschema.Draft7Validator(cls.schema)
        cls.smoke = sorted((SOURCE / "configs/smoke").glob("*.json"), key=lambda file: file.stem)
        cls.models = sorted((SOURCE / "configs/models").glob("*.json"), key=lambda file: file.stem)

    def schema_errors(self, config):
        return [(pointer(error.absolute_path), error.message) for error in self.validator.iter_errors(config)]

    def test_the_schema_is_valid_draft_07(self):
        self.assertEqual(self.schema["$schema"], "http://json-schema.org/draft-07/schema#")
        jsonschema.Draft7Validator.check_schema(self.schema)

    def test_every_example_is_right_for_both(self):
        files = [file for folder in ("configs", "experiments") for file in sorted((SOURCE / folder).rglob("*.json"))
                 if file != SCHEMA_FILE and "claims" not in read(file)]  # claims are no configuration
        self.assertGreater(len(files), len(self.smoke))
        for file in files:
            with self.subTest(file=str(file.relative_to(SOURCE))):
                config = read(file)
                self.assertEqual(self.schema_errors(config), [])
                self.assertEqual(run("check", file).stderr, "")
                self.assertEqual((file.parent / config["$schema"]).resolve(), SCHEMA_FILE)

    def test_every_wrong_file_is_wrong_for_both_and_at_the_same_place(self):
        files = sorted((SOURCE / "tests/configs/wrong").glob("*.json"))
        self.assertGreater(len(files), 20)
        for file in files:
            with self.subTest(file=file.name):
                found = run("check", file.name, cwd=file.parent)
                self.assertEqual(found.returncode, 2)
                where = re.match(r"[^#]*#([^: ]*): ", found.stderr)[1]
                errors = self.schema_errors(read(file))
                self.assertTrue(any(related(where, path) for path, _ in errors), (found.stderr, errors))

    def test_whatever_is_changed_in_an_example_both_find_it(self):
        bases = [(EVERYTHING, ""), (CONSTANT, ""), (SWEEPS, "/sweep"), (SWEEPS, "/expect")]
        for file in self.smoke:
            bases.append(({**read(file), "expect": []}, "/schemes"))
        for file in self.models:
            bases.append(({**self.runnable(file), "expect": []}, "/compute"))
        configs, met = [], set()
        for base, within in bases:
            for path in places(base):
                if pointer(path).startswith(within):
                    configs += changed(base, path)
        for config, mistakes in zip(configs, reader_mistakes(configs)):
            errors = self.schema_errors(config)
            shown = (json.dumps(config), mistakes, errors)
            if not mistakes:
                self.assertEqual(errors, [], shown)
            structural = [mistake for mistake in mistakes if not reasons(mistake)]
            if structural:
                self.assertTrue(any(related(where, path) for where, _ in structural for path, _ in errors), shown)
            met.update(*map(reasons, mistakes))
        self.assertEqual(met, set(range(len(NOT_FOR_A_SCHEMA))))

    def test_the_schema_lists_the_plug_ins_there_are(self):
        definitions = self.schema["definitions"]

        def listed(kind):
            return sorted(line.split()[0] for line in run("list", kind).stdout.splitlines()[1:])

        def known(name, field):
            return sorted(definitions[name]["properties"][field]["enum"])

        self.assertEqual(known("scheme", "scheme"), listed("schemes"))
        self.assertEqual(known("compute-model", "model"), listed("compute"))
        self.assertEqual(known("network", "model"), listed("networks"))
        # Lagrange's code comes with its scheme; no field names it.
        self.assertEqual(sorted(definitions["gradient-code"]["enum"] + ["lagrange"]), listed("codes"))
        self.assertEqual([file.stem for file in self.smoke], listed("schemes"))
        self.assertEqual([file.stem for file in self.models], listed("compute"))

    def test_the_schema_states_the_defaults_the_reader_fills_in(self):
        minimal = {"workers": 1, "compute": {"model": "constant", "time": 1}, "schemes": [{"scheme": "uncoded"}]}
        in_words = {"label", "baseline"}  # and verify.trials; their descriptions say what they depend on
        checked = set()
        for given in [minimal, *map(read, self.smoke), *map(self.runnable, self.models)]:
            with tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "given.json").write_text(json.dumps(given))
                found = run("run", "given.json", "--out", "out", cwd=folder)
                self.assertEqual(found.returncode, 0, found.stderr)
                resolved = read(pathlib.Path(folder) / "out/config.json")
            self.assertEqual(self.schema_errors(resolved), [])
            for path in places(resolved):
                before, name = self.at(given, path), path[-1] if path else ""
                if before is not None or name in in_words or path == ("verify", "trials") or isinstance(name, int):
                    continue
                if self.at(resolved, path[:-1]) is None or not isinstance(name, str):
                    continue
                stated = [rule["default"] for rule in self.rules(resolved, path) if "default" in rule]
                if isinstance(self.at(resolved, path), dict) and not stated:
                    continue  # its fields have defaults of their own
                self.assertIn(self.at(resolved, path), stated, pointer(path))
                checked.add(name)
        self.assertLessEqual({"title", "seed", "trials", "iterations", "scaling", "redraw", "per", "shift", "model", "dimension", "fields",
                              "clusters", "code", "hybrid", "tolerance"}, checked)

    @staticmethod
    def runnable(file):
        """The configuration of an example, to be run from another folder: its data file is named in full."""
        config = read(file)
        if "file" in config["compute"]:
            config["compute"]["file"] = str(file.parent / config["compute"]["file"])
        return config

    @staticmethod
    def at(value, path):
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError):
                return None
        return value

    def rules(self, config, path):
        """The parts of the schema that speak of the value at a path."""
        rules = list(self.parts(self.schema, config))
        for depth, part in enumerate(path):
            value = self.at(config, path[: depth + 1])
            inner = []
            for rule in rules:
                if isinstance(part, str) and part in rule.get("properties", {}):
                    inner += self.parts(rule["properties"][part], value)
                elif isinstance(part, int) and "items" in rule:
                    inner += self.parts(rule["items"], value)
            rules = inner
        return rules

    def parts(self, rule, value):
        """A rule and all it includes that apply to this value."""
        if not isinstance(rule, dict):
            return
        if "$ref" in rule:
            rule = self.schema["definitions"][rule["$ref"].rsplit("/", 1)[1]]
        yield rule
        for part in rule.get("allOf", []):
            yield from self.parts(part, value)
        if "if" in rule:
            met = jsonschema.Draft7Validator(rule["if"]).is_valid(value)
            yield from self.parts(rule.get("then" if met else "else", True), value)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
