#include "sim/run/configuration.h"

#include "sim/base/file.h"

namespace straggle {

Configuration read_configuration(const std::string& file) {
  if (file != "-") return {.json = read_json_file(file), .name = file};
  constexpr std::size_t most = std::size_t{1}
                               << 28;  // bytes: far beyond any configuration, within any memory
  const std::string name = "standard input";
  return {.json = parse_json(read_standard_input("a configuration", most), name), .name = name};
}

}  // namespace straggle
