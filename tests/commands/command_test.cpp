// The table of a command: what is made of it has every option, and shells and man take what they are given.
#include "sim/commands/command.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/commands/arguments.h"
#include "sim/commands/help.h"
#include "tests/commands/support.h"

using namespace straggle;
using namespace command_line;

namespace {

/// What bash offers for the last of these words, in a folder with the script of the program.
class Bash {
 public:
  Bash() {
    folder.write("complete.sh", R"(source <(')" STRAGGLE_PROGRAM R"(' completion bash)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_straggle
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
)");
  }

  /// `words`: as a shell has them, with those quoted that are to be one.
  std::vector<std::string> offers(const std::string& words) const {
    const Outcome outcome = folder.shell("bash complete.sh " + words);
    INFO(words);
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    return lines_of(outcome.out);
  }

  Folder folder;
};

using Words = std::vector<std::string>;

bool in_path(const Folder& folder, const std::string& program) {
  return folder.shell("command -v " + program).code == 0;
}

}  // namespace

TEST_CASE("every option of a table is read, and stands in the help, the completions and the man page") {
  const Bash bash;
  const Folder& folder = bash.folder;
  const std::string zsh = folder.run("completion zsh").out, man = folder.run("man").out;
  std::size_t options = 0;
  for (const Command& command : commands()) {
    INFO(command.name);
    const std::string help = folder.run("help " + command.name).out;
    CHECK(contains(folder.run("help").out, "  " + command.name));
    CHECK(contains(help, "usage: " + usage_of(command) + "\n"));
    const std::size_t section = man.find("\n.SS \\&straggle " + command.name);
    REQUIRE(section != std::string::npos);
    const std::string page = man.substr(section + 1, man.find("\n.S", section + 1) - section - 1);
    const std::size_t branch =
        zsh.find(fmt::format("\n    {}", command.name == "help" ? "help|" : command.name + ")"));
    REQUIRE(branch != std::string::npos);
    const std::string arguments = zsh.substr(branch, zsh.find(";;", branch) - branch);
    Words names;
    for (const Option& option : command.options) {
      INFO(option.name);
      const std::string name = "--" + option.name;
      names.push_back(name);
      CHECK(contains(help, "\n  " + form_of(option) + " "));
      std::string dashed = name;
      for (std::size_t at = 0; (at = dashed.find('-', at)) != std::string::npos; at += 2)
        dashed.insert(at, "\\");
      CHECK(contains(page, dashed));
      CHECK(contains(arguments, name));
      const bool flag = option.value.empty();
      CHECK(folder.run(command.name + " " + name + (flag ? "=1" : "")).err ==
            name + (flag ? ": takes no value\n" : ": needs a value behind it\n"));
      if (option.letter)
        CHECK(folder.run(command.name + " -" + option.letter).err == name + ": needs a value behind it\n");
      if (!option.choices.empty())
        CHECK(bash.offers(fmt::format("straggle {} {} ''", command.name, name)) == option.choices);
    }
    options += names.size();
    names.push_back("--help");
    CHECK(contains(arguments, "--help"));
    CHECK(bash.offers("straggle " + command.name + " --") == names);
    if (command.positional && !command.positional->choices.empty())
      CHECK(bash.offers("straggle " + command.name + " ''") == command.positional->choices);
  }
  CHECK(options > 20);
}

TEST_CASE("a table that a command asks for an option it has not got is an error of the program") {
  const Command command{
      .name = "walk",
      .summary = "",
      .description = "",
      .options = {{"far", "", ""}, {.name = "to", .value = "PLACE", .help = "", .letter = 't'}},
      .example = ""};
  const Arguments arguments(command, {"--far", "-t", "here"});
  CHECK(arguments.given("far"));
  CHECK(arguments.last("to") == "here");
  CHECK_FALSE(arguments.help());
  CHECK_THROWS_AS(arguments.given("near"), std::logic_error);
  CHECK_THROWS_AS(arguments.threads(), std::logic_error);
  CHECK_THROWS_WITH(Arguments(command, {"here"}), "here: one argument too many");
  CHECK_THROWS_WITH(Arguments(command, {"--form"}),
                    Catch::Contains("--form: there is no such option (did you mean --far?)"));
  CHECK(usage_of(command) == "straggle walk [--far] [-t PLACE]");
}

TEST_CASE("help is filled between words, and paragraphs stay apart") {
  CHECK(paragraphs("  a b\nc\n\n \n d\n") == Words{"a b c", "d"});
  CHECK(paragraphs("").empty());
  const std::string word(50, 'w');
  CHECK(fill(word + " " + word, 4) == word + " " + word);
  CHECK(fill(word + " " + word + " " + std::string(18, 'x'), 4) ==
        word + " " + word + " " + std::string(18, 'x'));
  CHECK(fill(word + " " + word + " " + std::string(19, 'x'), 4) ==
        word + " " + word + "\n    " + std::string(19, 'x'));
  CHECK(fill(std::string(130, 'y') + " z", 2) == std::string(130, 'y') + "\n  z");  // no place to break it
  CHECK(fill("a " + std::string(130, 'y') + " z", 2) == "a\n  " + std::string(130, 'y') + "\n  z");
}

TEST_CASE("bash completes commands, options, the words they take, and files") {
  const Bash bash;
  bash.folder.write("one.json", "");
  bash.folder.write("other file.json", "");
  bash.folder.write("one.csv", "");
  fs::create_directory(bash.folder.path() / "onward");
  CHECK(bash.offers("straggle ru") == Words{"run"});
  CHECK(bash.offers("straggle re") == Words{"replay", "report"});
  CHECK(bash.offers("straggle --") == Words{"--help", "--version"});
  CHECK(bash.offers("build/straggle run --cri") == Words{"--critical-path"});
  CHECK(bash.offers("straggle run o") == Words{"onward", "one.json", "other file.json"});
  CHECK(bash.offers("straggle verify one.json on") == Words{"onward", "one.json"});
  CHECK(bash.offers("straggle report o") == Words{"onward"});
  CHECK(bash.offers("straggle report onward -o one.") == Words{"one.csv", "one.json"});
  // One configuration is all that run takes; behind it there are options.
  CHECK(bash.offers("straggle run one.json ''").front() == "--set");
  CHECK(bash.offers("straggle run --samples --trials 5 --out onward on") == Words{"onward", "one.json"});
  CHECK(bash.offers("straggle run one.json --out o") == Words{"onward"});
  CHECK(bash.offers("straggle run one.json --trials ''").empty());
  // Words as bash has them, for which = is one.
  CHECK(bash.offers("straggle run --format = c") == Words{"csv"});
  CHECK(bash.offers("straggle run --format =").size() == 5);
  CHECK(bash.offers("straggle run --format = csv on") == Words{"onward", "one.json"});
  CHECK(bash.offers("straggle run --set /trials = o").empty());
  CHECK(bash.offers("straggle run --set /trials =").empty());
  CHECK(bash.offers("straggle run --set /trials = 5 on") == Words{"onward", "one.json"});
  CHECK(bash.offers("straggle help ver") == Words{"verify", "version"});
  CHECK(bash.offers("straggle --help ver") == Words{"verify", "version"});
  CHECK(bash.offers("straggle rnu ''").empty());
  std::string all;
  for (const Command& command : commands()) all += command.name + "\n";
  CHECK(bash.folder.shell("bash -c 'source complete.sh straggle \"\"; complete -p straggle'").out ==
        all + "--help\n--version\ncomplete -F _straggle straggle\n");
}

TEST_CASE("zsh takes its script") {
  const Folder folder;
  folder.write("_straggle", folder.run("completion zsh").out);
  CHECK(read_file(folder.path() / "_straggle").starts_with("#compdef straggle\n"));
  if (!in_path(folder, "zsh")) {
    WARN("there is no zsh: its script is not checked");
    return;
  }
  const Outcome outcome = folder.shell("zsh -f -n _straggle");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
}

TEST_CASE("the man page is roff without a warning") {
  const Folder folder;
  const std::string page = folder.run("man").out;
  CHECK(page.starts_with(".TH STRAGGLE 1 "));
  for (const std::string& line : lines_of(page)) {
    INFO(line);
    if (line.starts_with("."))
      CHECK((line == ".PP" || line == ".nf" || line == ".fi" || line == ".TP" || line.starts_with(".TH ") ||
             line.starts_with(".SH ") || line.starts_with(".SS \\&")));
    else
      CHECK((line.starts_with("\\&") && line.size() > 2));
  }
  folder.write("straggle.1", page);
  if (!in_path(folder, "groff")) {
    WARN("there is no groff: the page is not set");
    return;
  }
  const Outcome set = folder.shell("groff -man -Tascii -ww -P-c straggle.1");
  CHECK(set.code == 0);
  CHECK(set.err.empty());
  std::string words = set.out;  // without what makes letters bold
  for (std::size_t at = 0; (at = words.find('\b')) != std::string::npos;) words.erase(at - 1, 2);
  for (const Command& command : commands())
    for (const Option& option : command.options) CHECK(contains(words, "       " + form_of(option)));
  CHECK(contains(words, "straggle run experiments/gc-mmc/figure1.json --trials 20000"));
}
