#include "sim/commands/output.h"

#include <fmt/format.h>

#include "sim/base/config.h"

namespace straggle {

namespace fs = std::filesystem;

OutputFile::OutputFile(const fs::path& path) : path_(path), stream_(path, std::ios::binary) {
  check();
}

void OutputFile::flush() {
  stream_.flush();
  check();
}

void OutputFile::check() const {
  if (!stream_) throw ConfigError(fmt::format("{}: cannot be written", path_.string()));
}

void keep_inputs(const std::string& output, const std::vector<fs::path>& inputs) {
  std::error_code ignored;
  for (const fs::path& input : inputs)
    if (fs::equivalent(output, input, ignored))
      throw ConfigError(
          fmt::format("{}: is what is read here, and would be replaced; give another name", output));
}

}  // namespace straggle
