#include "sim/run/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/run/packing.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

// A record: eight bytes by which it is found, its kind, the length of its payload, a CRC-32 of these two and
// of the payload (each four bytes, little endian), the payload.
constexpr std::string_view mark = "\x93sgl\r\n\x1a\n";
constexpr std::size_t frame_bytes = 8 + 3 * 4;
constexpr std::uint32_t most_payload = 1u << 30;
enum Kind : std::uint32_t { kind_subject = 1, kind_chunk = 2, kind_samples = 3, kind_end = 4 };

std::uint32_t checksum_of(std::uint32_t kind, std::string_view payload) {
  const std::array<std::uint32_t, 2> start = {kind, static_cast<std::uint32_t>(payload.size())};
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(start.data()), sizeof start);
  return static_cast<std::uint32_t>(
      crc32(crc, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

std::uint32_t word_at(std::string_view bytes, std::size_t place) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + place, sizeof word);
  return word;
}

/// The bytes of a regular file as long as it is now, read where they are asked for. Not mapped into memory: a
/// file that is cut meanwhile would end the process.
class FileBytes {
 public:
  explicit FileBytes(const fs::path& file) : file_(file) {
    const InputFile input(file.string(), "a journal");  // says why it cannot be read
    descriptor_ = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat state {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &state) != 0)
      throw ConfigError(
          fmt::format("{}: cannot be read: {}", printable(file.string()), reason_of_errno(errno)));
    size_ = static_cast<std::uint64_t>(state.st_size);
  }
  ~FileBytes() { ::close(descriptor_); }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  std::uint64_t size() const { return size_; }

  /// `length` bytes from a place on, which must be there; until the next call.
  std::string_view at(std::uint64_t place, std::size_t length) {
    if (place < first_ || place + length > first_ + window_.size()) {
      constexpr std::size_t at_once = 1 << 20;
      first_ = place;
      window_.resize(
          static_cast<std::size_t>(std::min<std::uint64_t>(size_ - place, std::max(length, at_once))));
      for (std::size_t done = 0; done < window_.size();) {
        const ssize_t got = ::pread(descriptor_, window_.data() + done, window_.size() - done,
                                    static_cast<off_t>(place + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
          window_.clear();
          throw ConfigError(fmt::format("{}: {} while it was read; try again", printable(file_.string()),
                                        got == 0 ? "has become shorter" : reason_of_errno(errno)));
        }
        done += static_cast<std::size_t>(got);
      }
    }
    return std::string_view(window_).substr(static_cast<std::size_t>(place - first_), length);
  }

  /// Where the next mark begins, from a place on; size() if there is none.
  std::uint64_t find_mark(std::uint64_t place) {
    constexpr std::uint64_t step = 1 << 19;
    for (; place + mark.size() <= size_; place += step) {
      const std::string_view here =
          at(place, static_cast<std::size_t>(std::min<std::uint64_t>(size_ - place, step + mark.size())));
      if (const std::size_t found = here.find(mark); found != std::string_view::npos) return place + found;
    }
    return size_;
  }

 private:
  fs::path file_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0, first_ = 0;
  std::string window_;  // the bytes from first_ on
};

struct Record {
  std::uint32_t kind;
  std::string_view payload;  // until the next bytes are read
  std::uint64_t end;
};

/// The record at a place, if a whole one is there.
std::optional<Record> record_at(FileBytes& bytes, std::uint64_t place) {
  if (bytes.size() - place < frame_bytes) return std::nullopt;
  const std::string_view frame = bytes.at(place, frame_bytes);
  if (!frame.starts_with(mark)) return std::nullopt;
  const std::uint32_t kind = word_at(frame, 8), length = word_at(frame, 12), checksum = word_at(frame, 16);
  if (length > most_payload || bytes.size() - place - frame_bytes < length) return std::nullopt;
  const std::string_view payload = bytes.at(place + frame_bytes, length);
  if (checksum_of(kind, payload) != checksum) return std::nullopt;
  return Record{kind, payload, place + frame_bytes + length};
}

std::vector<std::string> names_of(const PerTally<bool>& wanted) {
  std::vector<std::string> names;
  for (const auto& [name, which] : quantile_choices())
    if (wanted[which]) names.push_back(name);
  return names;
}

std::string packed(const JournalSubject& subject, const std::string& shard) {
  return nlohmann::json{{"straggle", "journal"},
                        {"numbers", subject.numbers},
                        {"version", subject.version},
                        {"command", subject.command},
                        {"critical", subject.keep.critical},
                        {"quantiles", names_of(subject.keep.quantiles)},
                        {"histogram", subject.keep.histogram},
                        {"shard", shard},
                        {"configuration", subject.configuration.dump()},
                        {"resolved", subject.resolved.dump()}}
      .dump();
}

/// Collects what differs between two values, by pointer.
void compare(const Json& here, const Json& there, const std::string& pointer,
             std::vector<std::string>& found) {
  if (here == there) return;
  if (here.is_object() && there.is_object()) {
    for (const auto& [key, value] : here.items())
      compare(value, there.contains(key) ? there[key] : Json(), pointer + "/" + key, found);
    for (const auto& [key, value] : there.items())
      if (!here.contains(key)) compare(Json(), value, pointer + "/" + key, found);
    return;
  }
  if (here.is_array() && there.is_array() && here.size() == there.size()) {
    for (std::size_t i = 0; i < here.size(); ++i)
      compare(here[i], there[i], fmt::format("{}/{}", pointer, i), found);
    return;
  }
  found.push_back(fmt::format("{}: {} there, {} here", printable(pointer, 100), shown(there), shown(here)));
}

[[noreturn]] void fail(const fs::path& file, int error) {
  throw ConfigError(
      fmt::format("{}: cannot be written: {}", printable(file.string()), reason_of_errno(error)));
}

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::vector<std::string> JournalSubject::differences(const JournalSubject& there) const {
  std::vector<std::string> found;
  if (numbers != there.numbers)
    found.push_back(fmt::format("the program: straggle {} there gives other numbers than straggle {} here",
                                printable(there.version, 60), version));
  compare(configuration, there.configuration, "", found);
  const auto compare_flags = [&](const char* option, bool here, bool other) {
    if (here != other)
      found.push_back(fmt::format("{}: {} there, {} here", option, other ? "given" : "not given",
                                  here ? "given" : "not"));
  };
  compare_flags("--critical-path", keep.critical, there.keep.critical);
  compare_flags("--histogram", keep.histogram, there.keep.histogram);
  const std::vector<std::string> own = names_of(keep.quantiles), others = names_of(there.keep.quantiles);
  if (own != others)
    found.push_back(fmt::format("--quantiles: {} there, {} here",
                                others.empty() ? "none" : fmt::format("{}", fmt::join(others, ",")),
                                own.empty() ? "none" : fmt::format("{}", fmt::join(own, ","))));
  return found;
}

JournalSubject subject_of(const Experiment& experiment, const Provenance& provenance, Keep keep,
                          const fs::path& folder) {
  return {.version = provenance.version,
          .command = provenance.command,
          .configuration = experiment.identity,
          .resolved = resolved_in(experiment, folder),
          .keep = {.critical = keep.critical, .quantiles = keep.quantiles, .histogram = keep.histogram}};
}

bool is_journal(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return false;
  constexpr std::uint64_t beginning = 1 << 22;  // where the first record is damaged, the next one tells
  FileBytes bytes(file);
  return bytes.find_mark(0) < std::min(bytes.size(), beginning);
}

bool is_stillborn(const fs::path& file) {
  FileBytes bytes(file);
  const auto start = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), mark.size()));
  if (bytes.at(0, start) != mark.substr(0, start)) return false;
  for (std::uint64_t place = 0; (place = bytes.find_mark(place)) < bytes.size(); ++place)
    if (record_at(bytes, place)) return false;
  return true;
}

bool JournalReader::read_subject(std::string_view payload) {
  const nlohmann::json about = nlohmann::json::parse(payload, nullptr, false);
  try {
    const auto json = [&](const char* key) { return Json::parse(about.at(key).get<std::string>()); };
    JournalSubject next = {
        .numbers = about.at("numbers").get<int>(),
        .version = about.at("version").get<std::string>(),
        .command = about.at("command").get<std::string>(),
        .configuration = json("configuration"),
        .resolved = json("resolved"),
        .keep = {.critical = about.at("critical").get<bool>(), .histogram = about.value("histogram", false)}};
    for (const std::string& name : about.value("quantiles", std::vector<std::string>()))
      for (const auto& [known, which] : quantile_choices())
        if (known == name) next.keep.quantiles[which] = true;
    const std::string shard = about.at("shard").get<std::string>();
    // Files that somebody has put together: what is before belongs to another run.
    if (has_subject_ && !next.differences(subject_).empty()) {
      chunks_.clear();
      samples_.clear();
      pending_.clear();
    }
    subject_ = std::move(next);
    shard_ = shard;
    finished_ = false;
    return has_subject_ = true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

JournalReader::JournalReader(const fs::path& file) {
  FileBytes bytes(file);
  bool cut = false;
  for (std::uint64_t place = 0; place < bytes.size();) {
    const std::optional<Record> record = record_at(bytes, place);
    if (!record) {  // the next one that is whole, if there is any
      cut = true;
      place = bytes.find_mark(place + 1);
      continue;
    }
    if (std::exchange(cut, false)) ++damaged_;
    const std::uint64_t end = record->end;
    try {
      Unpacker in(record->payload);
      if (record->kind == kind_subject) {
        if (!read_subject(record->payload)) throw Malformed{};
      } else if (!has_subject_) {
        throw Malformed{};
      } else if (record->kind == kind_chunk) {
        ChunkSummary chunk{.point = in.number(), .first = in.number(), .schemes = {}};
        chunk.schemes.resize(in.count(1));
        for (Summary& summary : chunk.schemes) summary = unpack_summary(in);
        in.end();
        for (const Summary& summary : chunk.schemes)
          if (summary.trials() != chunk.trials()) throw Malformed{};
        const Key key{chunk.point, chunk.first, chunk.trials()};
        if (const auto kept = pending_.find(key);
            kept != pending_.end() && kept->second.size() == chunk.schemes.size())
          samples_[key] = kept->second;
        pending_.erase(key);
        chunks_[key] = std::move(chunk);
        finished_ = false;
      } else if (record->kind == kind_samples) {
        const std::size_t point = in.number(), scheme = in.number();
        const std::uint64_t from = in.number(), trials = in.number();
        std::vector<std::uint64_t>& places = pending_[{point, from, trials}];
        if (scheme == 0) places.clear();
        if (scheme == places.size()) places.push_back(place);
      } else if (record->kind == kind_end) {
        finished_ = true;
      }
    } catch (const Malformed&) {
      ++damaged_;
    }
    place = end;
    whole_bytes_ = place;
  }
  if (!has_subject_)
    throw ConfigError(
        fmt::format("{}: is not the journal of a run, or its beginning is damaged; give another --out, or "
                    "begin anew with --fresh",
                    printable(file.string())));
}

namespace {

/// Trials from their place in a journal that is open.
Block samples_at(int descriptor, std::uint64_t place, const fs::path& file) {
  const auto changed = [&]() -> ConfigError {
    return ConfigError(fmt::format("{}: has been changed while it was read", printable(file.string())));
  };
  const auto read_at = [&](std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t done = 0; done < size;) {
      const ssize_t got =
          ::pread(descriptor, bytes.data() + done, size - done, static_cast<off_t>(place + done));
      if (got <= 0) throw changed();
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  };
  const std::uint32_t length = word_at(read_at(frame_bytes), 12);
  if (length > most_payload) throw changed();
  const std::string bytes = read_at(frame_bytes + length);
  const std::string_view payload = std::string_view(bytes).substr(frame_bytes);
  if (word_at(bytes, 8) != kind_samples || checksum_of(kind_samples, payload) != word_at(bytes, 16))
    throw changed();
  try {
    Unpacker in(payload);
    Block block;
    in.number();
    block.scheme = in.number();
    in.number();
    in.number();
    unpack_trials(in, block);
    in.end();
    return block;
  } catch (const Malformed&) {
    throw changed();
  }
}

}  // namespace

Block read_samples(const fs::path& file, std::uint64_t place) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0)
    throw ConfigError(
        fmt::format("{}: cannot be read: {}", printable(file.string()), reason_of_errno(errno)));
  try {
    Block block = samples_at(descriptor, place, file);
    ::close(descriptor);
    return block;
  } catch (...) {
    ::close(descriptor);
    throw;
  }
}

Block JournalWriter::read_samples(std::uint64_t place) const {
  return samples_at(descriptor_, place, file_);
}

void JournalWriter::secure() {
  sync();
  struct stat mine {
  }, there{};
  if (::fstat(descriptor_, &mine) != 0) fail(file_, errno);
  if (::lstat(file_.c_str(), &there) == 0) {
    if (there.st_dev == mine.st_dev && there.st_ino == mine.st_ino) return;
    throw ConfigError(fmt::format("{}: has been replaced while the run was going on; the journal is lost",
                                  printable(file_.string())));
  }
  const int anew = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (anew < 0) fail(file_, errno);
  if (!copy_bytes(descriptor_, anew)) {
    const int error = errno;
    ::close(anew);
    ::unlink(file_.c_str());
    fail(file_, error);
  }
  ::close(std::exchange(descriptor_, anew));
  sync();
}

JournalWriter::JournalWriter(const fs::path& file, const JournalSubject& subject, const std::string& shard)
    : file_(file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) fail(file, errno);
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(file, errno);
  // Twice: where the first record is damaged the second one says whose the blocks are.
  for (int copy = 0; copy < 2; ++copy) write(kind_subject, packed(subject, shard));
  sync();
}

JournalWriter::JournalWriter(const fs::path& file, std::uint64_t whole_bytes)
    : file_(file), size_(whole_bytes) {
  descriptor_ = ::open(file.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor_ < 0) fail(file, errno);
  if (::ftruncate(descriptor_, static_cast<off_t>(whole_bytes)) != 0) fail(file, errno);
  synced_at_ = seconds_now();
}

JournalWriter::~JournalWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void JournalWriter::describe(const JournalSubject& subject, const std::string& shard) {
  write(kind_subject, packed(subject, shard));
}

void JournalWriter::add(const ChunkSummary& chunk) {
  Packer out;
  out.number(chunk.point);
  out.number(chunk.first);
  out.number(chunk.schemes.size());
  for (const Summary& summary : chunk.schemes) pack(out, summary);
  write(kind_chunk, out.bytes);
  constexpr std::int64_t seconds_unsafe = 5;
  if (seconds_now() - synced_at_ >= seconds_unsafe) sync();
}

std::vector<std::uint64_t> JournalWriter::add_samples(std::size_t point, std::uint64_t first,
                                                      const std::vector<Block>& trials) {
  std::vector<std::uint64_t> places;
  for (std::size_t s = 0; s < trials.size(); ++s) {
    Packer out;
    out.number(point);
    out.number(s);
    out.number(first);
    out.number(trials[s].trials());
    pack_trials(out, trials[s]);
    places.push_back(write(kind_samples, out.bytes));
  }
  return places;
}

void JournalWriter::finish() {
  write(kind_end, "");
  sync();
}

void JournalWriter::sync() {
  // What the system cannot do for a file is no reason to stop: pipes and some network file systems.
  if (::fdatasync(descriptor_) != 0 && errno != EINVAL && errno != ENOSYS && errno != EROFS)
    fail(file_, errno);
  synced_at_ = seconds_now();
}

std::uint64_t JournalWriter::write(int kind, const std::string& payload) {
  if (payload.size() > most_payload)
    throw ConfigError(
        fmt::format("{}: a block of {} bytes does not fit into a record; lower the number of schemes",
                    printable(file_.string()), payload.size()));
  const auto word = [](std::uint32_t value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  };
  const auto of_kind = static_cast<std::uint32_t>(kind);
  const std::string bytes = std::string(mark) + word(of_kind) +
                            word(static_cast<std::uint32_t>(payload.size())) +
                            word(checksum_of(of_kind, payload)) + payload;
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = written < 0 ? errno : ENOSPC;
      // What is half there would only be skipped, but nothing half is left.
      if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) fail(file_, error);
      fail(file_, error);
    }
    done += static_cast<std::size_t>(written);
  }
  const std::uint64_t place = size_;
  size_ += bytes.size();
  return place;
}

}  // namespace straggle
