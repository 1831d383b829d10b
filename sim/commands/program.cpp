#include "sim/commands/program.h"

#include <csignal>
#include <iostream>
#include <new>
#include <stdexcept>

#include "sim/base/error.h"
#include "sim/base/standard_streams.h"
#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/help.h"

namespace straggle {

int run_program(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::cerr << help_of_program();
    return mendable;
  }
  std::string name = words.front();
  if (name == "--help" || name == "-h") name = "help";
  if (name == "--version") name = "version";
  const Command& command = command_named(name);
  const Arguments arguments(command, {words.begin() + 1, words.end()});
  if (!arguments.help()) return command.run(arguments);
  std::cout << help_of(command);
  return fine;
}

namespace {

/// Whatever text of a user is in it: harmless to a terminal.
std::string said(const std::exception& error) {
  return printable_lines(error.what(), 4000);
}

}  // namespace

int run_and_report(const std::vector<std::string>& words) {
  const StandardStreams streams;
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond `ulimit -f` is an error of its write instead
  try {
    const int code = run_program(words);
    streams.finish();
    return code;
  } catch (const ConfigError& error) {
    std::cerr << said(error) << "\n";
    return mendable;
  } catch (const std::length_error& error) {
    std::cerr << "straggle: too large: " << said(error) << "\n";
    return mendable;
  } catch (const std::bad_alloc&) {
    std::cerr << "straggle: out of memory; lower \"workers\", the \"load\" of a scheme, or \"trials\"\n";
    return mendable;
  } catch (const std::exception& error) {
    std::cerr << "straggle: an error of the program, please report it: " << said(error) << "\n";
    return missed;
  }
}

}  // namespace straggle
