// What a run owns and what it never touches: killed, stopped, twice at once, out of disk, on files that are
// somebody else's, under whatever name.
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <thread>

#include "tests/commands/support.h"

using namespace command_line;

namespace {

/// One point that is done at once, and one that takes far longer than any test waits.
const std::string long_config = R"({
  "title": "long", "workers": 8, "verify": {"trials": 0},
  "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
  "schemes": [{"scheme": "uncoded", "label": "all"}, {"scheme": "gc", "load": 3}],
  "sweep": [{"path": "/trials", "values": [100, 5000000]}]
})";

/// `straggle ARGUMENTS` in a folder, going on while the test does.
class Process {
 public:
  Process(const Folder& folder, const std::vector<std::string>& arguments) : pid_(fork()) {
    if (pid_ != 0) return;
    std::vector<char*> words = {const_cast<char*>(STRAGGLE_PROGRAM)};
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    if (chdir(folder.path().c_str()) == 0 && freopen("process.out", "w", stdout) &&
        freopen("process.err", "w", stderr))
      execv(words[0], words.data());
    _exit(127);
  }
  ~Process() {
    if (pid_ > 0) end(SIGKILL);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  /// Sends a signal and waits; the exit code, or minus the signal that ended it.
  int end(int signal) {
    kill(pid_, signal);  // 0: none
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

/// Waits until a file contains a text; false when it never does.
bool wait_for(const fs::path& file, const std::string& text) {
  for (int i = 0; i < 3000; ++i) {
    if (contains(read_file(file), text)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// Every file of a folder and its bytes, less what the tests themselves write.
std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    if (name != ".out" && name != ".err" && !name.starts_with("process.") && !name.starts_with("journal") &&
        entry.is_regular_file())
      files[name] = read_file(entry.path());
  }
  return files;
}

std::string run_line(const fs::path& file) {
  const std::vector<std::string> lines = lines_of(read_file(file));
  if (lines.empty()) return "";
  const std::string& last = lines.back();
  const std::size_t begin = std::min(last.size(), last.find(" rows of run "));
  return last.substr(begin, last.find(", crc32 ") - begin);
}

}  // namespace

TEST_CASE("a run that is stopped leaves its finished points beside, and what was there as it was") {
  const Folder folder;
  folder.write("small.json", small_config);
  folder.write("long.json", long_config);
  REQUIRE(folder.run("run small.json --samples --out r").code == 0);
  const auto before = files_of(folder.path() / "r");
  for (const auto& [signal, code] :
       {std::pair(SIGINT, 130), std::pair(SIGTERM, 143), std::pair(SIGHUP, 129)}) {
    CAPTURE(signal);
    for (const char* old : {"r/results.csv.partial", "r/samples.csv.partial"})
      fs::remove(folder.path() / old);
    Process process(folder, {"run", "long.json", "--out", "r", "--samples", "--fresh"});
    REQUIRE(wait_for(folder.path() / "r/samples.csv.partial", ",99,"));
    REQUIRE(wait_for(folder.path() / "r/results.csv.partial", "\n0,100,gc"));
    CHECK(process.end(signal) == code);
    auto after = files_of(folder.path() / "r");
    const std::string partial = after["results.csv.partial"], samples = after["samples.csv.partial"];
    after.erase("results.csv.partial");
    after.erase("samples.csv.partial");
    CHECK(after == before);
    REQUIRE(lines_of(partial).size() == 5 + 1 + 2 + 1);
    CHECK(lines_of(partial).back() == "# interrupted: 1 of 2 points is finished");
    CHECK(lines_of(samples).size() == 5 + 1 + 200 + 1);
    CHECK(read_file(folder.path() / "process.out").empty());
    CHECK(
        read_file(folder.path() / "process.err") ==
        "interrupted: 1 of 2 points is finished and in r/results.csv.partial; results.csv is that of the run "
        "before; the same command goes on from r/journal.new\n");
    // Under the name of a finished file it is still none.
    fs::create_directories(folder.path() / "taken");
    folder.write("taken/results.csv", partial);
    fs::copy(folder.path() / "r/config.json", folder.path() / "taken", fs::copy_options::overwrite_existing);
    CHECK(contains(folder.run("report taken").err,
                   "taken/results.csv:9: is of a run that was interrupted: 1 of 2"));
  }
  // A run that is whole takes their place, where it is said that the one that was stopped is not wanted.
  const Outcome other = folder.run("run small.json --samples --out r");
  CHECK(other.code == 2);
  CHECK(contains(other.err, "r/journal.new: is of a run that has not ended, and of another configuration"));
  CHECK(contains(other.err, "begin anew with --fresh"));
  CHECK(contains(other.err, "/sweep"));
  REQUIRE(folder.run("run small.json --samples --out r --fresh").code == 0);
  CHECK(files_of(folder.path() / "r") == before);
}

TEST_CASE("a run that is killed leaves the results before it whole, and the next one is not in its way") {
  const Folder folder;
  folder.write("small.json", small_config);
  folder.write("long.json", long_config);
  REQUIRE(folder.run("run small.json --out r").code == 0);
  const auto before = files_of(folder.path() / "r");
  Process process(folder, {"run", "long.json", "--out", "r"});
  REQUIRE(wait_for(folder.path() / "r/results.csv.partial", "\n0,100,gc"));
  CHECK(process.end(SIGKILL) == -SIGKILL);
  CHECK(fs::exists(folder.path() / "r/.straggle.lock"));
  CHECK(read_file(folder.path() / "r/results.csv") == before.at("results.csv"));
  CHECK(folder.run("report r -o page.html").code == 0);
  CHECK(folder.run("run small.json --out r").code == 2);
  CHECK(folder.run("run small.json --out r --fresh").code == 0);
  CHECK(files_of(folder.path() / "r") == before);
}

TEST_CASE(
    "what a run that was killed has left half written goes with the next one, and nothing of the user's") {
  const Folder folder;
  folder.write("small.json", small_config);
  fs::create_directories(folder.path() / "r");
  folder.write("r/.config.json.4711-0.tmp", "half");
  for (const char* mine :
       {"r/.config.json.tmp", "r/.config.json.old-1.tmp", "r/config.json.4711-0.tmp", "r/notes.tmp"})
    folder.write(mine, "mine");
  CHECK(folder.run("run small.json --out r").code == 0);
  CHECK_FALSE(fs::exists(folder.path() / "r/.config.json.4711-0.tmp"));
  for (const char* mine :
       {"r/.config.json.tmp", "r/.config.json.old-1.tmp", "r/config.json.4711-0.tmp", "r/notes.tmp"})
    CHECK(read_file(folder.path() / mine) == "mine");
}

TEST_CASE("a signal that comes twice at the same time is one wish to stop") {
  const Folder folder;
  folder.write("long.json", long_config);
  Process process(folder, {"run", "long.json", "--out", "r"});
  REQUIRE(wait_for(folder.path() / "r/results.csv.partial", "\n0,100,gc"));
  kill(process.pid(), SIGINT);
  CHECK(process.end(SIGINT) == 130);
}

TEST_CASE("two runs into one folder: the second is told which process holds it") {
  const Folder folder;
  folder.write("small.json", small_config);
  folder.write("long.json", long_config);
  Process process(folder, {"run", "long.json", "--out", "r"});
  REQUIRE(wait_for(folder.path() / "r/results.csv.partial", "\n0,100,gc"));
  const Outcome second = folder.run("run small.json --out r");
  CHECK(second.code == 2);
  CHECK(second.err.starts_with(fmt::format("r: process {} on ", process.pid())));
  CHECK(contains(second.err, " is writing there; wait for it, or give another --out"));
  CHECK_FALSE(fs::exists(folder.path() / "r/results.csv"));
  CHECK(folder.run("run small.json --out other").code == 0);
  CHECK(process.end(SIGTERM) == 143);
  CHECK_FALSE(fs::exists(folder.path() / "r/.straggle.lock"));
  CHECK(folder.run("run small.json --out r --fresh").code == 0);
  // Many at once: every one is whole or refused.
  const Outcome many =
      folder.shell("for i in 1 2 3 4 5 6; do '" STRAGGLE_PROGRAM
                   "' run small.json --out m --trials 200 --seed $i >/dev/null & done; wait");
  CHECK(contains(folder.run("report m").err, "report: m/report.html"));
  for (const std::string& line : lines_of(many.err))
    CHECK((contains(line, "is writing there") || contains(line, "results: m/results.csv")));
  fs::create_directory(folder.path() / "mine");
  folder.write("mine/.straggle.lock", "my own\n");
  CHECK(contains(folder.run("run small.json --out mine").err, "mine/.straggle.lock: is not the lock of"));
  CHECK(read_file(folder.path() / "mine/.straggle.lock") == "my own\n");
}

TEST_CASE("nothing that is read is ever written, whatever its name or path") {
  const Folder folder;
  const auto config = [](const std::string& table) {
    return R"({"workers": 4, "trials": 20, "compute": {"model": "empirical", "file": ")" + table +
           R"("}, "schemes": [{"scheme": "uncoded"}]})";
  };
  const std::string table = "seconds\n1\n2\n";
  for (const char* name : {"in", "hard", "soft", "chain", "named"})
    fs::create_directory(folder.path() / name);
  for (const char* name : {"results.csv", "samples.csv", "results.csv.partial", ".straggle.lock"}) {
    folder.write(std::string("in/") + name, table);
    folder.write(fmt::format("in/{}.json", name), config(name));
  }
  folder.write("data.csv", table);
  folder.write("my.json", config("data.csv"));
  folder.write("swept.json",
               R"({"workers": 4, "trials": 20, "compute": {"model": "empirical", "file": "data.csv"},
    "schemes": [{"scheme": "uncoded"}], "sweep": [{"path": "/compute/file", "values": ["data.csv", "in/samples.csv"]}]})");
  fs::create_hard_link(folder.path() / "data.csv", folder.path() / "hard/results.csv");
  fs::create_symlink("../data.csv", folder.path() / "soft/results.csv");
  fs::create_symlink("../soft/results.csv", folder.path() / "chain/samples.csv");
  folder.write("named/results.csv", small_config);
  REQUIRE(folder.run("run my.json --out done").code == 0);
  const auto before = files_of(folder.path());
  check_mistakes(folder,
                 {{"run in/results.csv.json --out in", "in/results.csv: is what is read here"},
                  {"run in/samples.csv.json --out in", "in/samples.csv: is what is read here"},
                  {"run in/samples.csv.json --out in --samples", "in/samples.csv: is what is read here"},
                  {"run in/results.csv.partial.json --out in", "partial: is what is read here"},
                  {"run in/.straggle.lock.json --out in", ".straggle.lock: is what is read here"},
                  {"run swept.json --out in", "in/samples.csv: is what is read here"},
                  {"run my.json --out hard", "hard/results.csv: is what is read here"},
                  {"run my.json --out soft", "soft/results.csv: is what is read here"},
                  {"run my.json --out chain", "chain/samples.csv: is what is read here"},
                  {"run named/results.csv --out named", "named/results.csv: is what is read here"},
                  {"replay my.json --trace data.csv", "data.csv: is what is read here"},
                  {"replay my.json --trace soft/results.csv", "soft/results.csv: is what is read here"},
                  {"replay my.json --picture hard/results.csv", "hard/results.csv: is what is read here"},
                  {"replay my.json --trace my.json", "my.json: is what is read here"},
                  {"report done -o data.csv", "data.csv: is what is read here"},
                  {"report done -o done/results.csv", "done/results.csv: is what is read here"},
                  {"report done -o done/../done/config.json", "config.json: is what is read here"},
                  {"report done -o soft/results.csv", "soft/results.csv: is what is read here"}});
  CHECK(files_of(folder.path()) == before);
  CHECK(fs::is_symlink(folder.path() / "soft/results.csv"));
}

TEST_CASE("what is read as standard input is never written") {
  const Folder folder;
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json --trials 40 --out g").code == 0);
  for (const char* name : {"t1.json", "g/samples.csv"}) folder.write(name, small_config);
  fs::create_directory(folder.path() / "h");
  for (const char* name : {"results.csv", ".straggle.lock", "samples.csv.partial"})
    folder.write(std::string("h/") + name, small_config);
  fs::create_hard_link(folder.path() / "t1.json", folder.path() / "hard.json");
  const auto before = files_of(folder.path());
  check_mistakes(
      folder, {{"run - --trials 33 --out g <g/config.json", "g/config.json: is "},
               {"run - --out g <g/samples.csv", "g/samples.csv: is what is read here as standard input"},
               {"run - --out h <h/results.csv", "h/results.csv: is what is read here as standard input"},
               {"run - --out h <h/.straggle.lock", ".straggle.lock: is what is read here as standard"},
               {"run - --out h <h/samples.csv.partial", "partial: is what is read here as standard input"},
               {"replay - --trace t1.json <t1.json", "t1.json: is what is read here as standard input"},
               {"replay - --trace hard.json <t1.json", "hard.json: is what is read here as standard"},
               {"replay - --scheme all --picture ./t1.json <t1.json", "t1.json: is what is read here as"}});
  CHECK(files_of(folder.path()) == before);
  // The same configuration again has nothing to write there.
  CHECK(folder.run("run - --out g <g/config.json").code == 0);
  CHECK(read_file(folder.path() / "g/config.json") == before.at("g/config.json"));
}

TEST_CASE("replay and report replace what they have written themselves, and nothing else") {
  const Folder folder;
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json --trials 40 --samples --out g").code == 0);
  REQUIRE(folder.run("run small.json --trials 30 --samples --out h").code == 0);
  const std::string all = "replay small.json --scheme all ";
  for (int again = 0; again < 2; ++again) {
    CHECK(folder.run(all + "--trace t.json --picture p.svg").code == 0);
    CHECK(folder.run("report g").code == 0);
    CHECK(folder.run("report g -o page.html").code == 0);
  }
  folder.write("mine.csv", "a,b\n1,2\n");
  folder.write("mine.html",
               "<!DOCTYPE html><html><head><meta name=\"generator\" content=\"hand\"></head></html>");
  folder.write("mine.json", R"({"displayTimeUnit": "ms", "traceEvents": []})");
  folder.write("mine.svg", R"(<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>)");
  fs::copy(folder.path() / "mine.html", folder.path() / "h/report.html");
  folder.write("empty", "");
  const auto before = files_of(folder.path());
  std::vector<Mistake> mistakes = {
      {all + "--trace same --picture same", "--picture: same is where the trace goes"},
      {all + "--trace same --picture ./x/../same", "is where the trace goes"},
      {all + "--trace t.json --picture t.json", "is where the trace goes"},
      {"report h", "h/report.html: exists, and is not a page that straggle has written; remove it"}};
  for (const char* name : {"results.csv", "samples.csv", "config.json"})
    for (const std::string in : {"g/", ""})
      for (const std::string& call : {all + "--trace ", all + "--picture ", std::string("report h -o ")})
        mistakes.push_back({call + in + name, "is the name of a file of `straggle run`"});
  for (const char* name : {"mine.csv", "mine.html", "mine.json", "mine.svg", "small.json"}) {
    mistakes.push_back({"report h -o " + std::string(name), "exists, and is not a page"});
    if (name == std::string("small.json")) continue;  // that is read here
    mistakes.push_back({all + "--trace " + name, "exists, and is not a trace"});
    mistakes.push_back({all + "--picture " + name, "exists, and is not a picture"});
  }
  mistakes.push_back({all + "--trace p.svg", "exists, and is not a trace"});
  mistakes.push_back({all + "--picture page.html", "exists, and is not a picture"});
  mistakes.push_back({"report h -o t.json", "exists, and is not a page"});
  check_mistakes(folder, mistakes);
  CHECK(files_of(folder.path()) == before);
  CHECK(folder.run(all + "--trace empty").code == 0);
}

TEST_CASE("a folder that is removed, moved or filled during a run costs no results") {
  const Folder folder;
  folder.write("small.json", small_config);
  // Long enough for what the shell does meanwhile.
  const std::string config = R"({"title": "t", "workers": 8, "verify": {"trials": 0},
    "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
    "schemes": [{"scheme": "uncoded", "label": "all"}, {"scheme": "gc", "load": 3}],
    "sweep": [{"path": "/trials", "values": [100, 300000]}]})";
  folder.write("some.json", config);
  REQUIRE(folder.run("run some.json --samples --out whole").code == 0);
  const auto whole = files_of(folder.path() / "whole");
  const auto during = [&](const std::string& name, const std::function<void(const fs::path&)>& change) {
    Process process(folder, {"run", "some.json", "--samples", "--out", name});
    REQUIRE(wait_for(folder.path() / name / "results.csv.partial", "\n0,100,gc"));
    change(folder.path() / name);
    return process.end(0);
  };
  const auto printed = [&] { return contains(read_file(folder.path() / "process.out"), "all"); };
  CHECK(during("removed", [](const fs::path& r) { fs::remove_all(r); }) == 0);
  CHECK(files_of(folder.path() / "removed") == whole);
  CHECK(during("moved", [](const fs::path& r) { fs::rename(r, r.string() + "-away"); }) == 0);
  CHECK(files_of(folder.path() / "moved") == whole);
  CHECK(files_of(folder.path() / "moved-away").empty());
  CHECK(during("bare", [](const fs::path& r) {
          fs::remove(r / "results.csv.partial");
          fs::remove(r / "samples.csv.partial");
        }) == 0);
  CHECK(files_of(folder.path() / "bare") == whole);

  const auto write = [](const fs::path& file) { std::ofstream(file) << "mine\n"; };
  for (const char* name : {"results.csv", "samples.csv", "config.json"}) {
    CAPTURE(name);
    const std::string r = std::string("mine-") + name;
    CHECK(during(r, [&](const fs::path& path) { write(path / name); }) == 2);
    CHECK(printed());
    const std::string err = read_file(folder.path() / "process.err");
    CHECK(err.starts_with(r + "/" + name + ": "));
    CHECK(contains(err, "; the results are whole in " + r + "/results.csv.partial and " + r));
    auto after = files_of(folder.path() / r);
    CHECK(after[name] == "mine\n");
    CHECK(after["results.csv.partial"] == whole.at("results.csv"));
    CHECK(after["samples.csv.partial"] == whole.at("samples.csv"));
    CHECK(after.size() == 3);
  }
  CHECK(during("folder", [](const fs::path& r) { fs::create_directory(r / "results.csv"); }) == 2);
  CHECK(printed());
  CHECK_FALSE(fs::exists(folder.path() / "folder/config.json"));
  fs::remove(folder.path() / "folder/results.csv");
  CHECK(folder.run("run small.json --trials 50 --out folder").code == 0);
  // What takes the folder's place is somebody else's.
  CHECK(during("file", [&](const fs::path& r) {
          fs::remove_all(r);
          write(r);
        }) == 2);
  CHECK(printed());
  CHECK(contains(read_file(folder.path() / "process.err"), "file: cannot be created: "));
  CHECK(read_file(folder.path() / "file") == "mine\n");
}

TEST_CASE("an alarm from outside ends a run as it would any program, without a word") {
  const Folder folder;
  folder.write("long.json", long_config);
  Process process(folder, {"run", "long.json", "--out", "r"});
  REQUIRE(wait_for(folder.path() / "r/results.csv.partial", "\n0,100,gc"));
  CHECK(process.end(SIGALRM) == -SIGALRM);
  CHECK(read_file(folder.path() / "process.err").empty());
}

TEST_CASE("report refuses a run whose files have been changed since") {
  const Folder folder;
  folder.write("one.json", R"({"title": "t", "trials": 200, "workers": 2, "verify": {"trials": 0},
    "compute": {"model": "exponential", "rate": 10}, "schemes": [{"scheme": "uncoded", "label": "a"}]})");
  REQUIRE(folder.run("run one.json --samples --out g").code == 0);
  REQUIRE(folder.run("run one.json --set /trials=1000 --seed 9 --out h").code == 0);
  const auto g = files_of(folder.path() / "g");
  const std::string& results = g.at("results.csv");
  const std::vector<std::string> ours = lines_of(results),
                                 theirs = lines_of(read_file(folder.path() / "h/results.csv"));
  const auto swapped = [](std::string text, const std::string& from, const std::string& to) {
    REQUIRE(contains(text, from));
    return text.replace(text.find(from), from.size(), to);
  };
  const std::string words = "the file has been changed since it was written";
  for (const std::string& changed :
       {swapped(results, ours[6], theirs[6]), swapped(results, ",200,", ",0200,"),
        swapped(results, ",uncoded,", ",gc,"), swapped(results, ours[6], ours[6] + "1"),
        swapped(results, "# seed: 1", "# seed: 2"),
        swapped(results, "# version: straggle ", "# version: straggle 1"),
        swapped(results, ",exact,", ",exakt,"), swapped(results, "time_max", "time_mix")}) {
    folder.write("g/results.csv", changed);
    const Outcome outcome = folder.run("report g");
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.err, words));
  }
  folder.write("g/results.csv", results);
  const std::string& samples = g.at("samples.csv");
  folder.write("g/samples.csv", swapped(samples, "\n0,uncoded,a,3,", "\n0,uncoded,a,3,-"));
  CHECK(contains(folder.run("report g").err, words));
  folder.write("g/samples.csv", samples);
  CHECK(folder.run("report g").code == 0);
}

TEST_CASE("what no run has written is not replaced, and a link is replaced but not followed") {
  const Folder folder;
  folder.write("small.json", small_config);
  for (const char* name : {"a", "b", "c", "d", "links", "empty"}) fs::create_directory(folder.path() / name);
  const std::string measured = "# \"x\"\nseconds\n1\n";
  folder.write("a/results.csv", measured);
  folder.write("b/samples.csv", measured);
  folder.write("c/config.json", R"({"mine": true})");
  folder.write("d/results.csv.partial", measured);
  folder.write("target.csv", measured);
  const auto before = files_of(folder.path());
  const std::string words = "was not written by `straggle run`";
  check_mistakes(folder, {{"run small.json --out a", "a/results.csv: " + words},
                          {"run small.json --out b --samples", "b/samples.csv: " + words},
                          {"run small.json --out c", "c/config.json: is not of a run"},
                          {"run small.json --out d", "d/results.csv.partial: " + words}});
  CHECK(files_of(folder.path()) == before);
  // Without --samples that name is nothing of the run's.
  CHECK(folder.run("run small.json --out b --trials 50").code == 0);
  CHECK(read_file(folder.path() / "b/samples.csv") == measured);

  for (const char* name : {"results.csv", "samples.csv", "config.json", "results.csv.partial"})
    fs::create_symlink("../target.csv", folder.path() / "links" / name);
  CHECK(folder.run("run small.json --out links --trials 50 --samples").code == 0);
  CHECK(read_file(folder.path() / "target.csv") == measured);
  for (const char* name : {"results.csv", "samples.csv", "config.json"})
    CHECK(fs::symlink_status(folder.path() / "links" / name).type() == fs::file_type::regular);
  fs::create_symlink("target.csv", folder.path() / "trace.json");
  CHECK(folder.run("replay small.json --trace trace.json").code == 0);
  CHECK(read_file(folder.path() / "target.csv") == measured);
  CHECK(read_file(folder.path() / "trace.json").starts_with("{"));
  folder.write("empty/results.csv", "");
  CHECK(folder.run("run small.json --out empty --trials 50").code == 0);
}

TEST_CASE("the files of a run are of one run: others are removed with it, and a mixture is refused") {
  const Folder folder;
  folder.write("small.json", small_config);
  const fs::path r = folder.path() / "r";
  REQUIRE(folder.run("run small.json --trials 200 --samples --out r").code == 0);
  CHECK(run_line(r / "results.csv") == run_line(r / "samples.csv"));
  CHECK(run_line(r / "results.csv").size() == std::string(" rows of run 0123456789abcdef").size());
  const std::string samples = read_file(r / "samples.csv"), run = run_line(r / "results.csv");
  // The same run again: its trials are those.
  REQUIRE(folder.run("run small.json --trials 200 --out r --threads 3").code == 0);
  CHECK(read_file(r / "samples.csv") == samples);
  CHECK(run_line(r / "results.csv") == run);
  // Another: they are of no use any more.
  REQUIRE(folder.run("run small.json --trials 200 --seed 2 --out r").code == 0);
  CHECK_FALSE(fs::exists(r / "samples.csv"));
  CHECK(run_line(r / "results.csv") != run);
  folder.write("r/samples.csv", samples);
  CHECK(contains(folder.run("report r").err, "r/samples.csv: is of configuration "));
  // The same configuration, but other numbers, as another build would give.
  REQUIRE(folder.run("run small.json --trials 200 --out r").code == 0);
  std::string other = samples;
  const std::size_t id = other.rfind(" rows of run ") + std::string(" rows of run ").size();
  other.replace(id, 4, other.compare(id, 4, "0000") == 0 ? "1111" : "0000");
  folder.write("r/samples.csv", other);
  const Outcome mixture = folder.run("report r");
  CHECK(mixture.code == 2);
  CHECK(contains(mixture.err, "r/samples.csv: is of run "));
  folder.write("r/samples.csv", samples.substr(0, samples.size() / 2));
  CHECK(folder.run("report r").code == 2);
  CHECK_FALSE(fs::exists(r / "report.html"));
}

TEST_CASE("closed standard descriptors do not become files, and results are whole without them") {
  const Folder folder;
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json --trials 100 --out all").code == 0);
  const std::string results = read_file(folder.path() / "all/results.csv");
  int number = 0;
  for (const char* closed : {"2>&-", ">&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
    CAPTURE(closed);
    const std::string out = "o" + std::to_string(++number);
    const Outcome outcome = folder.run("run small.json --trials 100 --out " + out + " --samples " + closed);
    CHECK(read_file(folder.path() / out / "results.csv") == results);
    CHECK(outcome.code == (contains(closed, " >&-") || closed[0] == '>' ? 2 : 0));
    const std::vector<std::string> samples = lines_of(read_file(folder.path() / out / "samples.csv"));
    CHECK(samples.size() == 5 + 1 + 600 + 1);
  }
}

TEST_CASE("pipes, devices and folders in the place of a file are refused at once") {
  const Folder folder;
  REQUIRE(mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
  for (const char* name : {"p", "d", "q", "empty"}) fs::create_directory(folder.path() / name);
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json --trials 20 --out p").code == 0);
  REQUIRE(folder.run("run small.json --trials 20 --out q").code == 0);
  REQUIRE(mkfifo((folder.path() / "p/samples.csv").c_str(), 0600) == 0);
  fs::create_directory(folder.path() / "d/results.csv");
  fs::create_directories(folder.path() / "locked/.straggle.lock");
  fs::create_directory(folder.path() / "linked");
  fs::create_symlink("nowhere", folder.path() / "linked/.straggle.lock");
  fs::create_symlink("nowhere", folder.path() / "dangling");
  fs::remove(folder.path() / "q/results.csv");
  REQUIRE(mkfifo((folder.path() / "q/results.csv").c_str(), 0600) == 0);
  for (const auto& [arguments, message] : std::vector<std::pair<std::string, std::string>>{
           {"run pipe", "pipe: is a pipe"},
           {"run .", ".: is a folder"},
           {"run /dev/zero", "/dev/zero: is a device"},
           {"check /dev/zero", "/dev/zero: is a device"},
           {"replay pipe", "pipe: is a pipe"},
           {"verify pipe", "pipe: is a pipe"},
           {"verify /dev/null", "/dev/null: is a device"},
           {"verify empty", "there is no configuration with an"},
           {"report pipe", "pipe: is no folder"},
           {"report p", "p/samples.csv: is a pipe"},
           {"report q", "q/results.csv: is a pipe"},
           {"run small.json --out pipe", "pipe: cannot be created"},
           {"run small.json --out dangling", "dangling: is a link that leads to no folder"},
           {"run small.json --out locked", "locked/.straggle.lock: cannot be made, which is the lock of"},
           {"run small.json --out linked", "linked/.straggle.lock: cannot be made, which is the lock of"},
           {"run small.json --out ''", "--out: the name is empty"},
           {"run ''", "run: the name of the configuration is empty"},
           {"report ''", "report: the name of the folder is empty"},
           {"report p -o ''", "--output: the name is empty"},
           {"replay small.json --trace ''", "--trace: the name is empty"},
           {"run - <&-", "standard input is closed"},
           {"check - <&-", "standard input is closed"},
           {"run small.json --out d", "d/results.csv: is a folder"},
           {"run small.json --out q", "q/results.csv: is a pipe"},
           {"replay small.json --trace d", "d: cannot be written: it is a folder"},
           {"replay small.json --trace pipe", "pipe: cannot be written: nobody reads from it"}}) {
    CAPTURE(arguments);
    const Outcome outcome = folder.shell("timeout 20 '" STRAGGLE_PROGRAM "' " + arguments);
    CHECK(outcome.code == 2);
    INFO(outcome.err);
    CHECK(contains(outcome.err, message));
    CHECK_FALSE(contains(outcome.err, "error of the program"));
  }
}

TEST_CASE("a trace can be written to a pipe or a device that takes it") {
  const Folder folder;
  folder.write("small.json", small_config);
  const Outcome outcome = folder.run("replay small.json --trace /dev/stdout | tail -n 1");
  CHECK(contains(outcome.out, "}"));
  CHECK(folder.run("replay small.json --trace /dev/null").code == 0);
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a full disk and a limit on files are said with their reason, and nothing half is left") {
  const Folder folder;
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json --trials 500 --out r").code == 0);
  const auto before = files_of(folder.path() / "r");
  const Outcome limited =
      folder.shell("(ulimit -f 8; '" STRAGGLE_PROGRAM "' run small.json --samples --out r 2>&1 | cat)");
  CHECK(contains(limited.out, "r/journal: cannot be written: file too large"));
  CHECK(files_of(folder.path() / "r") == before);
  if (!fs::exists("/dev/full")) return;
  const Outcome full = folder.run("replay small.json --trace /dev/full");
  CHECK(full.code == 2);
  CHECK(contains(full.err, "/dev/full: cannot be written: no space left on device"));
  for (const char* arguments : {"run small.json --trials 500 --out r", "list", "help", "check small.json",
                                "replay small.json --scheme all"}) {
    const Outcome printed = folder.run(std::string(arguments) + " >/dev/full");
    CHECK(printed.code == 2);
    CHECK(contains(printed.err, "standard output cannot be written: no space left on device"));
  }
}

#ifndef STRAGGLE_SANITIZED  // its shadow memory is larger than any limit
TEST_CASE("threads that cannot be started are done without, and a lack of memory names what to lower") {
  const Folder folder;
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json --out one --threads 1").code == 0);
  const auto limited = [&](int kilobytes, const std::string& arguments) {
    return folder.shell(
        fmt::format("(ulimit -v {}; '" STRAGGLE_PROGRAM "' run small.json {})", kilobytes, arguments));
  };
  // Stacks of 8 MB, so that few of 16 threads have room at a time; some may have ended before others begin.
  bool said = false;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const Outcome few = limited(40000 + 10000 * attempt, "--out few --threads 16");
    const std::string words = "threads can be started (";
    if (few.code == 0) {
      said = said || contains(few.err, words);
      CHECK(few.err.find(words) == few.err.rfind(words));  // once
      CHECK(read_file(folder.path() / "few/results.csv") == read_file(folder.path() / "one/results.csv"));
    } else {
      CHECK(contains(few.err, "--threads 16: takes more memory than there is"));
    }
  }
  CHECK(said);
  const Outcome trials = limited(60000, "--out none --threads 1 --trials 100000000");
  CHECK(trials.code == 2);
  CHECK(contains(trials.err, "small.json#/trials: "));
  CHECK(contains(trials.err, " of memory"));
  CHECK_FALSE(fs::exists(folder.path() / "none/results.csv"));
}
#endif
