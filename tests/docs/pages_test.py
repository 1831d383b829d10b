"""The pages for readers agree with what they speak of: what is generated is up to date, every relative link and anchor
leads somewhere, and the columns of result files are those that are described.

usage: pages_test.py PROGRAM SOURCE_DIR
"""

import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
SOURCE = pathlib.Path(sys.argv[2]).resolve()
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "docs"))

import generate  # noqa: E402  (found by the path above)

PAGES = [SOURCE / "README.md", SOURCE / "sim/README.md", *sorted((SOURCE / "docs").glob("*.md")),
         *sorted((SOURCE / "experiments").glob("*/README.md"))]


def without_code(text):
    """A page without its fenced blocks and inline code, in which brackets mean something else."""
    return re.sub(r"`[^`\n]*`", "`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(path):
    """The anchors GitHub gives the headings of a page."""
    found = []
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        earlier = sum(re.fullmatch(re.escape(anchor) + r"(-\d+)?", one) is not None for one in found)
        found.append(f"{anchor}-{earlier}" if earlier else anchor)
    return found


def listed_columns(file):
    """The names `straggle list columns` gives for a result file."""
    told = subprocess.run([PROGRAM, "list", "columns"], check=True, capture_output=True, text=True).stdout
    section = re.search(rf"^{re.escape(file)}\n((?:  .*\n)+)", told, re.MULTILINE)[1]
    return [line.split()[0] for line in section.splitlines()]


def header(path):
    """The names of the columns a result file has; those of swept pointers as one /POINTER each."""
    with path.open(newline="") as file:
        names = next(csv.reader(line for line in file if not line.startswith("#")))
    return ["/POINTER" if name.startswith("/") else name for name in names]


class PagesTest(unittest.TestCase):
    def assert_up_to_date(self, written):
        for name, content in written.items():
            path = SOURCE / "docs" / name
            self.assertTrue(path.exists() and path.read_bytes() == content,
                            f"docs/{name} is out of date: run ./dev docs")

    def test_the_schema_is_what_the_program_says(self):
        self.assertEqual((SOURCE / "configs/schema.json").read_text(encoding="utf-8"), generate.schema(str(PROGRAM)),
                         "configs/schema.json is out of date: run ./dev docs")

    def test_the_generated_pages_are_up_to_date(self):
        pages = generate.pages(str(PROGRAM))
        self.assertIn("configuration.md", pages)
        self.assert_up_to_date(pages)

    def test_the_timelines_are_up_to_date(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assert_up_to_date(generate.timelines(str(PROGRAM), folder))

    def test_figure_1_is_up_to_date(self):
        drawer = subprocess.run(["/usr/bin/python3", "-c", "import matplotlib; print(matplotlib.__version__)"],
                                capture_output=True, text=True)
        if drawer.stdout.split(".")[:2] != ["3", "6"]:
            self.skipTest("Debian 12's matplotlib, which draws the same bytes everywhere, is not installed")
        with tempfile.TemporaryDirectory() as folder:
            self.assert_up_to_date(generate.figure1(str(PROGRAM), folder))

    def test_every_scheme_and_model_has_its_sections_and_every_scheme_is_in_the_comparison(self):
        found = anchors(SOURCE / "docs/configuration.md")
        schemes = anchors(SOURCE / "docs/schemes.md")
        definitions = json.loads((SOURCE / "configs/schema.json").read_text())["definitions"]
        for definition, field in (("scheme", "scheme"), ("compute-model", "model"), ("network", "model")):
            for name in definitions[definition]["properties"][field]["enum"]:
                self.assertIn(name, found)
                if field == "scheme":
                    self.assertIn(name, schemes)
        compared = generate.read("configs/schemes.json")["schemes"]
        names = definitions["scheme"]["properties"]["scheme"]["enum"]
        self.assertEqual([(scheme["scheme"], scheme["label"]) for scheme in compared], [(name, name) for name in names])

    def test_every_claim_of_a_paper_is_another_sentence_and_its_test_is_there(self):
        claims = generate.read("experiments/claims.json")["claims"]
        sentences = [re.sub(r"\W+", " ", claim["claim"]).lower() for claim in claims]
        self.assertGreaterEqual(len(set(sentences)), 40)
        self.assertEqual(len(set(sentences)), len(sentences))
        sources = "".join(path.read_text() for path in (SOURCE / "tests").rglob("*_test.cpp"))
        titles = {"".join(re.findall(r'"([^"\n]*)"', title)) for title in re.findall(
            r'TEST_CASE\(\s*((?:"[^"\n]*"\s*)+)', sources)}
        for claim in claims:
            if "test" in claim:
                self.assertIn(claim["test"], titles)

    def test_every_relative_link_leads_somewhere(self):
        checked = 0
        for page in PAGES:
            text = without_code(page.read_text())
            for target in re.findall(r"\]\(([^)\s]+)\)|<img [^>]*src=\"([^\"]+)\"", text):
                target = target[0] or target[1]
                if re.match(r"[a-z]+:", target):
                    continue
                file, _, anchor = target.partition("#")
                path = (page.parent / file).resolve() if file else page
                with self.subTest(page=str(page.relative_to(SOURCE)), link=target):
                    self.assertTrue(path.exists(), "there is no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(path))
                checked += 1
        self.assertGreater(checked, 50)

    def test_the_columns_of_result_files_are_the_listed_ones(self):
        config = {"workers": 2, "trials": 2, "compute": {"model": "constant", "time": 1},
                  "schemes": [{"scheme": "uncoded"}],
                  "sweep": [{"path": "/compute/time", "values": [1, 2]}, {"path": "/seed", "values": [1, 2]}]}
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out"
            precise = {**config, "precision": {"relative": 1, "most": 1024}}
            del precise["trials"]
            (pathlib.Path(folder) / "two.json").write_text(json.dumps(config))
            (pathlib.Path(folder) / "precise.json").write_text(json.dumps(precise))
            for name, options, left_out in (
                    ("precise", ["--critical-path", "--quantiles", "wasted"], ("never",)),
                    ("precise", ["--fresh"], ("critical_", "TALLY")),
                    ("two", ["--critical-path", "--fresh"], ("precision", "TALLY")),
                    ("two", ["--fresh"], ("critical_", "precision", "TALLY"))):
                subprocess.run([PROGRAM, "run", f"{name}.json", "--out", "out", "--samples", *options], cwd=folder,
                               check=True, capture_output=True)
                for file in ("results.csv", "samples.csv"):
                    names = [re.sub(r"^wasted_p(?=\d)", "TALLY_p", name) for name in header(out / file)]
                    self.assertEqual(names.count("/POINTER"), 2)
                    names.remove("/POINTER")
                    self.assertEqual(names, [name for name in listed_columns(file) if not name.startswith(left_out)])

    def test_the_schema_and_the_program_describe_metrics_with_the_same_words(self):
        metric = generate.DEFINITIONS["expectation"]["properties"]["metric"]
        told = subprocess.run([PROGRAM, "list", "columns"], check=True, capture_output=True, text=True).stdout
        means = re.findall(r"^  (\w+)_mean +\S+ +(.*)$", told.split("samples.csv\n")[0], re.MULTILINE)
        expected = [(name, words) for name, words in means if not name.startswith("critical_")]
        described = list(zip(metric["enum"], metric["enumDescriptions"], strict=True))
        self.assertEqual(described[:len(expected)], expected)
        for name, _ in described[len(expected):]:  # quantiles, which are no means
            self.assertIn(f"time_{name}", listed_columns("results.csv"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
