// Who may include whom: mathematics knows no clock, the clock knows no mathematics, and only sim/run joins
// everything. Read off the #include lines, so that a slip is found by the name of its file.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

/// A layer's folder and the folders it may include from; a folder stands for what is directly in it. Of some
/// folders only a file.
const std::map<std::string, std::vector<std::string>> layers = {
    {"sim/base", {"sim/base"}},
    {"sim/engine", {"sim/engine"}},
    {"codes", {"codes"}},
    // What a model chooses for the engine, and nothing else of it.
    {"models", {"models", "sim/base", "sim/engine/link_discipline.h"}},
    {"sim/schemes", {"sim/schemes", "sim/base", "sim/engine", "codes"}},
    // A scheme is its law there, not its program.
    {"sim/theory", {"sim/theory", "sim/schemes/completion_law.h", "models/compute_model.h"}},
    {"sim/run", {"sim/run", "sim/base", "sim/engine", "sim/schemes", "sim/theory", "models", "codes"}},
    {"sim/table", {"sim/table", "sim/run", "sim/base"}},
    {"sim/view", {"sim/view", "sim/table", "sim/run", "sim/base", "sim/engine"}},
    {"sim/commands",
     {"sim/commands", "sim/view", "sim/table", "sim/run", "sim/base", "sim/schemes", "models"}},
    {"sim/mpi", {"sim/commands", "sim/run", "sim/base"}},
    {"sim", {"sim/commands"}},  // the program
};

std::string folder_of(const std::string& path) {
  return path.substr(0, std::min(path.rfind('/'), path.size()));
}

/// What is wrong with the #include lines of a file, as `file:line: reason` each. `exists` tells whether a
/// path from the repository's root is one of our files.
template <class Exists>
std::vector<std::string> violations(const std::string& path, const std::string& text, const Exists& exists) {
  std::vector<std::string> result;
  const auto layer = layers.find(folder_of(path));
  if (layer == layers.end()) return {path + ":1: is in no layer"};
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto word = line.find_first_not_of(" \t");
    if (word == std::string::npos || line[word] != '#') continue;
    const auto directive = line.find_first_not_of(" \t", word + 1);
    if (directive == std::string::npos || line.compare(directive, 7, "include") != 0) continue;
    const auto open = line.find_first_of("\"<", directive + 7);
    const auto close = open == std::string::npos ? open : line.find_first_of("\">", open + 1);
    const std::string where = path + ":" + std::to_string(number) + ": ";
    if (close == std::string::npos) {
      result.push_back(where + "includes something that is no plain path");
      continue;
    }
    const std::string target = line.substr(open + 1, close - open - 1);
    const bool quoted = line[open] == '"';
    if (quoted && !exists(target)) {
      result.push_back(where + "includes \"" + target +
                       "\", which is no path from the root of the repository");
    } else if (!quoted && exists(target)) {
      result.push_back(where + "includes <" + target + ">, a file of ours, as if it were a library's");
    } else if (quoted &&
               std::none_of(layer->second.begin(), layer->second.end(), [&](const std::string& allowed) {
                 return allowed == target || allowed == folder_of(target);
               })) {
      result.push_back(where + layer->first + " may not include \"" + target + "\"");
    }
  }
  return result;
}

/// Which files of the same folder a file includes, a header and its source being one.
using Includes = std::map<std::string, std::set<std::string>>;

/// A circle in what includes what, as `a -> b -> a`; empty where there is none.
std::string circle(const Includes& includes) {
  std::set<std::string> done;
  std::vector<std::string> path;
  const std::function<std::string(const std::string&)> visit = [&](const std::string& file) -> std::string {
    if (const auto again = std::find(path.begin(), path.end(), file); again != path.end()) {
      std::string found;
      for (auto step = again; step != path.end(); ++step) found += *step + " -> ";
      return found + file;
    }
    if (done.contains(file)) return "";
    path.push_back(file);
    if (const auto entry = includes.find(file); entry != includes.end())
      for (const std::string& next : entry->second)
        if (const std::string found = visit(next); !found.empty()) return found;
    path.pop_back();
    done.insert(file);
    return "";
  };
  for (const auto& [file, next] : includes)
    if (const std::string found = visit(file); !found.empty()) return found;
  return "";
}

/// The includes among the sources of a folder, those in folders below left out.
Includes includes_in(const fs::path& root, const std::string& folder) {
  Includes includes;
  for (const auto& entry : fs::directory_iterator(root / folder)) {
    const std::string extension = entry.path().extension(), own = entry.path().stem();
    if (extension != ".h" && extension != ".cpp") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (!line.starts_with("#include \"" + folder + "/")) continue;
      const fs::path target = line.substr(10, line.rfind('"') - 10);
      if (folder_of(target) == folder && target.stem() != own) includes[own].insert(target.stem());
    }
  }
  return includes;
}

}  // namespace

TEST_CASE("inside a folder nothing includes itself in a circle") {
  for (const auto& [folder, allowed] : layers) {
    INFO(folder);
    CHECK(circle(includes_in(STRAGGLE_SOURCE_DIR, folder)) == "");
  }
  CHECK(includes_in(STRAGGLE_SOURCE_DIR, "sim/run").at("row").contains("summary"));  // it finds some
  CHECK(circle({{"a", {"b", "c"}}, {"b", {"c"}}, {"c", {}}}) == "");
  CHECK(circle({{"a", {"b"}}, {"b", {"c"}}, {"c", {"b"}}}) == "b -> c -> b");
}

TEST_CASE("every include goes to a layer that may be included from there") {
  const fs::path root = STRAGGLE_SOURCE_DIR;
  const auto exists = [&](const std::string& path) { return fs::is_regular_file(root / path); };
  int files = 0;
  std::string found;
  for (const char* tree : {"sim", "codes", "models"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / tree)) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      std::ifstream file(entry.path());
      const std::string text(std::istreambuf_iterator<char>(file), {});
      for (const std::string& violation :
           violations(fs::relative(entry.path(), root).generic_string(), text, exists))
        found += violation + "\n";
      ++files;
    }
  }
  INFO(found);
  CHECK(found.empty());
  CHECK(files > 30);  // it has looked at the right place
}

TEST_CASE("the check of the layers finds what it is for") {
  const auto exists = [](const std::string& path) {
    return path.starts_with("sim/") || path.starts_with("codes/") || path.starts_with("models/") ||
           path.starts_with("tests/");
  };
  const auto one = [&](const std::string& path, const std::string& text) {
    const auto found = violations(path, text, exists);
    return found.size() == 1 ? found[0] : "found " + std::to_string(found.size());
  };
  CHECK(one("codes/x.h", "// a comment\n#include \"sim/engine/round.h\"\n") ==
        "codes/x.h:2: codes may not include \"sim/engine/round.h\"");
  CHECK(one("sim/engine/x.cpp", "#include \"codes/field.h\"") ==
        "sim/engine/x.cpp:1: sim/engine may not include \"codes/field.h\"");
  CHECK(one("sim/engine/x.cpp", "  #  include\t\"sim/base/random.h\"") ==
        "sim/engine/x.cpp:1: sim/engine may not include \"sim/base/random.h\"");
  CHECK(one("sim/schemes/x.cpp", "#include \"models/compute_model.h\"") ==
        "sim/schemes/x.cpp:1: sim/schemes may not include \"models/compute_model.h\"");
  CHECK(one("models/x.cpp", "#include \"sim/schemes/scheme.h\"") ==
        "models/x.cpp:1: models may not include \"sim/schemes/scheme.h\"");
  CHECK(one("models/x.cpp", "#include \"sim/engine/links.h\"") ==
        "models/x.cpp:1: models may not include \"sim/engine/links.h\"");
  CHECK(one("sim/base/x.h", "#include \"sim/run/trials.h\"") ==
        "sim/base/x.h:1: sim/base may not include \"sim/run/trials.h\"");
  CHECK(one("sim/theory/x.h", "#include \"sim/schemes/scheme.h\"") ==
        "sim/theory/x.h:1: sim/theory may not include \"sim/schemes/scheme.h\"");
  CHECK(one("sim/theory/x.h", "#include \"sim/schemes/completion_law.h\"") == "found 0");
  CHECK(one("sim/table/x.h", "#include \"sim/view/page.h\"") ==
        "sim/table/x.h:1: sim/table may not include \"sim/view/page.h\"");
  CHECK(one("sim/run/x.h", "#include \"tests/schemes/support.h\"") ==
        "sim/run/x.h:1: sim/run may not include \"tests/schemes/support.h\"");
  CHECK(one("sim/schemes/x.cpp", "#include \"scheme.h\"") ==
        "sim/schemes/x.cpp:1: includes \"scheme.h\", which is no path from the root of the repository");
  CHECK(one("sim/engine/x.cpp", "#include <codes/field.h>") ==
        "sim/engine/x.cpp:1: includes <codes/field.h>, a file of ours, as if it were a library's");
  CHECK(one("sim/new/x.cpp", "") == "sim/new/x.cpp:1: is in no layer");
  CHECK(one("sim/run/x.cpp", "#include HEADER") ==
        "sim/run/x.cpp:1: includes something that is no plain path");

  const std::string allowed =
      "#pragma once\n#include <vector>\n#include \"sim/base/random.h\"\n#define include \"codes/\"\n";
  for (const char* path : {"models/x.h", "sim/schemes/x.h", "sim/run/x.h", "sim/mpi/x.h", "sim/base/x.h"})
    CHECK(violations(path, allowed, exists).empty());
}
