// An object "network" as a configuration has it, read for four workers in two classes.
#pragma once

#include <optional>
#include <string>

#include "models/network_model.h"

namespace straggle::testing {

struct NetworkRead {
  Json config;
  Mistakes mistakes{"test"};
  std::optional<Network> network;

  explicit NetworkRead(const std::string& text, bool gradient_size_known = true, bool with_classes = true)
      : config({{"network", parse_json(text, "test")}}) {
    ConfigReader reader(config, "/network", mistakes);
    NetworkContext context{.workers = 4, .gradient_size_known = gradient_size_known};
    if (with_classes)
      context.classes = {{.name = "near", .first = 0, .count = 1}, {.name = "far", .first = 1, .count = 3}};
    network = read_network(reader, context);
  }

  std::string message() const {
    try {
      mistakes.throw_if_any();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
};

}  // namespace straggle::testing
