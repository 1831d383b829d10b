// The command line: the only place that prints errors and ends the process.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>

#include "sim/base/config.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/base/version.h"
#include "sim/commands/command.h"

namespace straggle {
namespace {

constexpr const char* program_help = R"(straggle: a simulator for straggler-aware gradient aggregation

usage: straggle COMMAND [ARGUMENTS]

  run CONFIG       run a sweep, print its table, write results.csv
  verify PATH...   run configurations and compare with the numbers they expect
  check CONFIG     validate a configuration, list its points and programs
  replay CONFIG    one trial of one scheme as a list of events
  report FOLDER    a page of a run's folder: table, charts, distributions, timelines
  list             the schemes, codes, compute models and networks there are

`straggle help COMMAND` or `straggle COMMAND --help` tells more, `straggle version` what this is. Exit code: 0 fine, 1 an
expectation or an exactness check failed, 2 something to mend in the call, the configuration or the system, 128 and the
signal's number where it was stopped.

example: straggle run configs/first.json --set /compute/shift=0.05 --trials 5000
)";

using Words = std::vector<std::string>;

void expect_no_more(const Words& words, std::size_t most) {
  if (words.size() > most)
    throw ConfigError(fmt::format("{}: one argument too many", printable(words[most])));
}

int version_command() {
  std::cout << "straggle " << version() << "\n";
  return fine;
}

/// Calls the command of that name.
int call(const std::string& name, const Words& arguments) {
  const std::vector<std::pair<std::string, int (*)(const Words&)>> commands = {
      {"run", run_command},       {"verify", verify_command}, {"check", check_command},
      {"replay", replay_command}, {"report", report_command}, {"list", list_command}};
  Words names = {"help", "version"};
  for (const auto& [known, command] : commands) {
    if (name == known) return command(arguments);
    names.push_back(known);
  }
  const auto near = nearest_name(name, names);
  throw ConfigError(fmt::format("{}: there is no such command{}; see straggle --help", printable(name),
                                near ? fmt::format(" (did you mean {}?)", *near) : ""));
}

int dispatch(const Words& words) {
  if (words.empty()) {
    std::cerr << program_help;
    return mendable;
  }
  const std::string& first = words[0];
  if (first == "--help" || first == "-h" || first == "help") {
    expect_no_more(words, 2);
    const std::string about = words.size() > 1 ? words[1] : "help";
    if (about != "help" && about != "version") return call(about, {"--help"});
    std::cout << program_help;
    return fine;
  }
  if (first == "--version" || first == "version") {
    if (words.size() == 2 && (words[1] == "--help" || words[1] == "-h")) return dispatch({"help"});
    expect_no_more(words, 1);
    return version_command();
  }
  return call(first, {words.begin() + 1, words.end()});
}

/// The three standard descriptors are taken, or the first files opened would get their numbers, and what is
/// printed. Where one was closed it now fails as a closed one does: nothing can be written to it.
void reserve_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (fcntl(descriptor, F_GETFD) < 0 && open("/", O_PATH | O_DIRECTORY) != descriptor) std::_Exit(mendable);
}

}  // namespace
}  // namespace straggle

namespace {

/// Standard output, which knows why it could not be written.
class StandardOutput {
 public:
  StandardOutput() : before_(std::cout.rdbuf(&buffer_)) {}
  ~StandardOutput() {
    std::cout.flush();
    std::cout.rdbuf(before_);
  }
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  void finish() const {
    std::cout.flush();
    if (!std::cout)
      throw straggle::ConfigError(
          "standard output cannot be written: " +
          (buffer_.error() == EBADF ? "it is closed" : straggle::reason_of_errno(buffer_.error())));
  }

 private:
  straggle::DescriptorBuffer buffer_{STDOUT_FILENO};
  std::streambuf* before_;
};

/// Whatever text of a user is in it: harmless to a terminal.
std::string said(const std::exception& error) {
  return straggle::printable_lines(error.what(), 4000);
}

}  // namespace

int main(int count, char** words) {
  straggle::reserve_standard_descriptors();
  const StandardOutput output;
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond `ulimit -f` is an error of its write instead
  try {
    const int code = straggle::dispatch({words + 1, words + count});
    output.finish();
    return code;
  } catch (const straggle::ConfigError& error) {
    std::cerr << said(error) << "\n";
    return straggle::mendable;
  } catch (const std::length_error& error) {
    std::cerr << "straggle: too large: " << said(error) << "\n";
    return straggle::mendable;
  } catch (const std::bad_alloc&) {
    std::cerr << "straggle: out of memory; lower \"workers\", the \"load\" of a scheme, or \"trials\"\n";
    return straggle::mendable;
  } catch (const std::exception& error) {
    std::cerr << "straggle: an error of the program, please report it: " << said(error) << "\n";
    return straggle::missed;
  }
}
