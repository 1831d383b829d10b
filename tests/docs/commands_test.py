"""The commands that the pages show, and those that `straggle COMMAND --help` gives as examples, are run as they
stand, in a copy of the tree: each ends with exit code 0 and prints something. Lines that begin with straggle,
build/straggle or plots/ are run, those of a page one after another in the same folder, so that a later one finds
the files of an earlier one. Lines with ./dev would build and test everything: they are held against `./dev help`
instead.

In the copy the configurations have fewer trials, and their expectations accept any number, so that it takes
seconds; what numbers come out is for the other tests to say.

usage: commands_test.py PROGRAM SOURCE_DIR PROGRAM_WITH_THE_EXAMPLE_SCHEME
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
SOURCE = pathlib.Path(sys.argv[2]).resolve()
WITH_EXAMPLE = pathlib.Path(sys.argv[3]).resolve()
PYTHON = "/usr/bin/python3"  # Debian's, for which Debian's matplotlib is installed

PAGES = ["README.md", "sim/README.md", *sorted(str(path.relative_to(SOURCE)) for pattern in (
    "docs/*.md", "experiments/*/README.md") for path in SOURCE.glob(pattern))]
PLOTS = r"(python3 )?plots/"
HAS_MATPLOTLIB = subprocess.run([PYTHON, "-c", "import matplotlib"], capture_output=True).returncode == 0


def commands(page):
    """The lines of a page's fenced blocks that are commands; blocks of bash are scripts of several machines, which
    tests/commands/campaigns_test.py runs."""
    blocks = re.findall(r"^```(?!bash)\w*\n(.*?)^```", (SOURCE / page).read_text(), re.DOTALL | re.MULTILINE)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    if page == "docs/claims.md":  # the commands of its tables, each once
        cells = re.findall(r"`(build/straggle run .*?)`", (SOURCE / page).read_text())
        lines += [line.replace("\\|", "|") for line in dict.fromkeys(cells)]
    return [line for line in lines if re.match(rf"(straggle|build/straggle|\./dev) |{PLOTS}", line)]


def cheaper(config):
    """A configuration with so few trials that it takes no time, which expects nothing in particular. Of claims the
    first one, which comes out whatever the trials."""
    if "claims" in config:
        return {**config, "claims": config["claims"][:1]}
    workers = [config["workers"]]
    for axis in config.get("sweep", []):
        if axis.get("path") == "/workers":
            workers += axis.get("values") or [axis["from"], axis["to"]]
        elif "/workers" in axis.get("paths", []):
            workers += [row[axis["paths"].index("/workers")] for row in axis["values"]]
    # Enough that where only 1.5 % of the trials of 40 workers complete (experiments/protocol) one of them does.
    most = max(2, 16000 // max(workers))
    config["trials"] = min(config.get("trials", 10000), most)
    verified = config.setdefault("verify", {})
    verified["trials"] = min(verified.get("trials", 100 if max(workers) <= 1000 else 0), 2)
    for expected in config.get("expect", []):
        expected["within"] = 1e9
    return config


class CommandsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = pathlib.Path(self.folder.name) / "tree"
        unwanted = shutil.ignore_patterns("__pycache__", "node_modules")
        for folder in ("configs", "docs", "experiments", "plots"):
            shutil.copytree(SOURCE / folder, self.tree / folder, ignore=unwanted)
        for path in [*self.tree.glob("configs/**/*.json"), *self.tree.glob("experiments/**/*.json")]:
            if path.name != "schema.json":
                config = json.loads(re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.MULTILINE))
                path.write_text(json.dumps(cheaper(config)))
        self.bin = pathlib.Path(self.folder.name) / "bin"
        self.bin.mkdir()
        (self.bin / "python3").symlink_to(PYTHON)

    def use(self, program):
        (self.tree / "build").mkdir()
        (self.tree / "build/straggle").symlink_to(program)
        (self.bin / "straggle").symlink_to(program)

    def run_command(self, line):
        environment = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", "MPLBACKEND": "agg",
                       "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(["bash", "-c", line], cwd=self.tree, env=environment, capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        self.assertTrue(done.stdout or done.stderr, f"{line}: says nothing")

    def run_page(self, page):
        dev_help = subprocess.run([SOURCE / "dev", "help"], check=True, capture_output=True, text=True).stdout
        skipped = []
        for line in commands(page):
            if line.startswith("./dev "):
                self.assertIn(line.split()[1], re.findall(r"^  (\w+)", dev_help, re.MULTILINE), line)
            elif re.match(PLOTS, line) and not HAS_MATPLOTLIB:
                skipped.append(line)
            else:
                self.run_command(line)
        if skipped:
            print(f"{page}: not run, as matplotlib is not installed: {'; '.join(skipped)}")

    def test_the_examples_of_the_help_run(self):
        self.use(PROGRAM)
        told = subprocess.run([PROGRAM, "--help"], check=True, capture_output=True, text=True).stdout
        names = re.findall(r"^  (\w+) .*", told, re.MULTILINE)
        self.assertIn("run", names)
        for words in ([], *([name] for name in names)):
            told = subprocess.run([PROGRAM, *words, "--help"], check=True, capture_output=True, text=True).stdout
            examples = re.findall(r"^example: (straggle .*)$", told, re.MULTILINE)
            self.assertTrue(examples, f"straggle {' '.join(words)} --help has no example")
            for line in examples:
                self.run_command(line)


def add_page(page):
    def test(self):
        self.use(WITH_EXAMPLE if page == "docs/compare.md" else PROGRAM)
        self.run_page(page)

    setattr(CommandsTest, "test_the_commands_of_" + re.sub(r"\W+", "_", page), test)


for one in PAGES:
    if commands(one):
        add_page(one)

class ExampleTest(unittest.TestCase):
    def test_the_schema_and_the_list_of_the_program_with_the_example_know_it(self):
        def told(*words):
            return subprocess.run([WITH_EXAMPLE, "list", *words], check=True, capture_output=True, text=True).stdout

        schema = json.loads(told("schema"))
        schemes = schema["definitions"]["scheme"]["properties"]["scheme"]["enum"]
        self.assertEqual(schemes[-1], "zigzag")
        self.assertRegex(told("schemes"), r"zigzag +Uncoded, sent at once; .*; load\n")
        mine = next(rule["then"] for rule in schema["definitions"]["scheme"]["allOf"]
                    if rule["if"]["properties"]["scheme"]["const"] == "zigzag")
        self.assertEqual(mine["required"], ["load"])
        self.assertFalse(mine["additionalProperties"])


if __name__ == "__main__":
    assert sum(len(commands(page)) for page in PAGES) > 20, "commands are not found any more"
    unittest.main(argv=sys.argv[:1])
