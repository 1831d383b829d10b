#include "sim/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

#include "sim/base/config.h"
#include "sim/base/text.h"

namespace straggle {
namespace {

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
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = ::read(descriptor_, out.data() + filled, out.size() - filled);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      throw ConfigError(fmt::format("{}: cannot be read: {}", printable(path_), reason_of_errno(errno)));
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

std::string read_file(const std::string& path, const std::string& what, std::size_t most) {
  InputFile file(path, what);
  std::string text;
  for (std::size_t filled = 0;;) {
    text.resize(std::min(most + 1, std::max<std::size_t>({4096, filled * 2, file.size() + 1})));
    const std::size_t got = file.read({text.data() + filled, text.size() - filled});
    filled += got;
    if (filled > most)
      throw ConfigError(
          fmt::format("{}: is too large for {}: it has more than {} bytes", printable(path), what, most));
    if (filled < text.size()) {
      text.resize(filled);
      return text;
    }
  }
}

}  // namespace straggle
