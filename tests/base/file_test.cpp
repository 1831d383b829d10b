// Files that are read: regular ones, and nothing else.
#include "sim/base/file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "sim/base/config.h"
#include "tests/temporary_folder.h"

using namespace straggle;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

namespace fs = std::filesystem;

struct Folder : TemporaryFolder {
  std::string operator/(const char* name) const { return (path / name).string(); }
};

std::string complaint(const std::string& path, std::size_t most = 100) {
  try {
    read_file(path, "a table", most);
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("A regular file is read whole, up to a limit") {
  const Folder folder;
  std::string content(9004, 'x');
  content[1] = '\0';
  content[3] = '\n';
  std::ofstream(folder / "file", std::ios::binary) << content;
  fs::create_symlink("file", folder / "link");
  CHECK(read_file(folder / "file", "a table", content.size()) == content);
  CHECK(read_file(folder / "link", "a table", 1 << 20) == content);
  CHECK_THAT(complaint(folder / "file", content.size() - 1), EndsWith("it has more than 9003 bytes"));
  std::ofstream(folder / "empty");
  CHECK(read_file(folder / "empty", "a table", 0).empty());
}

TEST_CASE("A file whose size the system does not say is read to its end") {
  CHECK(read_file("/proc/self/stat", "a table", 1 << 20).size() > 10);
}

TEST_CASE("What is no regular file is refused by what it is, without waiting") {
  const Folder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(complaint(folder / "pipe"), EndsWith("/pipe: is a pipe, not a table"));
  CHECK_THAT(complaint(folder.path.string()), EndsWith(": is a folder, not a table"));
  CHECK(complaint("/dev/zero") == "/dev/zero: is a device, not a table");
  const int socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (folder / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK_THAT(complaint(folder / "socket"), EndsWith("/socket: is a socket, not a table"));
  close(socket_);
}

TEST_CASE("A file that cannot be opened is refused with the system's reason") {
  const Folder folder;
  CHECK_THAT(complaint(folder / "none"), EndsWith("cannot be opened for reading: no such file or directory"));
  CHECK_THAT(complaint(std::string("a\0b", 3)), Contains("zero byte"));
  CHECK_THAT(complaint(std::string(5000, 'x')), EndsWith("file name too long"));
  CHECK_THAT(complaint(folder / "esc\x1b[31m"), Contains("esc\\x1b[31m: cannot be opened"));
  fs::create_symlink("loop", folder / "loop");
  CHECK_THAT(complaint(folder / "loop"), Contains("too many levels of symbolic links"));
  if (geteuid() == 0) return;  // whom no permission stops
  std::ofstream(folder / "secret") << "x";
  fs::permissions(folder / "secret", fs::perms::none);
  CHECK_THAT(complaint(folder / "secret"), EndsWith("permission denied"));
}
