// The command line as a user runs it: the real program, in a fresh folder.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/base/text.h"
#include "sim/commands/command.h"
#include "sim/table/results_csv.h"
#include "tests/commands/support.h"

using namespace command_line;

TEST_CASE("the program and every command explain themselves with an example") {
  const Folder folder;
  std::vector<std::string> names;
  for (const straggle::Command& command : straggle::commands()) names.push_back(command.name);
  REQUIRE(names.size() >= 10);
  CHECK(names.front() == "run");  // what everybody begins with
  names.push_back("");
  for (const std::string& command : names) {
    const Outcome outcome = folder.run(command + " --help");
    INFO(command);
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out, "example: straggle"));
    CHECK(outcome.err.empty());
    // No line is wider than a usual terminal and a half.
    for (const std::string& line : lines_of(outcome.out)) CHECK(line.size() <= 120);
    CHECK(folder.run("help " + command).out == outcome.out);
  }
  CHECK(folder.run("").code == 2);
  CHECK(contains(folder.run("--version").out, "straggle "));
  CHECK(folder.run("version").out == folder.run("--version").out);
  CHECK(folder.run("-h").out == folder.run("--help").out);
  CHECK(folder.run("").err == folder.run("--help").out);
}

namespace {

/// What a terminal, a line, a page or a spreadsheet could take for something else than text.
const std::vector<std::string> nasty = {"a\nb",    "\x1b[31mred",  "\x7f",      "\u202eb",
                                        "\u009bm", "</script><b>", "\"q\" 'q'", "$x$",
                                        "=cmd",    "a\r\nb",       "\ufeff",    "#"};

/// No line of it holds what cannot be seen.
bool harmless(const std::string& text) {
  for (const std::string& line : lines_of(text))
    if (straggle::has_unprintable(line)) return false;
  return true;
}

std::string in_quotes(const std::string& text) {  // for a shell
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

void check_harmless(const Outcome& outcome) {
  INFO(straggle::printable_lines(outcome.out + outcome.err, 1000));
  CHECK((outcome.code == 0 || outcome.code == 2));
  CHECK(harmless(outcome.out));
  CHECK(harmless(outcome.err));
  CHECK_FALSE(contains(outcome.err, "an error of the program"));
}

}  // namespace

TEST_CASE(
    "whatever text a configuration holds is harmless where it is shown, and report reads what run writes") {
  const Folder folder;
  const nlohmann::ordered_json config = {
      {"trials", 20},
      {"workers", 3},
      {"compute", {{"model", "exponential"}, {"rate", 1}}},
      {"verify", {{"trials", 0}}},
      {"schemes", {{{"scheme", "uncoded"}, {"label", "a"}}, {{"scheme", "gc"}, {"load", 2}}}},
      {"expect", {{{"scheme", "a"}, {"metric", "messages"}, {"value", 3}, {"within", 1}, {"source", "s"}}}}};
  const auto runs = [&](const std::string& place, const std::string& text) {
    nlohmann::ordered_json here = config;
    here[nlohmann::ordered_json::json_pointer(place)] = text;
    folder.write("c.json", here.dump());
    INFO(place << " = " << straggle::printable(text, 100));
    const Outcome run = folder.run("run c.json --out o");
    check_harmless(run);
    if (run.code == 2) return false;
    for (const char* file : {"o/results.csv", "o/config.json"})
      CHECK(harmless(read_file(folder.path() / file)));
    const Outcome report = folder.run("report o --threads 1");
    check_harmless(report);
    CHECK(report.code == 0);
    const std::string page = read_file(folder.path() / "o/report.html");
    CHECK(harmless(page.substr(page.find("<body>"), page.find("<script nonce=") - page.find("<body>"))));
    CHECK_FALSE(contains(page, "</script><b>"));
    CHECK_FALSE(contains(page, "<b>\""));
    return true;
  };
  std::string all;
  for (const std::string& text : nasty) all += text + " ";
  CHECK(runs("/title", all));
  CHECK(runs("/title", std::string(9000, 'x')));
  CHECK_FALSE(runs("/title", std::string(20000, 'x')));
  CHECK(runs("/schemes/0/label", "a </script><b> \"q\" 'q' $x$ =cmd # , ;") == false);  // "expect" names "a"
  check_harmless(folder.run("verify c.json"));
  for (const char* place : {"/compute/model", "/schemes/0/scheme", "/expect/0/scheme", "/expect/0/metric",
                            "/baseline", "/workers", "/network", "/what"})
    CHECK_FALSE(runs(place, all));
  for (const std::string& text : nasty) {
    nlohmann::ordered_json here = config;
    here["schemes"][1]["label"] = text;
    here["expect"][0]["source"] = text;
    folder.write("l.json", here.dump());
    check_harmless(folder.run("check l.json"));
    check_harmless(folder.run("verify l.json"));
    here = config;
    here[text] = text;
    folder.write("k.json", here.dump());
    check_harmless(folder.run("check k.json"));
  }
}

TEST_CASE("whatever stands on the command line is harmless where it is shown") {
  const Folder folder;
  folder.write("c.json", R"({"trials": 5, "workers": 2, "compute": {"model": "exponential", "rate": 1},
                             "schemes": [{"scheme": "uncoded"}]})");
  for (const std::string& text :
       std::vector<std::string>{"a\nb", "\x1b[31m", "\x7f", "\u202e", "\xff", "\xed\xa0\x80"}) {
    const std::string word = in_quotes(text);
    for (const std::string& arguments : std::vector<std::string>{
             word, "--" + word, "run " + word, "run c.json " + word, "run c.json --" + word,
             "run c.json --out " + in_quotes("out" + text), "run c.json --set " + word,
             "run c.json --set " + in_quotes("/title=" + text),
             "run c.json --set " + in_quotes("/" + text + "=1"), "run c.json --format " + word,
             "run c.json --threads " + word, "run c.json --trials " + word, "replay c.json --scheme " + word,
             "replay c.json --trial " + word, "replay c.json --point " + word,
             "replay c.json --trace " + in_quotes("t" + text), "report " + word, "verify " + word,
             "list " + word}) {
      INFO(straggle::printable(arguments));
      check_harmless(folder.run(arguments));
    }
    // A file of that name: the command in results.csv is on one line, and report reads it.
    folder.write("f" + text + ".json", read_file(folder.path() / "c.json"));
    const Outcome run = folder.run("run " + in_quotes("f" + text + ".json") + " --out o");
    check_harmless(run);
    CHECK(run.code == 0);
    CHECK(harmless(read_file(folder.path() / "o/results.csv")));
    CHECK(folder.run("report o").code == 0);
    CHECK(folder.run("run " + in_quotes("f" + text + ".json") + " --format json --out o").code == 0);
  }
}

TEST_CASE("report refuses results that run has not written, without showing bytes that are no text") {
  const Folder folder;
  folder.write("c.json", R"({"trials": 5, "workers": 2, "compute": {"model": "exponential", "rate": 1},
                             "schemes": [{"scheme": "uncoded"}]})");
  REQUIRE(folder.run("run c.json --out o").code == 0);
  const std::string good = read_file(folder.path() / "o/results.csv");
  const std::size_t row = good.rfind("\n0,uncoded") + 1;
  REQUIRE(row > 0);
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    bad.replace(bad.find(from, row), from.size(), to);
    // As if a run had written it: with an end that is of these rows.
    const std::vector<std::string> head = lines_of(good);
    const auto behind = [&](std::size_t line, const std::string& key) {
      return head.at(line).substr(key.size());
    };
    const std::size_t columns = bad.find("\npoint,") + 1, end = bad.rfind("# end: ");
    std::ostringstream text;
    text << bad.substr(0, end);
    straggle::write_end(text, 1,
                        straggle::run_id(behind(2, "# version: straggle "), behind(4, "# configuration: "),
                                         bad.substr(columns, end - columns)));
    folder.write("o/results.csv", text.str());
    const Outcome outcome = folder.run("report o");
    CHECK(outcome.code == 2);
    CHECK(harmless(outcome.err));
    return outcome.err;
  };
  for (const std::string point : {"0.5", "00", "+0", "0x0", " 0", "0e0", "1", "-0", ""})
    CHECK(contains(refused("0,", point + ","), "is of point \"" + point + "\""));
  CHECK(contains(refused("uncoded", "unc\xff"), "is not valid UTF-8"));
  CHECK(contains(refused("uncoded", std::string(3000000, 'x')),
                 "has a field of 3000000 bytes; it may have 10000"));
  CHECK(contains(refused(",uncoded,", ",uncoded,\x1b"), "\\x1b"));
}

TEST_CASE("run prints only its table on standard output and writes results.csv and config.json") {
  const Folder folder;
  folder.write("small.json", small_config);
  const Outcome outcome = folder.run("run small.json");
  CHECK(outcome.code == 0);
  CHECK(lines_of(outcome.out).size() ==
        2 + 6 + 2);  // title, heading, two points of three schemes, the fastest, ±
  CHECK(contains(outcome.out, "GC, three"));
  CHECK_FALSE(contains(outcome.out, "results.csv"));
  CHECK(contains(outcome.err, "results/small/results.csv"));

  const std::vector<std::string> csv = lines_of(read_file(folder.path() / "results/small/results.csv"));
  std::vector<std::string> header, rows;
  for (const std::string& line : csv) (line.starts_with("#") ? header : rows).push_back(line);
  REQUIRE(header.size() == 6);
  CHECK(header[1] == "# command: straggle run small.json");
  CHECK(contains(header[2], "# version: straggle "));
  CHECK(header[3] == "# seed: 1");
  CHECK(header[4].size() == std::string("# configuration: 0123456789abcdef").size());
  CHECK(header[5].starts_with("# end: 6 rows of run "));
  CHECK(header[5] == csv.back());
  REQUIRE(rows.size() == 1 + 6);
  for (const std::string& row : rows) CHECK(fields_of(row) == fields_of(rows[0]));
  CHECK(contains(rows[0], "point,/compute/rate,scheme,label,trials,"));
  CHECK(rows[2].starts_with("0,5,gc,\"GC, three\",3000,"));

  const auto resolved = nlohmann::json::parse(read_file(folder.path() / "results/small/config.json"));
  CHECK(resolved["seed"] == 1);
  CHECK(resolved["network"]["model"] == "ideal");
  CHECK(resolved["compute"]["scaling"] == "server-dependent");
  CHECK(resolved["schemes"][1]["code"] == "cyclic");
  CHECK(resolved["schemes"][2]["label"] == "uc-mmc load=4");
  CHECK(resolved["baseline"] == "all");
}

TEST_CASE(
    "results.csv has the same bytes for one, two and seven threads, and the resolved configuration the same "
    "rows") {
  const Folder folder;
  folder.write("small.json", small_config);
  for (const char* threads : {"1", "2", "7"})
    REQUIRE(folder.run(std::string("run small.json --format csv --threads ") + threads + " --out o" + threads)
                .code == 0);
  const std::string one = read_file(folder.path() / "o1/results.csv");
  CHECK(read_file(folder.path() / "o2/results.csv") == one);
  CHECK(read_file(folder.path() / "o7/results.csv") == one);
  REQUIRE(folder.run("run o1/config.json --out again").code == 0);
  const auto rows = [](const std::string& text) {
    std::vector<std::string> lines = lines_of(text);
    lines.erase(lines.begin() + 1);  // the command
    return lines;
  };
  CHECK(rows(read_file(folder.path() / "again/results.csv")) == rows(one));
}

TEST_CASE("csv output is the file, json output has the documented keys") {
  const Folder folder;
  folder.write("small.json", small_config);
  Outcome outcome = folder.run("run small.json --format csv --trials 200 --seed 3 --set /workers=6 --out o");
  CHECK(outcome.out == read_file(folder.path() / "o/results.csv"));
  CHECK(contains(outcome.out, "# command: straggle run small.json --set /workers=6 --trials 200 --seed 3\n"));
  CHECK(contains(outcome.out, "# seed: 3\n"));

  outcome = folder.run("run small.json --format json --trials 200");
  const auto json = nlohmann::json::parse(outcome.out);
  for (const char* key : {"title", "version", "command", "seed", "config_hash", "rows"})
    CHECK(json.contains(key));
  REQUIRE(json["rows"].size() == 6);
  for (const auto& row : json["rows"]) {
    for (const char* key : {"point", "axes", "scheme", "label", "trials", "time", "messages",
                            "useful_messages", "work", "speedup", "theory", "verify"})
      CHECK(row.contains(key));
    for (const char* key : {"mean", "std_error", "min", "p50", "p95", "p99", "max"})
      CHECK(row["time"].contains(key));
    CHECK(row["time"]["min"] <= row["time"]["p50"]);
    CHECK(row["time"]["p99"] <= row["time"]["max"]);
    CHECK(row["verify"]["trials"] == 100);
    CHECK(row["verify"]["prime_exact"] == true);
    CHECK(row["verify"]["decode_seconds"] > 0);
    CHECK(row["theory"]["z"].is_number());
  }
}

TEST_CASE("what the user can mend ends with code 2 and a word on what would be right") {
  const Folder folder;
  folder.write("small.json", small_config);
  folder.write("broken.json", "{\n  \"workers\": 4,,\n}");
  folder.write("wrong.json", R"({"workers": 4, "workres": 4, "compute": {"model": "constant", "time": -1},
                                 "schemes": [{"scheme": "gc", "load": 9}, {"scheme": "gcc"}]})");
  check_mistakes(
      folder,
      {{"rnu small.json", "did you mean run?"},
       {"run", "which configuration?"},
       {"run nowhere.json", "nowhere.json: cannot be opened"},
       {"run .", "is a folder"},
       {"run small.json extra", "extra: one argument too many"},
       {"run small.json --trails 5", "did you mean --trials?"},
       {"run small.json --trials 0", "must be a whole number, at least 1"},
       {"run small.json --trials 1.5e0", "must be a whole number, at least 1 and below 2^64"},
       {"run small.json --trials 1e-3", "such as 2000 or 2e3"},
       {"run small.json --trials 1e", "must be a whole number"},
       {"run small.json --trials 1_000", "must be a whole number"},
       {"run small.json --seed 18446744073709551616", "below 2^64"},
       {"run small.json -t 5", "-t: there is no such option (did you mean --trials or --threads?)"},
       {"run small.json -o there", "-o: there is no such option (did you mean --out?)"},
       {"run small.json -x", "-x: there is no such option\n"},
       {"run small.json -trials 5", "-trials: there is no such option (did you mean --trials?)"},
       {"run small.json --trials", "--trials: needs a value"},
       {"run small.json --samples=yes", "--samples: takes no value"},
       {"help lsit", "did you mean list?"},
       {"help run check", "check: one argument too many"},
       {"version 2", "2: one argument too many"},
       {"run small.json --positional 2", "--positional: there is no such option"},
       {"completion",
        "completion: for which shell? (straggle completion bash|zsh; straggle completion --help)"},
       {"completion fihs", "completion fihs: must be \"bash\" or \"zsh\""},
       {"completion bahs", "(did you mean \"bash\"?)"},
       {"list --format csv", "--format csv: must be table or json"},
       {"run -", "standard input:1:1: is not valid JSON"},
       {"check - <wrong.json", "standard input#/workres: is not a known field"},
       {"verify - <small.json", "standard input: has no \"expect\" block"},
       {"run small.json --trials -1", "must be a whole number, at least 1"},
       {"run small.json --seed x", "must be a whole number"},
       {"run small.json --threads 0", "at least 1"},
       {"run small.json --format tabel", "must be table, latex, markdown, csv or json (did you mean table?)"},
       {"run small.json --set workers=4", "is not a JSON pointer"},
       {"run small.json --set /compute/rate=4", "/compute/rate is swept"},
       {"run small.json --set /comptue/rate=4", "leads nowhere"},
       {"run small.json --out /dev/null/x", "cannot be created"},
       {"check broken.json", "broken.json:2:16: is not valid JSON"},
       {"check wrong.json", "wrong.json#/workres: is not a known field (did you mean \"workers\"?)"},
       {"check wrong.json", "wrong.json#/compute/time: must be a number above 0"},
       {"check wrong.json", "wrong.json#/schemes/0/load: must be a whole number from 1 to 4"},
       {"check wrong.json", "wrong.json#/schemes/1/scheme: is \"gcc\""},
       {"replay small.json", "which scheme?"},
       {"replay small.json --scheme al", "did you mean \"all\"?"},
       {"replay small.json --scheme all --point 2", "points 0 to 1"},
       {"list scheme", "did you mean \"schemes\"?"},
       {"verify", "which configurations?"},
       {"verify small.json", "has no \"expect\" block"}});
}

TEST_CASE("counts are also written with an exponent, to the last digit") {
  const Folder folder;
  folder.write("small.json", small_config);
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::string>>{{"1e3", "1000"},
                                                                                    {"1E+03", "1000"},
                                                                                    {"2.50e3", "2500"},
                                                                                    {"12.00", "12"},
                                                                                    {"0.3e1", "3"},
                                                                                    {"007", "7"}}) {
    CAPTURE(text);
    CHECK(contains(folder.run("check small.json --trials " + text).out, ": " + value + " trials of"));
  }
  for (const auto& [text, value] :
       std::vector<std::pair<std::string, std::string>>{{"18446744073709551615", "18446744073709551615"},
                                                        {"1.8446744073709551615e19", "18446744073709551615"},
                                                        {"0e99999999999999999999", "0"}}) {
    CAPTURE(text);
    CHECK(contains(folder.run("check small.json --seed " + text).out, "seed " + value + "\n"));
  }
  CHECK(folder.run("replay small.json --scheme all --trial 1e2").out ==
        folder.run("replay small.json --scheme all --trial 100").out);
}

TEST_CASE("a configuration comes from standard input where - stands for it") {
  const Folder folder;
  folder.write("small.json", small_config);
  fs::create_directory(folder.path() / "in");
  folder.write("in/times.csv", "seconds\n1\n2\n");
  folder.write("measured.json",
               R"({"workers": 4, "trials": 50, "compute": {"model": "empirical", "file": "in/times.csv"},
    "schemes": [{"scheme": "uncoded", "label": "all"}],
    "expect": [{"scheme": "all", "metric": "messages", "value": 4, "source": "K"}]})");
  REQUIRE(folder.run("run small.json --trials 200").code == 0);
  const Outcome run = folder.run("run - --trials 200 <small.json");
  CHECK(run.code == 0);
  CHECK(contains(run.err, "results/stdin/results.csv"));
  const auto rows = [&](const std::string& name) {
    std::vector<std::string> lines = lines_of(read_file(folder.path() / "results" / name / "results.csv"));
    lines.erase(lines.begin() + 1);  // the command
    return lines;
  };
  CHECK(rows("stdin") == rows("small"));
  CHECK(contains(read_file(folder.path() / "results/stdin/results.csv"),
                 "# command: straggle run - --trials 200\n"));
  CHECK(folder.run("report results/stdin").code == 0);
  // Data files are looked for in the current folder, and found again from the results' own.
  CHECK(folder.run("check - <measured.json").code == 0);
  CHECK(contains(folder.run("verify - <measured.json").out, "1 of 1 expectations met"));
  CHECK(folder.run("run - --out a/b <measured.json").code == 0);
  CHECK(folder.run("run a/b/config.json --out again").code == 0);
  CHECK(contains(folder.run("replay - --trial 3 <measured.json").out, "trial 3"));
  CHECK(folder.run("replay - --trace trace.json <measured.json").code == 0);
}

TEST_CASE("a run in units is the one in numbers: the same bytes, and one goes on with the other's journal") {
  const Folder folder;
  const auto write = [&](const std::string& shift, const std::string& range, const std::string& bandwidth) {
    folder.write("c.json", R"({"workers": 4, "trials": 1024, "gradient": {"bytes": 1000000},
      "compute": {"model": "shifted-exponential", "shift": )" +
                               shift + R"(, "rate": 10},
      "network": {"model": "serial", "bandwidth": )" +
                               bandwidth + R"(},
      "schemes": [{"scheme": "gc", "load": 2}, {"scheme": "uncoded"}],
      "sweep": [{"path": "/network/latency", )" +
                               range + "}]}");
  };
  write(R"("10 ms")", R"("from": "500 us", "to": "1.5 ms", "step": "0.5 ms")", R"("1 Gbit/s")");
  REQUIRE(folder.run("run c.json --out units").code == 0);
  write("0.01", R"("from": 0.0005, "to": 0.0015, "step": 0.0005)", "125000000");
  REQUIRE(folder.run("run c.json --out numbers").code == 0);
  for (const char* file : {"results.csv", "config.json"})
    CHECK(read_file(folder.path() / "units" / file) == read_file(folder.path() / "numbers" / file));
  CHECK(contains(read_file(folder.path() / "units/results.csv"), "\n2,0.0015,gc,"));
  const Outcome further = folder.run("run c.json --trials 2048 --out units");
  CHECK(further.code == 0);
  CHECK(contains(further.err, "going on: 3072 of 6144 trials are in units/journal"));
}

TEST_CASE("commands that are printed for repetition can be pasted into a shell") {
  const Folder folder;
  folder.write("it's $(here).json", small_config);
  const Outcome run =
      folder.run(R"(run "it's \$(here).json" --trials 20 --set '/schemes/0/label="x'"'"'y"' --out o)");
  REQUIRE(run.code == 0);
  const std::string command = lines_of(read_file(folder.path() / "o/results.csv"))[1];
  REQUIRE(command.starts_with("# command: straggle "));
  const std::string before = read_file(folder.path() / "o/results.csv");
  CHECK(folder.run(command.substr(std::string("# command: straggle ").size()) + " --out o").code == 0);
  CHECK(read_file(folder.path() / "o/results.csv") == before);
}

TEST_CASE("list --format json has what list prints, the columns too") {
  const Folder folder;
  const auto all = nlohmann::json::parse(folder.run("list --format json").out);
  const std::string table = folder.run("list").out, columns = folder.run("list columns").out;
  std::size_t lines = 0;
  for (const char* kind : {"schemes", "codes", "compute", "networks"}) {
    REQUIRE(all[kind].is_array());
    lines += 1 + all[kind].size();
    for (const auto& entry : all[kind]) {
      CHECK(contains(table, "  " + entry["name"].get<std::string>() + " "));
      CHECK(contains(table, entry["summary"].get<std::string>() + "\n"));
    }
    CHECK(nlohmann::json::parse(folder.run(std::string("list --format json ") + kind).out)[kind] ==
          all[kind]);
  }
  CHECK(lines == lines_of(table).size());
  lines = 0;
  for (const auto& [file, listed] : all["columns"].items()) {
    CHECK(contains(columns, file + "\n"));
    lines += 1 + listed.size();
    for (const auto& column : listed) {
      CHECK(contains(columns, column["meaning"].get<std::string>() + "\n"));
      CHECK((column["unit"].is_null() || contains(columns, column["unit"].get<std::string>())));
    }
  }
  CHECK(lines == lines_of(columns).size());
}

TEST_CASE("the configuration itself is not replaced by the resolved one") {
  const Folder folder;
  folder.write("config.json", small_config);
  const Outcome outcome = folder.run("run config.json --out .");
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.err, "is the configuration itself"));
  CHECK(read_file(folder.path() / "config.json") == small_config);
}

TEST_CASE("a closed pipe loses no result") {
  const Folder folder;
  folder.write("small.json", small_config);
  folder.run("run small.json --trials 100 --format json --out o | head -n 1");
  CHECK(lines_of(read_file(folder.path() / "o/results.csv")).size() == 5 + 1 + 6 + 1);
}

TEST_CASE("output that cannot be written is an error") {
  if (!fs::exists("/dev/full")) return;
  const Folder folder;
  folder.write("small.json", small_config);
  const Outcome outcome = folder.run("run small.json --trials 100 >/dev/full");
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.err, "standard output cannot be written"));
}

TEST_CASE("verify writes - and the reason where there is no number to compare") {
  const Folder folder;
  const auto verified = [&](const std::string& expectation) {
    folder.write("none.json", R"({"workers": 2, "trials": 50, "verify": {"trials": 0},
      "compute": {"model": "pareto", "shape": 0.8, "scale": 1}, "schemes": [{"scheme": "uncoded"}],
      "sweep": [{"path": "/compute/shape", "values": [0.7, 0.8, 1.5]}], "expect": [{"scheme": "uncoded", )" +
                                  expectation + R"(, "source": "s"}]})");
    const Outcome outcome = folder.run("verify none.json");
    CHECK(outcome.code == 1);
    CHECK_FALSE(contains(outcome.out, "nan"));
    return outcome.out;
  };
  CHECK(contains(verified(R"("metric": "time", "value": 3, "at": {"/compute/shape": 0.8})"),
                 "-       there is no mean: expect p50"));
  CHECK(contains(verified(R"("metric": "time", "value": 3, "within": 0.1, "at": {"/compute/shape": 0.8})"),
                 "-       there is no mean: expect p50"));
  CHECK(contains(verified(R"("metric": "time", "slope": {"x": "/compute/shape"}, "value": 3, "within": 0.1)"),
                 "a value it is fitted to is missing"));
  CHECK(contains(verified(R"("metric": "bytes_in_all", "value": 3, "at": {"/compute/shape": 0.8})"),
                 "there is no such number"));
}

TEST_CASE("verify passes what is met, exits 1 on a miss and finds configurations in folders") {
  const Folder folder;
  fs::create_directories(folder.path() / "all/deep");
  const auto with_expectation = [](const std::string& value) {
    return R"({"workers": 4, "trials": 2000, "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
               "schemes": [{"scheme": "uncoded", "label": "all"}],
               "expect": [{"scheme": "all", "metric": "time", "value": )" +
           value + R"(, "source": "closed form"}]})";
  };
  folder.write("all/deep/good.json", with_expectation("0.218333333"));  // 0.01 + H_4/10
  folder.write("all/other.json", small_config);
  Outcome outcome = folder.run("verify all");
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.out, "1 of 1 expectations met"));
  CHECK_FALSE(contains(outcome.out, "FAIL"));

  folder.write("all/bad.json", with_expectation("0.3"));
  outcome = folder.run("verify all");
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.out, "1 of 2 expectations met"));
  CHECK(contains(outcome.out, "FAIL"));
  CHECK(folder.run("verify all/deep/good.json").code == 0);
  CHECK(folder.run("verify nowhere").code == 2);
}

TEST_CASE("check lists points and programs, list every plug-in, replay a trial up to completion") {
  const Folder folder;
  folder.write("small.json", small_config);
  Outcome outcome = folder.run("check small.json");
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.out, "small.json: valid; 2 points"));
  CHECK(contains(outcome.out, "point 1, /compute/rate = 10: 3000 trials"));
  CHECK(
      contains(outcome.out, "8 workers; the master needs 6 messages; worker 1: sends after 3 mini-batches"));
  CHECK_FALSE(fs::exists(folder.path() / "results"));

  outcome = folder.run("list");
  for (const char* name :
       {"uncoded", "gc", "gc-mmc", "uc-mmc", "lcc", "gc-partial", "cyclic", "cyclic-mds", "reed-solomon",
        "fractional-repetition", "lagrange", "shifted-exponential", "constant", "ideal"})
    CHECK(contains(outcome.out, std::string("  ") + name + " "));
  CHECK(contains(folder.run("list compute").out, "constant"));
  CHECK_FALSE(contains(folder.run("list compute").out, "uc-mmc"));

  outcome = folder.run("replay small.json --scheme 'GC, three' --point 1 --trial 2999");
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.out, "useful, 6 of 6; COMPLETE"));
  CHECK(contains(outcome.out, "6 messages received, 6 of them useful"));
}

TEST_CASE("report writes a page beside the results, or where it is told to") {
  const Folder folder;
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json --trials 200").code == 0);
  const Outcome outcome = folder.run("report results/small");
  CHECK(outcome.code == 0);
  CHECK(outcome.out.empty());
  CHECK(contains(outcome.err, "report: results/small/report.html ("));
  const std::string page = read_file(folder.path() / "results/small/report.html");
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.ends_with("</html>\n"));
  CHECK(contains(page, "distribution-0"));
  CHECK(contains(page, "distribution-1"));
  // The same page from one thread, and from times that were kept, but for what no two pages share.
  const auto without_nonce = [](std::string text) {
    const std::string before = "script-src 'nonce-";
    const std::size_t begin = text.find(before);
    REQUIRE(begin != std::string::npos);
    const std::string nonce = text.substr(begin + before.size(), 32);
    for (std::size_t at = 0; (at = text.find(nonce, at)) != std::string::npos;) text.erase(at, nonce.size());
    return text;
  };
  REQUIRE(folder.run("report results/small --threads 1 --output again.html").code == 0);
  CHECK(without_nonce(read_file(folder.path() / "again.html")) == without_nonce(page));
  REQUIRE(folder.run("run small.json --trials 200 --samples").code == 0);
  REQUIRE(folder.run("report results/small -o other.html").code == 0);
  std::string other = read_file(folder.path() / "other.html");
  const std::string read = "read from samples.csv", ran = "run again from config.json";
  for (std::size_t at = other.find(read); at != std::string::npos; at = other.find(read))
    other.replace(at, read.size(), ran);
  CHECK(without_nonce(other) == without_nonce(page));

  REQUIRE(folder.run("report results/small --point 1 -o one.html").code == 0);
  const std::string one = read_file(folder.path() / "one.html");
  CHECK_FALSE(contains(one, "id=\"distribution-0\""));
  CHECK(contains(one, "id=\"distribution-1\""));
}

TEST_CASE("report says what is wrong with a folder") {
  const Folder folder;
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json --trials 20 --out good").code == 0);
  REQUIRE(folder.run("run small.json --trials 30 --out other").code == 0);
  for (const char* name : {"no-config", "no-results", "mixed", "short"})
    fs::create_directory(folder.path() / name);
  fs::copy(folder.path() / "good/results.csv", folder.path() / "no-config");
  fs::copy(folder.path() / "good/config.json", folder.path() / "no-results");
  fs::copy(folder.path() / "good/results.csv", folder.path() / "mixed");
  fs::copy(folder.path() / "other/config.json", folder.path() / "mixed");
  fs::copy(folder.path() / "good/config.json", folder.path() / "short");
  const std::string results = read_file(folder.path() / "good/results.csv");
  folder.write("short/results.csv", results.substr(0, results.rfind('#') - 40));
  check_mistakes(folder, {{"report", "of which run?"},
                          {"report nowhere", "nowhere: is no folder"},
                          {"report small.json", "small.json: is no folder"},
                          {"report no-results", "no-results/results.csv: cannot be opened"},
                          {"report no-config", "no-config/config.json: cannot be opened"},
                          {"report mixed", "mixed/results.csv: is of configuration "},
                          {"report mixed", "run it again: straggle run mixed/config.json --out"},
                          {"report short", "short/results.csv:12: has "},
                          {"report good --point 2", "--point 2: the sweep has points 0 to 1"},
                          {"report good --pint 1", "did you mean --point?"},
                          {"report good --ouput x", "did you mean --output?"},
                          {"report good -o nowhere/x.html", "nowhere/x.html: cannot be written"},
                          {"report good other", "other: one argument too many"}});
}

TEST_CASE("the resolved configuration of a sweep over data files can be run and reported") {
  const Folder folder;
  fs::create_directory(folder.path() / "in");
  folder.write("in/fast.csv", "seconds\n1\n2\n");
  folder.write("in/slow.csv", "seconds\n3\n4\n");
  folder.write("in/c.json", R"({"workers": 4, "trials": 50,
    "compute": {"model": "empirical", "file": "fast.csv"}, "schemes": [{"scheme": "uncoded", "label": "all"}],
    "sweep": [{"path": "/compute/file", "values": ["fast.csv", "slow.csv"]}],
    "expect": [{"scheme": "all", "at": {"/compute/file": "slow.csv"}, "metric": "messages", "value": 4, "source": "K"}]})");
  REQUIRE(folder.run("run in/c.json --out a/b").code == 0);
  CHECK(folder.run("run a/b/config.json --out again").code == 0);
  CHECK(folder.run("verify a/b/config.json").code == 0);
  CHECK(folder.run("report a/b").code == 0);
  const std::string hash = lines_of(read_file(folder.path() / "a/b/results.csv"))[4];
  CHECK(lines_of(read_file(folder.path() / "again/results.csv"))[4] == hash);
}

TEST_CASE("run --samples writes a row a trial whose means are those of results.csv, and nothing without it") {
  const Folder folder;
  folder.write("small.json", small_config);
  REQUIRE(folder.run("run small.json").code == 0);
  CHECK_FALSE(fs::exists(folder.path() / "results/small/samples.csv"));
  const std::string without = read_file(folder.path() / "results/small/results.csv");
  REQUIRE(folder.run("run small.json --samples --threads 2").code == 0);
  CHECK(read_file(folder.path() / "results/small/results.csv") == without);
  const std::vector<std::string> samples = lines_of(read_file(folder.path() / "results/small/samples.csv"));
  const std::vector<std::string> results = lines_of(without);
  REQUIRE(samples.size() == 6 + 2 * 3 * 3000 + 1);
  CHECK(samples.back().starts_with("# end: 18000 rows of run " + results.back().substr(21) + ", crc32 "));
  for (std::size_t i = 0; i < 5; ++i) CHECK(samples[i] == results[i]);
  for (const std::string& line : samples)
    if (!line.starts_with("#")) REQUIRE(fields_of(line) == fields_of(samples[5]));
  CHECK(samples[5] ==
        "point,/compute/rate,scheme,label,trial,time,messages,useful_messages,messages_in_all,bytes_in_all,"
        "bytes_into_busiest,port_utilisation,work,wasted");
  // "all" at the first point: its trials, in order, and their mean.
  double sum = 0;
  for (std::size_t trial = 0; trial < 3000; ++trial) {
    const std::string& line = samples[6 + trial];
    const std::string start = "0,5,uncoded,all," + std::to_string(trial) + ",";
    REQUIRE(line.starts_with(start));
    sum += std::stod(line.substr(start.size()));
  }
  CHECK(first_row(without, "time_mean") == Approx(sum / 3000).epsilon(1e-12));
}

TEST_CASE("run --critical-path adds columns to results.csv, samples.csv, the table and JSON") {
  const Folder folder;
  folder.write("small.json", small_config);
  const Outcome outcome = folder.run("run small.json --trials 50 --critical-path --samples");
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.out, "waited for"));
  CHECK(contains(outcome.out, "100 % compute"));
  for (const std::string file : {"results.csv", "samples.csv"}) {
    const std::vector<std::string> lines = lines_of(read_file(folder.path() / "results/small" / file));
    CHECK(contains(lines[5], "critical_waiting"));
    for (std::size_t i = 5; i + 1 < lines.size(); ++i) REQUIRE(fields_of(lines[i]) == fields_of(lines[5]));
  }
  const Outcome json = folder.run("run small.json --trials 50 --critical-path --format json");
  const auto rows = nlohmann::json::parse(json.out)["rows"];
  CHECK(rows[0]["critical_compute"]["mean"] == Approx(rows[0]["time"]["mean"].get<double>()).epsilon(1e-12));
  // A ring too large to keep every message of says so.
  folder.write("ring.json", R"({"workers": 800, "trials": 1, "verify": {"trials": 0},
    "compute": {"model": "constant", "time": 1}, "network": {"model": "serial", "overhead": 0.1},
    "schemes": [{"scheme": "rar"}]})");
  const Outcome ring = folder.run("run ring.json --critical-path");
  CHECK(ring.code == 2);
  CHECK(contains(ring.err, "707 workers at the most"));
}

TEST_CASE("replay --trace writes all schemes of a trial into one file, or those that are named") {
  const Folder folder;
  folder.write("small.json", small_config);
  const Outcome all = folder.run("replay small.json --trial worst --trace all.json");
  REQUIRE(all.code == 0);
  CHECK(all.out.empty());
  const auto trace = nlohmann::json::parse(read_file(folder.path() / "all.json"));
  std::vector<std::string> names;
  for (const auto& event : trace["traceEvents"])
    if (event["name"] == "process_name") names.push_back(event["args"]["name"]);
  REQUIRE(names.size() == 3);
  CHECK(names[0].starts_with("all: trial "));
  CHECK(names[1].starts_with("GC, three: trial "));
  // The worst trial is that of the first scheme: its time is results.csv's maximum.
  REQUIRE(folder.run("run small.json").code == 0);
  const double greatest = first_row(read_file(folder.path() / "results/small/results.csv"), "time_max");
  for (const auto& event : trace["traceEvents"])
    if (event["pid"] == 1 && event["name"].get<std::string>().starts_with("complete"))
      CHECK(event["args"]["time_s"] == greatest);
  const std::string command = trace["otherData"]["command"];
  CHECK(contains(command, "straggle replay small.json --point 0 --trial "));

  const Outcome two =
      folder.run("replay small.json --scheme 'GC, three' --scheme all --trace two.json --point 1");
  REQUIRE(two.code == 0);
  CHECK(contains(two.out, "GC, three, trial 0"));
  CHECK(contains(two.out, "It waited for: compute 100 %"));
  CHECK(contains(two.err, "two.json"));
}

TEST_CASE("replay says what is wrong with a trial's rank, a scheme or a trace's file") {
  const Folder folder;
  folder.write("small.json", small_config);
  for (const auto& [arguments, complaint] : std::vector<std::pair<std::string, std::string>>{
           {"--scheme all --trial best", "--trial best: must be a number from 0, or median, p99 or worst"},
           {"--scheme all --trial -1", "must be a number from 0"},
           {"--scheme all --trial 1.5", "must be a number from 0"},
           {"--scheme all --scheme al", "did you mean \"all\""},
           {"--scheme all --trace nowhere/trace.json", "nowhere/trace.json: cannot be written"},
           {"--scheme all --trace", "--trace"},
           {"--trace ./small.json", "./small.json: is what is read here"},
           {"--scheme all --picture small.json", "small.json: is what is read here"},
           {"--picture picture.svg --trace trace.json", "--picture: draws one scheme"},
           {"", "or --trace FILE for all"}}) {
    const Outcome outcome = folder.run("replay small.json " + arguments);
    CAPTURE(arguments, outcome.err);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.err, complaint));
  }
  folder.write("dead.json", R"({"workers": 2, "trials": 5, "verify": {"trials": 0},
    "compute": {"model": "constant", "time": 1, "failure": {"workers": [1]}}, "schemes": [{"scheme": "uncoded"}]})");
  const Outcome dead = folder.run("replay dead.json --trial median");
  CHECK(dead.code == 2);
  CHECK(contains(dead.err, "none of the 5 trials of \"uncoded\" could complete"));
  CHECK(folder.run("replay dead.json --trace dead-trace.json --picture dead.svg").code == 0);
  CHECK(read_file(folder.path() / "dead.svg").starts_with("<svg"));
}
