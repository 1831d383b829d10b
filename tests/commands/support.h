// The program as a user runs it, in a folder of its own: what the tests of the command line share.
#pragma once

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/temporary_folder.h"

namespace command_line {

namespace fs = std::filesystem;

inline std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

struct Outcome {
  int code;
  std::string out, err;
};

/// A folder of its own for a test, in which it runs the program.
class Folder {
 public:
  const fs::path& path() const { return folder_.path; }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path() / name, std::ios::binary) << text;
  }

  /// Runs `straggle ARGUMENTS` in the folder, as a shell would.
  Outcome run(const std::string& arguments) const { return shell("'" STRAGGLE_PROGRAM "' " + arguments); }

  /// Runs a command of the shell in the folder.
  Outcome shell(const std::string& command) const {
    const std::string redirected = "{ cd '" + path().string() + "' && " + command + "; } >'" +
                                   (path() / ".out").string() + "' 2>'" + (path() / ".err").string() +
                                   "' </dev/null";
    const int status = std::system(redirected.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(path() / ".out"),
            read_file(path() / ".err")};
  }

 private:
  TemporaryFolder folder_;
};

inline const std::string small_config = R"({
  "title": "small", "trials": 3000, "workers": 8,
  "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
  "schemes": [{"scheme": "uncoded", "label": "all"},
              {"scheme": "gc", "load": 3, "label": "GC, three"},
              {"scheme": "uc-mmc", "load": 4}],
  "sweep": [{"path": "/compute/rate", "values": [5, 10]}]
})";

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

inline std::size_t fields_of(const std::string& csv_line) {
  std::size_t count = 1;
  bool quoted = false;
  for (const char c : csv_line) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) ++count;
  }
  return count;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The number in the first row of a results.csv, whose label holds no comma.
inline double first_row(const std::string& csv, const std::string& column) {
  std::vector<std::string> lines = lines_of(csv);
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("#"); });
  std::istringstream names(lines.at(0)), cells(lines.at(1));
  for (std::string name, cell; std::getline(names, name, ',') && std::getline(cells, cell, ',');)
    if (name == column) return std::stod(cell);
  throw std::out_of_range(column);
}

struct Mistake {
  std::string arguments, message;
};

/// Each of these calls is refused with its message, before anything is printed.
inline void check_mistakes(const Folder& folder, const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.arguments);
    const Outcome outcome = folder.run(mistake.arguments);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    INFO(outcome.err);
    CHECK(contains(outcome.err, mistake.message));
  }
}

}  // namespace command_line
