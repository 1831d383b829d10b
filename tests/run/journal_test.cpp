// The journal of a run: what is read back is what was written, whatever the file has been through, and a run
// that goes on ends as one that was never stopped.
#include "sim/run/journal.h"

#include <fmt/format.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/run/resume.h"
#include "sim/table/results_csv.h"
#include "tests/run/same_bits.h"
#include "tests/temporary_folder.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

namespace fs = std::filesystem;

const Provenance provenance{.command = "straggle run small.json", .version = "0"};

Experiment small(std::uint64_t trials, const std::string& more = "") {
  return read_experiment(parse_json(R"({
    "workers": 6, "seed": 3, "verify": {"trials": 5, "dimension": 2}, )" +
                                        more + R"(
    "compute": {"model": "shifted-exponential", "shift": 0.1, "rate": 2, "failure": {"probability": 0.2}},
    "schemes": [{"scheme": "uncoded"}, {"scheme": "gc", "load": 3}],
    "sweep": [{"path": "/compute/rate", "values": [1, 2, 4]}], "trials": )" +
                                        std::to_string(trials) + "}",
                                    "small.json"),
                         "small.json");
}

JournalSubject subject(const Experiment& experiment, Keep keep = {}) {
  return subject_of(experiment, provenance, keep, ".");
}

/// All chunks of an experiment, run without a journal.
std::vector<Chunk> chunks_of(const Experiment& experiment, Keep keep = {}) {
  struct Keeper final : Sink {
    std::vector<Chunk> chunks;
    void take(Chunk&& chunk) override { chunks.push_back(std::move(chunk)); }
  } keeper;
  run_campaign(Plan::of(experiment.points, 1, keep), keeper);
  return std::move(keeper.chunks);
}

/// The journal of a run of it, which has ended or not.
void write_journal(const fs::path& file, const Experiment& experiment, bool ended) {
  JournalWriter writer(file, subject(experiment), "");
  for (const Chunk& chunk : chunks_of(experiment))
    writer.add(summary_of(chunk, experiment.points[chunk.point]));
  if (ended) writer.finish();
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

bool same(const ChunkSummary& a, const ChunkSummary& b) {
  if (a.point != b.point || a.first != b.first || a.schemes.size() != b.schemes.size()) return false;
  for (std::size_t s = 0; s < a.schemes.size(); ++s) {
    const Summary &x = a.schemes[s], &y = b.schemes[s];
    if (!same_bits(x, y) || x.others != y.others || x.critical != y.critical ||
        x.incomplete.trials != y.incomplete.trials || x.incomplete.first != y.incomplete.first ||
        x.incomplete.missing != y.incomplete.missing || x.verification.trials != y.verification.trials ||
        x.verification.decodes != y.verification.decodes ||
        !same_bits(x.verification.real_max_error, y.verification.real_max_error) ||
        x.verification.prime_exact != y.verification.prime_exact ||
        x.verification.failed_trial != y.verification.failed_trial)
      return false;
  }
  return true;
}

/// The rows of results.csv of a run into a folder.
std::string rows_of(const Experiment& experiment, const fs::path& folder, unsigned threads = 1,
                    const Journal::Options& options = {}) {
  std::ostringstream rows;
  Journal journal(folder, subject(experiment, options.keep), options);
  RowMaker maker(experiment.points, [&](const Row& row) { write_csv_row(rows, experiment, row); });
  run_into(journal, experiment, threads, options.keep, {}, &maker, {});
  journal.commit();
  return rows.str();
}

/// The ends of the records of a journal, from the first on.
std::vector<std::size_t> ends_of(const std::string& bytes) {
  std::vector<std::size_t> ends;
  for (std::size_t place = bytes.find("\x93sgl\r\n", 1); place != std::string::npos;
       place = bytes.find("\x93sgl\r\n", place + 1))
    ends.push_back(place);
  ends.push_back(bytes.size());
  return ends;
}

}  // namespace

TEST_CASE("journal: what is read is what was written, critical times, failures and samples too") {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "journal";
  Keep all{.critical = true};
  all.quantiles[Tally::messages] = all.quantiles[Tally::wasted] = true;
  Keep counted = all;
  counted.histogram = true;
  for (const Keep& keep : {Keep{}, all, counted}) {
    const Experiment experiment = small(1500);
    const std::vector<Chunk> chunks = chunks_of(experiment, keep);
    REQUIRE(chunks.size() == 6);
    {
      JournalWriter writer(file, subject(experiment, keep), "3/8");
      for (const Chunk& chunk : chunks) {
        writer.add_samples(chunk.point, chunk.first, chunk.blocks);
        writer.add(summary_of(chunk, experiment.points[chunk.point], keep));
      }
    }
    const JournalReader reader(file);
    CHECK(reader.subject().differences(subject(experiment, keep)).empty());
    CHECK(reader.subject().command == provenance.command);
    CHECK(reader.shard() == "3/8");
    CHECK_FALSE(reader.finished());
    CHECK(reader.damaged() == 0);
    CHECK(reader.whole_bytes() == fs::file_size(file));
    REQUIRE(reader.chunks().size() == 6);
    for (const Chunk& chunk : chunks) {
      const JournalReader::Key key{chunk.point, chunk.first, chunk.last() - chunk.first};
      CHECK(same(reader.chunks().at(key), summary_of(chunk, experiment.points[chunk.point], keep)));
      for (std::size_t s = 0; s < chunk.blocks.size(); ++s) {
        const Block block = read_samples(file, reader.samples().at(key).at(s));
        CHECK(block.scheme == s);
        for (const Tally which : all_tallies) CHECK(block[which] == chunk.blocks[s][which]);
        CHECK(block.critical.size() == chunk.blocks[s].critical.size());
      }
    }
  }
}

TEST_CASE("journal: cut anywhere, it holds the blocks that were whole before the cut") {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "journal", cut = folder.path / "cut";
  const Experiment experiment = small(12);
  write_journal(file, experiment, true);
  const std::string bytes = bytes_of(file);
  const std::vector<std::size_t> ends = ends_of(bytes);
  REQUIRE(ends.size() == 6);  // the subject twice, three blocks, the end
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    write_bytes(cut, bytes.substr(0, size));
    if (size < ends[0]) {
      REQUIRE(is_stillborn(cut));
      continue;
    }
    const JournalReader reader(cut);
    std::size_t whole = 0;
    while (whole + 1 < ends.size() && ends[whole + 1] <= size) ++whole;
    REQUIRE(reader.chunks().size() == std::clamp<std::size_t>(whole, 1, 4) - 1);
    REQUIRE(reader.finished() == (size == bytes.size()));
    REQUIRE(reader.whole_bytes() == ends[whole]);
  }
}

TEST_CASE("journal: a flipped bit costs the block it is in, and no other") {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "journal", flipped = folder.path / "flipped";
  const Experiment experiment = small(12);
  write_journal(file, experiment, false);
  const std::string bytes = bytes_of(file);
  const std::vector<std::size_t> ends = ends_of(bytes);
  REQUIRE(ends.size() == 5);
  const JournalReader whole(file);
  for (std::size_t place = ends[1]; place < bytes.size(); ++place) {
    std::string damaged = bytes;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << place % 8));
    write_bytes(flipped, damaged);
    const JournalReader reader(flipped);
    REQUIRE(reader.chunks().size() == 2);
    for (const auto& [key, chunk] : reader.chunks()) REQUIRE(same(chunk, whole.chunks().at(key)));
    const bool in_the_last = place >= ends[3];
    REQUIRE(reader.damaged() == (in_the_last ? 0 : 1));  // at the end it is as if it had been cut
  }
  // In both copies of the subject: refused, since what the blocks are of is not known any more.
  for (std::size_t place = 0; place < ends[0]; place += 7) {
    std::string damaged = bytes;
    for (const std::size_t copy : {place, place + ends[0]})
      damaged[copy] = static_cast<char>(damaged[copy] ^ 4);
    write_bytes(flipped, damaged);
    CHECK_THROWS_AS(JournalReader(flipped), ConfigError);
    CHECK_FALSE(is_stillborn(flipped));
  }
}

TEST_CASE("journal: a run that was stopped at any block goes on and ends with the same rows") {
  const TemporaryFolder folder;
  Journal::Options counted;
  counted.keep.histogram = counted.keep.quantiles[Tally::work] = true;
  int number = 0;
  for (const Journal::Options& options :
       {Journal::Options{}, Journal::Options{.keep = {.samples = true, .critical = true}}, counted}) {
    const Experiment experiment = small(2500);
    const fs::path whole = folder.path / fmt::format("whole-{}", number++);
    fs::create_directories(whole);
    const std::string rows = rows_of(experiment, whole, 1, options);
    const std::string bytes = bytes_of(whole / "journal");
    CHECK(rows_of(experiment, whole, 2, options) == rows);  // nothing is run
    CHECK(bytes_of(whole / "journal") == bytes);
    const fs::path part = folder.path / "part";
    fs::create_directories(part);
    for (const std::size_t end : ends_of(bytes))
      for (const std::size_t size : {end - 1, end, end + 1}) {
        if (size > bytes.size()) continue;
        write_bytes(part / "journal", bytes.substr(0, size));
        CAPTURE(size);
        REQUIRE(rows_of(experiment, part, 2, options) == rows);
        const JournalReader reader(part / "journal");
        CHECK(reader.finished());
        CHECK(reader.chunks().size() == 9);
      }
  }
}

TEST_CASE("journal: a byte that is wrong in the first record loses no block, and --fresh begins over any") {
  const TemporaryFolder folder;
  const Experiment experiment = small(1100);
  const std::string rows = rows_of(experiment, folder.path);
  const fs::path file = folder.path / "journal";
  const std::string bytes = bytes_of(file);
  const std::size_t first = ends_of(bytes)[0];
  for (std::size_t place = 0; place < first; place += place < 40 ? 1 : 97) {
    std::string flipped = bytes;
    flipped[place] = static_cast<char>(flipped[place] ^ 0x10);
    write_bytes(file, flipped);
    CAPTURE(place);
    REQUIRE(is_journal(file));
    REQUIRE_FALSE(is_stillborn(file));
    const JournalReader reader(file);
    CHECK(reader.damaged() == 1);
    CHECK(reader.chunks().size() == 6);
    REQUIRE(rows_of(experiment, folder.path) == rows);
  }
  std::string lost = bytes;
  lost[0] = lost[first] = 'x';  // both copies
  write_bytes(file, lost);
  CHECK_THROWS_WITH(JournalReader(file), Catch::Contains("--fresh"));
  CHECK_THROWS_WITH(rows_of(experiment, folder.path), Catch::Contains("--fresh"));
  CHECK(rows_of(experiment, folder.path, 1, {.fresh = true}) == rows);
}

TEST_CASE("journal: of journals in one file the last run's blocks count, and no other's") {
  const TemporaryFolder one, other, both;
  const Experiment first = small(1100), second = small(2500, R"("iterations": 2,)");
  rows_of(first, one.path);
  const std::string rows = rows_of(second, other.path);
  const std::string before = bytes_of(one.path / "journal"), behind = bytes_of(other.path / "journal");
  write_bytes(both.path / "journal", before + behind.substr(0, ends_of(behind)[3]));
  const JournalReader reader(both.path / "journal");
  CHECK(reader.chunks().size() == 2);
  CHECK_FALSE(reader.finished());
  CHECK(rows_of(second, both.path) == rows);
}

TEST_CASE("journal: of journals in one file no trial of another run stands in for one that is damaged") {
  const TemporaryFolder one, other, both;
  const Journal::Options options{.keep = {.samples = true}};
  const Experiment first = small(1100), second = small(1100, R"("iterations": 2,)");
  rows_of(first, one.path, 1, options);
  rows_of(second, other.path, 1, options);
  const std::string before = bytes_of(one.path / "journal"), behind = bytes_of(other.path / "journal");
  const std::size_t records = ends_of(behind).size();
  for (std::size_t record = 1; record + 1 < records; ++record) {  // each but the copy of the subject
    std::string damaged = before + behind;
    damaged[before.size() + ends_of(behind)[record] + 16] ^= 1;  // its checksum
    write_bytes(both.path / "journal", damaged);
    const JournalReader reader(both.path / "journal");
    for (const auto& [key, places] : reader.samples())
      for (const std::uint64_t place : places) CHECK(place >= before.size());
  }
}

TEST_CASE("journal: a shard, and a whole run, replace no other shard of the same run") {
  const TemporaryFolder folder;
  const Experiment experiment = small(1100);
  { Journal(folder.path, subject(experiment), {.shard = "1/2"}).commit(); }
  const std::string bytes = bytes_of(folder.path / "journal");
  for (const std::string other : {"2/2", "1/3", ""})
    CHECK_THROWS_WITH(Journal(folder.path, subject(experiment), {.shard = other}),
                      Catch::Contains("is of shard 1/2 of this run"));
  CHECK(bytes_of(folder.path / "journal") == bytes);
  CHECK(Journal(folder.path, subject(experiment), {.shard = "1/2"}).ended());
}

TEST_CASE("journal: a run that has ended and is extended has not ended until the rest is there") {
  const TemporaryFolder folder;
  rows_of(small(1100), folder.path);
  { const Journal begun(folder.path, subject(small(5000)), {}); }  // and killed
  CHECK_FALSE(JournalReader(folder.path / "journal").finished());
  CHECK_THROWS_WITH(Journal(folder.path, subject(small(1100, R"("iterations": 2,)")), {}),
                    Catch::Contains("has not ended"));
  const TemporaryFolder other;
  CHECK(rows_of(small(5000), folder.path) == rows_of(small(5000), other.path));
  CHECK(JournalReader(folder.path / "journal").finished());
}

TEST_CASE("journal: more trials extend a run, and its whole blocks are not run again") {
  const TemporaryFolder one, other;
  rows_of(small(2500), one.path);
  const auto before = JournalReader(one.path / "journal").chunks().size();
  const Experiment longer = small(5000);
  {
    const Journal journal(one.path, subject(longer), {});
    const Progressed progressed = progress_of(journal, longer, {});
    CHECK(progressed.done == 3 * 2048);  // the last block of each point has other trials now
    CHECK(progressed.all == 3 * 5000);
  }
  CHECK(rows_of(longer, one.path) == rows_of(longer, other.path));
  CHECK(JournalReader(one.path / "journal").chunks().size() == before + 3 * 3);
  CHECK(rows_of(small(2500), one.path) == rows_of(small(2500), other.path / "."));
}

TEST_CASE(
    "journal: another configuration replaces a run that has ended, and is refused over one that has not") {
  const TemporaryFolder folder;
  const fs::path file = folder.path / "journal", next = folder.path / "journal.new";
  const Experiment first = small(1100), second = small(1100, R"("iterations": 2,)");
  rows_of(first, folder.path);
  const std::string whole = bytes_of(file);
  { const Journal nothing(folder.path, subject(second), {}); }
  CHECK_FALSE(fs::exists(next));  // nothing was in it
  {
    Journal journal(folder.path, subject(second), {});
    CHECK(journal.file() == next);
    CHECK(bytes_of(file) == whole);  // stays until the new one is whole
    journal.add(chunks_of(second).front(), second.points.front());
  }
  CHECK_THROWS_WITH(Journal(folder.path, subject(first), {}),
                    Catch::Contains("journal.new") && Catch::Contains("/iterations: 2 there, 1 here") &&
                        Catch::Contains("--fresh"));
  CHECK_FALSE(rows_of(second, folder.path).empty());  // it goes on
  CHECK_FALSE(fs::exists(next));
  CHECK(JournalReader(file).finished());
  CHECK(bytes_of(file) != whole);

  {  // One that is stopped while it is the first.
    const TemporaryFolder other;
    Journal(other.path, subject(first), {}).add(chunks_of(first).front(), first.points.front());
    CHECK_THROWS_AS(Journal(other.path, subject(second), {}), ConfigError);
    const Journal anew(other.path, subject(second), {.fresh = true});
    CHECK(anew.file() == other.path / "journal");
  }
}

TEST_CASE("journal: what is no journal is refused, and a link replaced") {
  const TemporaryFolder folder;
  const Experiment experiment = small(20);
  const auto begin = [&] { Journal(folder.path, subject(experiment), {}); };
  write_bytes(folder.path / "journal", "my notes\n");
  CHECK_THROWS_WITH(begin(), Catch::Contains("was not written by `straggle run`"));
  CHECK(bytes_of(folder.path / "journal") == "my notes\n");
  fs::remove(folder.path / "journal");
  fs::create_directory(folder.path / "journal");
  CHECK_THROWS_AS(begin(), ConfigError);
  fs::remove(folder.path / "journal");
  write_bytes(folder.path / "elsewhere", "mine");
  fs::create_symlink("elsewhere", folder.path / "journal");
  begin();
  CHECK(bytes_of(folder.path / "elsewhere") == "mine");
  CHECK_FALSE(fs::is_symlink(folder.path / "journal"));
}

TEST_CASE("journal: numbers of another program are told apart") {
  const Experiment experiment = small(20);
  JournalSubject here = subject(experiment), there = here;
  there.version = "9";
  CHECK(here.differences(there).empty());  // another version that gives the same numbers
  there.numbers += 1;
  REQUIRE(here.differences(there).size() == 1);
  CHECK_THAT(here.differences(there)[0], Catch::Contains("other numbers"));
  there = here;
  there.keep.critical = here.keep.histogram = there.keep.quantiles[Tally::work] = true;
  there.configuration["workers"] = 7;
  CHECK(here.differences(there) == std::vector<std::string>{"/workers: 7 there, 6 here",
                                                            "--critical-path: given there, not here",
                                                            "--histogram: not given there, given here",
                                                            "--quantiles: work there, none here"});
}

TEST_CASE("journal: the shards of a run hold all its blocks once") {
  const TemporaryFolder folder;
  const Experiment experiment = small(3000);
  rows_of(experiment, folder.path);
  const JournalReader whole(folder.path / "journal");
  std::size_t blocks = 0;
  for (std::uint64_t k = 1; k <= 4; ++k) {
    const fs::path part = folder.path / std::to_string(k);
    fs::create_directories(part);
    Journal journal(part, subject(experiment), {.shard = std::to_string(k) + "/4"});
    run_into(journal, experiment, 2, {}, {.index = k, .count = 4}, nullptr, {});
    journal.commit();
    const JournalReader reader(part / "journal");
    blocks += reader.chunks().size();
    for (const auto& [key, chunk] : reader.chunks()) CHECK(same(chunk, whole.chunks().at(key)));
  }
  CHECK(blocks == 9);
}
