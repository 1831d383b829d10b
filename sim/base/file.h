// Files that are read: regular files only, and an error that says why where there is none.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace straggle {

/// A regular file, open for reading. Folders, pipes, sockets and devices are refused at once, without waiting
/// for anybody who might write to them.
class InputFile {
 public:
  /// Opens `path`, links followed. `what` says what was looked for ("a configuration"). Throws a ConfigError
  /// `PATH: reason`.
  InputFile(std::string path, const std::string& what);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  /// As the file system has it when the file is opened, bytes.
  std::uint64_t size() const { return size_; }
  dev_t device() const { return device_; }
  ino_t inode() const { return inode_; }

  /// Reads up to out.size() bytes, fewer only at the end; returns how many. Throws a ConfigError.
  std::size_t read(std::span<char> out);

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// All of a regular file. One with more than `most` bytes is a ConfigError that says so.
std::string read_file(const std::string& path, const std::string& what, std::size_t most);

/// The reason of an error number in the system's words, without a capital: "no space left on device".
std::string reason_of_errno(int error);

}  // namespace straggle
