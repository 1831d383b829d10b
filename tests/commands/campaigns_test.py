"""One run in many ways: at once, stopped and gone on with, killed, extended, in shards that are joined, and as the
scripts of docs/campaigns.md for clusters do it. All end with the same rows.

usage: campaigns_test.py PROGRAM SOURCE_DIR [--slow]

--slow: whole processes killed at 200 random instants, and going on from journals cut at every record.
"""

import csv
import fcntl
import os
import pathlib
import pty
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

SLOW = "--slow" in sys.argv
PROGRAM = pathlib.Path(sys.argv[1]).resolve()
SOURCE = pathlib.Path(sys.argv[2]).resolve()
MPI = PROGRAM.parent / "straggle-mpi"
FIGURE1 = "experiments/gc-mmc/figure1.json"
TRIALS = "6000"


def rows(folder, name="results.csv"):
    """A results file without what may differ: the version, the command, and the digest that has the version in it."""
    lines = (folder / name).read_text().splitlines()
    return [line for line in lines if not re.match(r"# (command|version|end):", line)]


def children_of(parent):
    """The processes that a process has started."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == parent:
            found.append(int(stat.parent.name))
    return found


class Campaign(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        shutil.copytree(SOURCE / "experiments", cls.folder / "experiments")
        (cls.folder / "straggle").symlink_to(PROGRAM)
        cls.environment = {**os.environ, "PATH": f"{cls.folder}:{os.environ['PATH']}"}
        cls.straggle("run", FIGURE1, "--trials", TRIALS, "--threads", "1", "--samples", "--out", "whole")
        cls.whole, cls.samples = rows(cls.folder / "whole"), rows(cls.folder / "whole", "samples.csv")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def straggle(cls, *words, code=0):
        process = subprocess.run([PROGRAM, *words], cwd=cls.folder, env=cls.environment, capture_output=True, text=True)
        assert process.returncode == code, f"{words}: {process.returncode}: {process.stderr}"
        return process.stderr

    def run_of(self, out, *more):
        return ["run", FIGURE1, "--trials", TRIALS, "--out", out, *more]

    def stopped(self, words, how, after):
        """Starts a run, sends it a signal when its journal has so many bytes, and returns its exit code."""
        journal = self.folder / words[words.index("--out") + 1] / "journal"
        process = subprocess.Popen([PROGRAM, *words], cwd=self.folder, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while process.poll() is None and not (journal.exists() and journal.stat().st_size >= after):
            time.sleep(0.002)
        process.send_signal(how)
        return process.wait()

    def test_whatever_the_threads(self):
        self.straggle(*self.run_of("threads", "--threads", "3"))
        self.assertEqual(rows(self.folder / "threads"), self.whole)

    def test_stopped_and_gone_on_with(self):
        for how, code in (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9):
            out = f"stopped-{how}"
            words = self.run_of(out, "--samples")
            size = 0
            for _ in range(3):
                # Before it is ready to be stopped a signal ends it as any process.
                self.assertIn(self.stopped(words, how, size + 1), (0, code, -how))
                size = (self.folder / out / "journal").stat().st_size
            self.straggle(*words)
            self.assertEqual(rows(self.folder / out), self.whole)
            self.assertEqual(rows(self.folder / out, "samples.csv"), self.samples)
            before = (self.folder / out / "journal").read_bytes()
            self.assertIn("nothing to compute", self.straggle(*words))
            self.assertEqual((self.folder / out / "journal").read_bytes(), before)

    def test_extended(self):
        self.straggle("run", FIGURE1, "--trials", "3000", "--out", "extended")
        self.assertIn("going on: 2048 of 6000", self.straggle(*self.run_of("extended")))
        self.assertEqual(rows(self.folder / "extended"), self.whole)

    def test_samples_that_were_not_kept_are_run_again(self):
        self.straggle(*self.run_of("kept"))
        self.assertNotIn("nothing to compute", self.straggle(*self.run_of("kept", "--samples")))
        self.assertEqual(rows(self.folder / "kept", "samples.csv"), self.samples)

    def test_quantiles_counted_in_a_histogram(self):
        counted = ["--histogram", "--quantiles", "work,messages"]
        self.straggle(*self.run_of("counted", "--threads", "1", *counted))
        whole = rows(self.folder / "counted")
        self.stopped(self.run_of("counted-again", *counted), signal.SIGKILL, 1)
        if not (self.folder / "counted-again/results.csv").exists():
            said = self.straggle(*self.run_of("counted-again"), code=2)
            self.assertIn("--histogram: given there, not here", said)
            self.assertIn("--quantiles: messages,work there, none here", said)
        self.straggle(*self.run_of("counted-again", *counted))
        self.assertEqual(rows(self.folder / "counted-again"), whole)
        parts = []
        for k in range(1, 3):
            parts.append(f"counted-{k}")
            self.straggle(*self.run_of(parts[-1], "--shard", f"{k}/2", *counted))
        self.straggle("join", *parts, "--out", "counted-joined")
        self.assertEqual(rows(self.folder / "counted-joined"), whole)
        self.assertLess((self.folder / "counted/journal").stat().st_size,
                        (self.folder / "whole/journal").stat().st_size / 3)
        found, exact = (list(csv.DictReader(line for line in lines if not line.startswith("#")))
                        for lines in (whole, self.whole))
        self.assertEqual([name for name in found[0] if name not in exact[0]],
                         [f"{tally}_p{share}{end}" for tally in ("messages", "work") for share in (50, 95, 99)
                          for end in ("", "_low", "_high")])
        for counted_row, row in zip(found, exact, strict=True):
            for name, value in row.items():
                if re.match(r"time_p\d+", name):
                    self.assertAlmostEqual(float(counted_row[name]), float(value), delta=float(value) / 128)
                else:
                    self.assertEqual(counted_row[name], value)
        for words, why in ((["--quantiles", "mesages"], '"mesages" must be .* \\(did you mean "messages"\\?\\)'),
                           (["--quantiles", ""], '"" must be "messages"'),
                           (["--quantiles", "work,,messages"], '"" must be "messages"')):
            self.assertRegex(self.straggle(*self.run_of("no", *words), code=2), why)

    def test_watched_on_a_terminal_the_table_grows(self):
        there, here = pty.openpty()
        fcntl.ioctl(here, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 70, 0, 0))
        process = subprocess.Popen([PROGRAM, "run", "experiments/gc-mmc/load.json", "--trials", "40000", "--threads",
                                    "1", "--out", "watched"], cwd=self.folder, stdout=subprocess.PIPE, stderr=here)
        os.close(here)
        shown = b""
        try:
            while chunk := os.read(there, 65536):
                shown += chunk
        except OSError:  # the process has ended
            pass
        os.close(there)
        table = process.communicate()[0].decode()
        self.assertEqual(process.returncode, 0)
        pictures = shown.decode().replace("\r\n", "\n").split("\x1b[J")
        self.assertIn("scheme", table)
        grown = [picture.count("\n") for picture in pictures[:-1]]
        self.assertGreater(len(set(grown)), 1)  # rows came while it ran
        for picture in pictures[:-1]:  # each fits
            lines = picture.rsplit("\r", 1)[0].split("\n")
            self.assertLessEqual(len(lines), 12)
            for line in lines:
                self.assertLessEqual(len(line), 70)
        self.assertRegex(pictures[-1], r"^results: watched/results.csv\n$")  # nothing of it stays

    def test_shards_joined(self):
        parts = []
        for k in range(1, 4):
            parts.append(f"part-{k}")
            words = self.run_of(parts[-1], "--samples", "--shard", f"{k}/3")
            self.stopped(words, signal.SIGKILL, 1)
            self.straggle(*words)
            self.assertFalse((self.folder / parts[-1] / "results.csv").exists())
        self.straggle("join", *reversed(parts), "--out", "joined")
        self.assertEqual(rows(self.folder / "joined"), self.whole)
        self.assertEqual(rows(self.folder / "joined", "samples.csv"), self.samples)
        for words, why in ((["part-1", "part-3"], "2 blocks of trials are in none of them, the first trials 1024"),
                           (["part-1", "part-1"], "is named twice"),
                           (["part-1", "whole"], "both have the trials 0 to 1023 of point 0"),
                           (["part-1", "nothing"], "nothing: has no journal of a run")):
            self.assertIn(why, self.straggle("join", *words, "--out", "no", code=2))
        self.assertFalse((self.folder / "no").exists())
        self.straggle("run", FIGURE1, "--trials", TRIALS, "--seed", "2", "--shard", "2/3", "--out", "other")
        self.assertIn("/seed: 2 there, 1 here", self.straggle("join", "part-1", "other", "--out", "no", code=2))

    def test_shards_that_were_extended(self):
        load = "experiments/gc-mmc/load.json"  # several points: another number of trials numbers blocks anew
        parts = ["more-1", "more-2"]
        for trials in "1500", "3500":
            for k, part in enumerate(parts, 1):
                self.straggle("run", load, "--trials", trials, "--shard", f"{k}/2", "--out", part)
        self.straggle("join", *parts, "--out", "more")
        self.straggle("run", load, "--trials", "3500", "--out", "more-at-once")
        self.assertEqual(rows(self.folder / "more"), rows(self.folder / "more-at-once"))

    def test_what_is_whole_is_not_replaced(self):
        parts = ["own-1", "own-2"]
        for k, part in enumerate(parts, 1):
            self.straggle(*self.run_of(part, "--shard", f"{k}/2"))
        journal = (self.folder / "own-1/journal").read_bytes()
        for words, why in ((self.run_of("own-1", "--shard", "2/2"), "is of shard 1/2 of this run, not of shard 2/2"),
                           (self.run_of("own-1"), "is of shard 1/2 of this run, not of a whole run"),
                           (["join", *parts, "--out", "own-1"], "is the folder of a shard"),
                           (["join", *parts, "--out", "own-1", "--fresh"], "is the folder of a shard"),
                           (self.run_of("whole", "--shard", "1/2"), "has the results of a run")):
            self.assertIn(why, self.straggle(*words, code=2))
        self.assertEqual((self.folder / "own-1/journal").read_bytes(), journal)
        # Another run replaces one that has ended, and says what differs.
        said = self.straggle(*self.run_of("own-2", "--shard", "2/2", "--seed", "7"))
        self.assertIn("is of another run, and is replaced when this one has ended", said)
        self.assertIn("/seed: 1 there, 7 here", said)

    def test_joined_are_shards_of_the_data_there_are(self):
        data = self.folder / "measured"
        data.mkdir()
        (data / "seconds.csv").write_text("seconds\n1\n2\n4\n")
        (data / "e.json").write_text('{"workers": 4, "trials": 3000, "schemes": [{"scheme": "uncoded"}], "verify": {"trials": 0},'
                                     ' "compute": {"model": "empirical", "file": "seconds.csv"}}')
        for k in 1, 2:
            self.straggle("run", "measured/e.json", "--shard", f"{k}/2", "--out", f"measured/{k}",
                          *(["--samples"] if k == 1 else []))
        said = self.straggle("join", "measured/1", "measured/2", "--out", "measured/all", code=2)
        self.assertIn("measured/2: has no samples of the trials 1024 to 2047 of point 0", said)
        self.straggle("run", "measured/e.json", "--shard", "2/2", "--out", "measured/2", "--samples")
        with open(data / "seconds.csv", "a") as table:
            table.write("8\n")
        for words in ["join", "measured/1", "measured/2", "--out", "measured/all"], ["status", "measured/1"]:
            self.assertRegex(self.straggle(*words, code=2), "is of other data.*\n  /compute/file: ")
        (data / "seconds.csv").write_text("seconds\n1\n2\n4\n")
        self.straggle("join", "measured/1", "measured/2", "--out", "measured/all")
        self.assertTrue((data / "all/samples.csv").exists())

    def test_damage_is_told_until_it_is_mended(self):
        self.straggle(*self.run_of("damaged"))
        journal = self.folder / "damaged/journal"
        flipped = bytearray(journal.read_bytes())
        flipped[len(flipped) // 2] ^= 1
        journal.write_bytes(flipped)
        said = self.straggle("status", "damaged")
        self.assertIn("1 record is damaged", said)
        self.assertNotIn("it has ended", said)
        self.assertIn("1 of its records is damaged", self.straggle(*self.run_of("damaged")))
        self.assertEqual(rows(self.folder / "damaged"), self.whole)
        for words in self.run_of("damaged"), ["status", "damaged"]:
            self.assertNotIn("is damaged", self.straggle(*words))

    def test_precision(self):
        words = ["run", "configs/precise.json", "--set", "/precision/most=4096"]
        shutil.copytree(SOURCE / "configs", self.folder / "configs")
        self.straggle(*words, "--out", "precise")
        self.assertIn("nothing to compute, unless another precision asks for more",
                      self.straggle(*words, "--out", "precise"))
        found = subprocess.run([PROGRAM, "status", "precise", "--format", "csv"], cwd=self.folder, capture_output=True,
                               text=True)
        self.assertIn("it has ended", found.stderr)
        self.assertEqual([line for line in found.stdout.splitlines() if not line.startswith("#")],
                         [line for line in rows(self.folder / "precise") if not line.startswith("#")])
        self.assertIn("asks for a precision, which has no shards",
                      self.straggle("join", "precise", "--out", "no", code=2))
        # However far it may go, nothing is walked through beforehand.
        begin = time.monotonic()
        self.straggle("run", "configs/precise.json", "--histogram", "--set", "/precision/most=1000000000000", "--set",
                      "/precision/relative=0.1", "--out", "far")
        self.assertLess(time.monotonic() - begin, 30)
        said = self.straggle("run", "configs/precise.json", "--set", "/precision/most=1000000000000", "--out", "no",
                             code=2)
        self.assertRegex(said, "#/precision/most: .* lower it, or run it with --histogram")

    def test_status(self):
        out = "status"
        self.stopped(self.run_of(out), signal.SIGKILL, 1)
        said = self.straggle("status", out)
        self.assertRegex(said, rf"status: \d+ of {TRIALS} trials")
        goes_on = re.search(r"it was stopped, and goes on with straggle (.*)\n", said)
        part = subprocess.run([PROGRAM, "status", out, "--format", "csv"], cwd=self.folder, capture_output=True, text=True)
        self.assertRegex(part.stdout, r"# interrupted: 0 of 1 points? (is|are) finished\n$")
        self.straggle(*goes_on[1].split())
        self.assertEqual(rows(self.folder / out), self.whole)
        self.straggle("run", FIGURE1, "--trials", TRIALS, "--shard", "30/40", "--out", "none")
        self.assertIn("no trials are its own", self.straggle("status", "none"))
        self.straggle(*self.run_of(out))
        self.assertIn(f"{TRIALS} of {TRIALS} trials (100 %), 1 of 1 points; it has ended", self.straggle("status", out))

    @unittest.skipUnless(MPI.exists() and shutil.which("mpirun"), "there is no MPI")
    def test_the_processes_of_an_mpi_job(self):
        def mpirun(ranks, out, *more):
            return ["mpirun", "--oversubscribe", "-n", str(ranks), str(MPI), *self.run_of(out, "--threads", "1", *more)]

        environment = {**self.environment, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        for ranks in 2, 3, 5:
            done = subprocess.run(mpirun(ranks, f"mpi-{ranks}", "--samples"), cwd=self.folder, env=environment,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(rows(self.folder / f"mpi-{ranks}"), self.whole)
            self.assertEqual(rows(self.folder / f"mpi-{ranks}", "samples.csv"), self.samples)
        # A rank that is killed ends the run, and the journal goes on.
        process = subprocess.Popen(mpirun(3, "killed", "--trials", "200000"), cwd=self.folder, env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        journal = self.folder / "killed/journal"
        while process.poll() is None and not (journal.exists() and journal.stat().st_size > 100000):
            time.sleep(0.01)
        os.kill(max(children_of(process.pid)), signal.SIGKILL)
        said = process.communicate()[1]
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("exited on signal 9", said)
        self.assertFalse((self.folder / "killed/results.csv").exists())
        self.assertIn("going on", self.straggle(*self.run_of("killed")))
        self.assertEqual(rows(self.folder / "killed"), self.whole)
        wrong = subprocess.run(["mpirun", "--oversubscribe", "-n", "2", str(MPI), "run", "nothing.json"], cwd=self.folder,
                               env=environment, capture_output=True, text=True)
        self.assertEqual(wrong.stderr.count("nothing.json"), 1)
        self.assertNotEqual(wrong.returncode, 0)

    def test_scripts_for_clusters(self):
        page = (SOURCE / "docs/campaigns.md").read_text()
        scripts = [block for block in re.findall(r"^```bash\n(.*?)^```", page, re.DOTALL | re.MULTILINE)]
        slurm = next(block for block in scripts if "#SBATCH" in block)
        first, last = map(int, re.search(r"--array=(\d+)-(\d+)", slurm).groups())
        for task in range(first, last + 1):
            subprocess.run(["bash", "-euc", slurm], cwd=self.folder, check=True, capture_output=True,
                           env={**self.environment, "SLURM_ARRAY_TASK_ID": str(task)})
        parallel = next(block for block in scripts if block.startswith("parallel "))
        command, ends = re.fullmatch(r"parallel '(.*)' ::: \{(\d+\.\.\d+)\}\n", parallel).groups()
        start, stop = map(int, ends.split(".."))
        for task in range(start, stop + 1):
            subprocess.run(["bash", "-euc", command.replace("{}", str(task))], cwd=self.folder, check=True,
                           capture_output=True, env=self.environment)
        joins = [block for block in scripts if block.startswith("straggle join")]
        self.assertEqual(len(joins), 2)
        for join in joins:
            subprocess.run(["bash", "-euc", join], cwd=self.folder, check=True, capture_output=True, env=self.environment)
            out = re.search(r"--out (\S+)", join).group(1)
            config = re.search(r"straggle run (\S+)", slurm).group(1)
            self.straggle("run", config, "--out", "at-once")
            self.assertEqual(rows(self.folder / out), rows(self.folder / "at-once"))

    @unittest.skipUnless(SLOW, "takes minutes")
    def test_cut_at_the_edges_of_records(self):
        journal = (self.folder / "whole/journal").read_bytes()
        edges = [match.start() for match in re.finditer(re.escape(b"\x93sgl\r\n\x1a\n"), journal)] + [len(journal)]
        self.assertGreater(len(edges), 20)
        cut = self.folder / "cut"
        for edge in edges:
            for size in edge - 1, edge, edge + 1:
                if not 0 <= size <= len(journal):
                    continue
                shutil.rmtree(cut, ignore_errors=True)
                cut.mkdir()
                (cut / "journal").write_bytes(journal[:size])
                self.straggle(*self.run_of("cut", "--samples"))
                self.assertEqual(rows(cut), self.whole, size)
                self.assertEqual(rows(cut, "samples.csv"), self.samples, size)

    @unittest.skipUnless(SLOW, "takes minutes")
    def test_killed_at_random_instants(self):
        chance = random.Random(1)
        kills = 0
        while kills < 200:
            out = f"killed-{kills}"
            words = self.run_of(out, "--threads", str(chance.randint(1, 3)))
            while True:
                process = subprocess.Popen([PROGRAM, *words], cwd=self.folder, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                time.sleep(chance.uniform(0, 0.6))
                process.kill()
                if process.wait() == 0:
                    break
                kills += 1
            self.assertEqual(rows(self.folder / out), self.whole)
            shutil.rmtree(self.folder / out)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
