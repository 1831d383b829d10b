// What the commands write: files that complain when the disk is full, and never over what is read.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace straggle {

/// A results file that complains when the disk is full.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  std::ostream& stream() { return stream_; }
  void flush();

 private:
  void check() const;

  std::filesystem::path path_;
  std::ofstream stream_;
};

/// Refuses to write over what is read.
void keep_inputs(const std::string& output, const std::vector<std::filesystem::path>& inputs);

}  // namespace straggle
