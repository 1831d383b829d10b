#include "sim/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace straggle {

namespace fs = std::filesystem;

namespace {

/// Whether a path, links followed, leads to what a descriptor is open for.
bool leads_to(const fs::path& path, int descriptor) {
  struct stat there {
  }, opened{};
  return ::stat(path.c_str(), &there) == 0 && ::fstat(descriptor, &opened) == 0 &&
         there.st_ino == opened.st_ino && there.st_dev == opened.st_dev;
}

/// Removes the file that a descriptor is open for, also where it was moved, with its folder perhaps.
void remove_opened(int descriptor) {
  std::error_code error;
  const fs::path now = fs::read_symlink(fmt::format("/proc/self/fd/{}", descriptor), error);
  if (!error && leads_to(now, descriptor)) ::unlink(now.c_str());
}

/// What a path leads to that is no regular file.
const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

std::string reason_of_errno(int error) {
  std::string reason = std::generic_category().message(error);
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  return reason;
}

namespace {

/// Fills `out` as far as there is something; `name` is for the error.
std::size_t read_descriptor(int descriptor, std::span<char> out, const std::string& name) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = ::read(descriptor, out.data() + filled, out.size() - filled);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      throw ConfigError(fmt::format("{}: cannot be read: {}", printable(name), reason_of_errno(errno)));
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

/// Reads to the end through read(span), into a text that grows; `expected` is its probable size.
template <class Read>
std::string read_all(const Read& read, std::size_t expected, const std::string& name, const std::string& what,
                     std::size_t most) {
  std::string text;
  for (std::size_t filled = 0;;) {
    text.resize(std::min(most + 1, std::max<std::size_t>({4096, filled * 2, expected + 1})));
    filled += read(std::span(text.data() + filled, text.size() - filled));
    if (filled > most)
      throw ConfigError(
          fmt::format("{}: is too large for {}: it has more than {} bytes", printable(name), what, most));
    if (filled < text.size()) {
      text.resize(filled);
      return text;
    }
  }
}

}  // namespace

InputFile::InputFile(std::string path, const std::string& what) : path_(std::move(path)), descriptor_(-1) {
  const auto refuse = [&](const std::string& reason) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw ConfigError(fmt::format("{}: {}", printable(path_), reason));
  };
  if (path_.find('\0') != std::string::npos) refuse("cannot be a file's name: it contains a zero byte");
  struct stat status {};
  // Looked at before it is opened, since opening a device can do something; and after, since it may have
  // changed.
  if (::stat(path_.c_str(), &status) != 0)
    refuse(fmt::format("cannot be opened for reading: {}", reason_of_errno(errno)));
  if (S_ISREG(status.st_mode)) {
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0)
      refuse(fmt::format("cannot be opened for reading: {}", reason_of_errno(errno)));
  }
  if (!S_ISREG(status.st_mode)) refuse(fmt::format("is {}, not {}", kind_of(status.st_mode), what));
  size_ = static_cast<std::uint64_t>(status.st_size);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

std::size_t InputFile::read(std::span<char> out) {
  return read_descriptor(descriptor_, out, path_);
}

std::string read_file(const std::string& path, const std::string& what, std::size_t most) {
  InputFile file(path, what);
  return read_all([&](std::span<char> out) { return file.read(out); }, file.size(), path, what, most);
}

std::string read_standard_input(const std::string& what, std::size_t most) {
  const std::string name = "standard input";
  if (::fcntl(STDIN_FILENO, F_GETFL) < 0 || (::fcntl(STDIN_FILENO, F_GETFL) & O_PATH) != 0)
    throw ConfigError("standard input is closed: there is no configuration to read");
  return read_all([&](std::span<char> out) { return read_descriptor(STDIN_FILENO, out, name); }, 0, name,
                  what, most);
}

DescriptorBuffer::DescriptorBuffer(int descriptor) : descriptor_(descriptor), pending_(1 << 16) {
  setp(pending_.data(), pending_.data() + pending_.size());
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type c) {
  if (sync() != 0) return traits_type::eof();
  return traits_type::eq_int_type(c, traits_type::eof()) ? traits_type::not_eof(c)
                                                         : sputc(traits_type::to_char_type(c));
}

int DescriptorBuffer::sync() {
  if (error_ == 0) checksum_.process_block(pbase(), pptr());
  for (const char* from = pbase(); error_ == 0 && from < pptr();) {
    const ssize_t put = ::write(descriptor_, from, static_cast<std::size_t>(pptr() - from));
    if (put >= 0) {
      from += put;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  setp(pending_.data(), pending_.data() + pending_.size());
  return error_ == 0 ? 0 : -1;
}

OutputFile::OutputFile(const fs::path& path, const fs::path& beside) : path_(path) {
  struct stat there {
  }, target{};
  const bool exists = ::lstat(path.c_str(), &there) == 0;
  const bool leads_somewhere = ::stat(path.c_str(), &target) == 0;
  const auto refuse = [&](const char* reason) {
    throw ConfigError(fmt::format("{}: cannot be written: {}", printable(path_.string()), reason));
  };
  std::error_code error;
  const std::string folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", error).string();
  const bool system_link =
      exists && S_ISLNK(there.st_mode) && (folder == "/dev" || folder.starts_with("/proc/"));
  if (exists && S_ISDIR(there.st_mode)) refuse("it is a folder");
  if (beside.empty() && leads_somewhere &&
      (S_ISCHR(target.st_mode) || S_ISFIFO(target.st_mode) || system_link)) {
    // Without waiting for a reader; with one, writing may wait.
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor_ < 0 && errno == ENXIO) refuse("nobody reads from it");
    if (descriptor_ < 0) fail(errno);
    ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) & ~O_NONBLOCK);
  } else {
    if (beside.empty() && leads_somewhere && !S_ISREG(target.st_mode))
      refuse(fmt::format("it is {}", kind_of(target.st_mode)).c_str());
    if (exists && S_ISREG(there.st_mode) && ::access(path.c_str(), W_OK) != 0) fail(errno);
    constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;  // no link is followed
    if (!beside.empty()) {
      beside_ = beside;
      if (::unlink(beside.c_str()) != 0 && errno != ENOENT) fail(errno);
      descriptor_ = ::open(beside.c_str(), flags, 0666);
    }
    // A process that was killed may have left its file, and its number may have come round.
    for (int attempt = 0; beside.empty() && attempt < 100; ++attempt) {
      beside_ =
          path.parent_path() / fmt::format(".{}.{}-{}.tmp", path.filename().string(), ::getpid(), attempt);
      descriptor_ = ::open(beside_.c_str(), flags, 0666);
      if (descriptor_ >= 0 || errno != EEXIST) break;
    }
    if (descriptor_ < 0) {
      const int reason = errno;
      beside_.clear();
      fail(reason);
    }
  }
  buffer_ = std::make_unique<DescriptorBuffer>(descriptor_);
  stream_.rdbuf(buffer_.get());
}

bool is_unfinished(const std::filesystem::path& path, const std::filesystem::path& file) {
  const std::string name = path.filename().string(), start = fmt::format(".{}.", file.filename().string());
  constexpr std::string_view end = ".tmp";
  if (!name.starts_with(start) || !name.ends_with(end) || name.size() <= start.size() + end.size())
    return false;
  const std::string_view numbers =
      std::string_view(name).substr(start.size(), name.size() - start.size() - end.size());
  return numbers.find_first_not_of("0123456789-") == std::string_view::npos;
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

void OutputFile::flush() {
  stream_.flush();
  if (!stream_) fail(buffer_->error());
}

void OutputFile::sync() {
  flush();
  // Only a disk has anything to wait for; other places say EINVAL or the like.
  if (::fsync(descriptor_) != 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT)) fail(errno);
}

std::uint32_t OutputFile::checksum() {
  flush();
  return buffer_->checksum();
}

void OutputFile::secure() {
  flush();
  if (!beside_.empty() && !leads_to(beside_, descriptor_)) write_again();
  sync();
}

bool copy_bytes(int from, int to) {
  std::vector<char> portion(1 << 16);
  off_t done = 0;
  for (ssize_t got; (got = ::pread(from, portion.data(), portion.size(), done)) != 0; done += got) {
    if (got < 0) return false;
    for (ssize_t put = 0, more = 0; put < got; put += more)
      if ((more = ::write(to, portion.data() + put, static_cast<std::size_t>(got - put))) < 0) return false;
  }
  return true;
}

void OutputFile::write_again() {
  std::error_code error;
  if (beside_.has_parent_path()) fs::create_directories(beside_.parent_path(), error);
  const int again = ::open(beside_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (again < 0) fail(errno);
  const auto give_up = [&] {
    const int reason = errno;
    ::close(again);
    ::unlink(beside_.c_str());
    fail(reason);
  };
  if (!copy_bytes(descriptor_, again)) give_up();
  remove_opened(descriptor_);
  if (::dup3(again, descriptor_, O_CLOEXEC) < 0) give_up();
  ::close(again);
}

void OutputFile::commit(const std::function<void()>& check) {
  secure();
  if (check) check();
  if (!beside_.empty() && ::rename(beside_.c_str(), path_.c_str()) != 0) fail(errno);
  beside_.clear();
}

bool OutputFile::leave_beside() {
  if (beside_.empty()) return false;
  secure();
  beside_.clear();
  return true;
}

void OutputFile::fail(int error) const {
  throw ConfigError(
      fmt::format("{}: cannot be written: {}", printable(path_.string()), reason_of_errno(error)));
}

bool is_standard_input(const fs::path& path) {
  struct stat input {};
  // A terminal or a pipe is no file that could be written over.
  return ::fstat(STDIN_FILENO, &input) == 0 && S_ISREG(input.st_mode) && leads_to(path, STDIN_FILENO);
}

void keep_inputs(const fs::path& output, const std::vector<fs::path>& inputs) {
  std::error_code ignored;
  if (is_standard_input(output))
    throw ConfigError(
        fmt::format("{}: is what is read here as standard input, and would be replaced; give another name",
                    printable(output.string())));
  for (const fs::path& input : inputs)
    if (fs::equivalent(output, input, ignored))
      throw ConfigError(fmt::format("{}: is what is read here, and would be replaced; give another name",
                                    printable(output.string())));
}

void keep_foreign(const fs::path& output, const std::string& kind,
                  const std::function<bool(std::string_view start)>& is_ours) {
  struct stat there {};
  if (::lstat(output.c_str(), &there) != 0 || !S_ISREG(there.st_mode) || there.st_size == 0) return;
  InputFile file(output.string(), kind);
  std::string start(1 << 20, '\0');  // a title has fewer bytes
  start.resize(file.read(start));
  if (!is_ours(start))
    throw ConfigError(
        fmt::format("{}: exists, and is not {} that straggle has written; remove it, or give another name",
                    printable(output.string()), kind));
}

FileState::FileState(const fs::path& path) {
  struct stat there {};
  exists = ::lstat(path.c_str(), &there) == 0;
  if (!exists) return;
  device = there.st_dev;
  inode = there.st_ino;
  size = static_cast<std::uint64_t>(there.st_size);
  seconds = there.st_mtim.tv_sec;
  nanoseconds = there.st_mtim.tv_nsec;
}

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

namespace {

constexpr std::string_view lock_mark = "straggle: process ";

/// What stands in a lock's file.
std::string text_of_lock(int descriptor) {
  std::string text(300, '\0');
  const ssize_t length = ::pread(descriptor, text.data(), text.size(), 0);
  text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return text;
}

/// Whom that names: `process 12 on host`.
std::string holder_in(const std::string& text) {
  return printable(text.substr(0, text.find('\n')).substr(lock_mark.find("process")));
}

}  // namespace

std::optional<std::string> FolderLock::holder(const fs::path& folder) {
  const int descriptor =
      ::open((folder / name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return std::nullopt;
  const std::string text = text_of_lock(descriptor);
  // Shared, and for a moment: whoever wants it for longer then asks again or is told of "another run".
  const bool taken = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return taken && text.starts_with(lock_mark) ? std::optional(holder_in(text)) : std::nullopt;
}

FolderLock::FolderLock(const fs::path& folder) : path_(folder / name) {
  const auto refuse = [&](const std::string& reason) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw ConfigError(reason);
  };
  const std::string shown = printable(folder.string());
  for (;;) {
    descriptor_ =
        ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666);
    if (descriptor_ < 0) {
      const std::string reason = errno == EISDIR  ? "it is a folder"
                                 : errno == ELOOP ? "it is a link"
                                 : errno == ENXIO ? "it is a socket or a pipe"
                                                  : reason_of_errno(errno);
      refuse(fmt::format("{}: cannot be made, which is the lock of `straggle run`: {}; give another --out",
                         printable(path_.string()), reason));
    }
    struct stat opened {};
    const std::string holder = text_of_lock(descriptor_);
    if (::fstat(descriptor_, &opened) != 0 || !S_ISREG(opened.st_mode) ||
        (!holder.empty() && !holder.starts_with(lock_mark)))
      refuse(fmt::format("{}: is not the lock of `straggle run`, which needs that name; give another --out",
                         printable(path_.string())));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      refuse(fmt::format("{}: {} is writing there; wait for it, or give another --out", shown,
                         holder.empty() || holder.front() == '\n' ? "another run" : holder_in(holder)));
    }
    // Other errors are of file systems that know no locks; there nothing can be locked.
    // Whoever had the lock removes its file; then what was opened is no longer what others would open.
    if (holds()) break;
    ::close(descriptor_);
  }
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string holder = fmt::format("{}{} on {}\n", lock_mark, ::getpid(), host.data());
  // Where it cannot be written the lock holds all the same.
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, holder.data(), holder.size(), 0) < 0) return;
}

bool FolderLock::holds() const {
  return leads_to(path_, descriptor_);
}

FolderLock::~FolderLock() {
  if (holds())  // in another folder of that name it is another's
    ::unlink(path_.c_str());
  else
    remove_opened(descriptor_);
  ::close(descriptor_);
}

}  // namespace straggle
