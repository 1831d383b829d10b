// The command line: the only place that prints errors and ends the process.
#include <csignal>
#include <iostream>
#include <new>
#include <stdexcept>

#include "sim/base/error.h"
#include "sim/base/standard_streams.h"
#include "sim/base/text.h"
#include "sim/commands/command.h"
#include "sim/commands/program.h"

namespace {

/// Whatever text of a user is in it: harmless to a terminal.
std::string said(const std::exception& error) {
  return straggle::printable_lines(error.what(), 4000);
}

}  // namespace

int main(int count, char** words) {
  const straggle::StandardStreams streams;
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond `ulimit -f` is an error of its write instead
  try {
    const int code = straggle::run_program({words + 1, words + count});
    streams.finish();
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
