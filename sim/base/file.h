// Files that are read: regular files only, and an error that says why where there is none. Files that are
// written: whole, or not there.
#pragma once

#include <sys/types.h>

#include <boost/crc.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <streambuf>
#include <string>
#include <string_view>
#include <vector>

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

/// All of standard input, whatever is behind it, as read_file() reads a file.
std::string read_standard_input(const std::string& what, std::size_t most);

/// Writes to a descriptor, and remembers why where that fails.
class DescriptorBuffer final : public std::streambuf {
 public:
  explicit DescriptorBuffer(int descriptor);
  /// The error number of the first failure, after which nothing more is written; 0 where there was none.
  int error() const { return error_; }
  /// The CRC-32 of everything written.
  std::uint32_t checksum() const { return checksum_.checksum(); }

 private:
  int_type overflow(int_type c) override;
  int sync() override;

  int descriptor_, error_ = 0;
  boost::crc_32_type checksum_;
  std::vector<char> pending_;
};

/// Whether a path is where some process writes, or was ended while it wrote, what becomes `file`
/// (OutputFile).
bool is_unfinished(const std::filesystem::path& path, const std::filesystem::path& file);

/// A file that is written beside its place, in the same folder, and put there when it is whole: until then
/// what was there stays. A link is replaced, not followed. Pipes and character devices, which have no beside,
/// are written as they are, and so is what /dev and /proc link to. Every function that fails is a ConfigError
/// with the system's reason.
class OutputFile {
 public:
  /// Written under a hidden name of its own, or as `beside`, where what is there is removed first.
  explicit OutputFile(const std::filesystem::path& path, const std::filesystem::path& beside = {});
  /// Removes what is beside.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::ostream& stream() { return stream_; }
  /// Hands everything written so far to the system.
  void flush();
  /// Waits until everything written so far is on the disk.
  void sync();
  /// Of everything written so far.
  std::uint32_t checksum();
  /// sync(), also where somebody has removed or moved what is beside, or its folder: it is written again.
  void secure();
  /// secure(), and then puts the file in its place, unless `check`, called right before, throws.
  void commit(const std::function<void()>& check = {});
  /// secure(), and then leaves the file where it is, beside its place. False where it has no beside, as after
  /// a commit().
  bool leave_beside();

 private:
  [[noreturn]] void fail(int error) const;
  /// Copies what was written to what is beside now.
  void write_again();

  std::filesystem::path path_, beside_;  // beside_: empty once it is not ours to remove
  int descriptor_ = -1;
  std::unique_ptr<DescriptorBuffer> buffer_;
  std::ostream stream_{nullptr};
};

/// Appends all of a file that is open to another one. False, with the reason in errno, where that fails.
bool copy_bytes(int from, int to);

/// Refuses to write over what is read: `output` may be none of `inputs`, and not the file that is standard
/// input, under whatever name or link.
void keep_inputs(const std::filesystem::path& output, const std::vector<std::filesystem::path>& inputs);

/// Whether a path leads to the file that is standard input.
bool is_standard_input(const std::filesystem::path& path);

/// Refuses to write over what is not ours: a file at `output`, if there is one that is not empty, has to
/// begin with what `is_ours` takes for a `kind` ("a trace") that was written before. A link is replaced, and
/// what is no regular file is left to OutputFile.
void keep_foreign(const std::filesystem::path& output, const std::string& kind,
                  const std::function<bool(std::string_view start)>& is_ours);

/// What tells a file from another one in its place, or from itself with other bytes; of a link, not of what
/// it leads to.
struct FileState {
  explicit FileState(const std::filesystem::path& path);
  bool operator==(const FileState&) const = default;

  bool exists;
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  // of its last change
};

/// Makes the names in a folder, as they are now, survive a power failure; where that cannot be asked for it
/// is left.
void sync_folder(const std::filesystem::path& folder);

/// A folder that is this process's alone to write to, until the object or the process ends.
class FolderLock {
 public:
  /// The name of the file that carries the lock, while there is one.
  static constexpr const char* name = ".straggle.lock";

  /// Throws a ConfigError that names the process which has it, or the lock where it cannot be made.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// Whether the folder still has the lock: nobody has removed or moved it.
  bool holds() const;

  /// Who has the lock of a folder: `process 12 on host`; nothing where nobody has it, or one cannot tell.
  static std::optional<std::string> holder(const std::filesystem::path& folder);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// The reason of an error number in the system's words, without a capital: "no space left on device".
std::string reason_of_errno(int error);

}  // namespace straggle
