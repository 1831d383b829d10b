#include "sim/base/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <memory>
#include <new>
#include <utility>

#include "sim/base/config.h"
#include "sim/base/text.h"

namespace straggle {
namespace {

class Unpacker {
 public:
  Unpacker(std::string name, ByteSource packed) : name_(std::move(name)), packed_(std::move(packed)) {
    constexpr int gzip_alone = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_alone) != Z_OK) throw std::bad_alloc();
  }
  ~Unpacker() { inflateEnd(&stream_); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  std::size_t read(std::span<char> out) {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    while (stream_.avail_out > 0) {
      if (stream_.avail_in == 0) {
        const std::size_t got = exhausted_ ? 0 : packed_(in_);
        exhausted_ = got < in_.size();
        stream_.next_in = reinterpret_cast<Bytef*>(in_.data());
        stream_.avail_in = static_cast<uInt>(got);
        if (got == 0) {
          if (!between_members_) fail("ends in the middle: it was packed by gzip and has been cut off");
          break;
        }
      }
      if (between_members_ && unpacked_any_) {
        // Tapes and block devices fill up with zeros; gzip passes over them as well.
        while (stream_.avail_in > 0 && *stream_.next_in == 0) {
          ++stream_.next_in;
          --stream_.avail_in;
        }
        if (stream_.avail_in == 0) continue;
        if (*stream_.next_in != 0x1f) fail("has more behind what gzip has packed, and that is not packed");
      }
      between_members_ = false;
      unpacked_any_ = true;
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state == Z_STREAM_END) {
        between_members_ = true;
        inflateReset(&stream_);
      } else if (state == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (state != Z_OK) {
        fail("is damaged: it was packed by gzip and cannot be unpacked");
      }
    }
    return out.size() - stream_.avail_out;
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw ConfigError(fmt::format("{}: {}", printable(name_), what));
  }

  std::string name_;
  ByteSource packed_;
  z_stream stream_{};
  std::string in_ = std::string(1 << 16, '\0');
  bool exhausted_ = false, between_members_ = true, unpacked_any_ = false;
};

}  // namespace

ByteSource gunzip(std::string name, ByteSource packed) {
  const auto unpacker = std::make_shared<Unpacker>(std::move(name), std::move(packed));
  return [unpacker](std::span<char> out) { return unpacker->read(out); };
}

}  // namespace straggle
