#include "models/measured_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>
#include <string_view>
#include <tuple>
#include <utility>

#include "sim/base/config.h"
#include "sim/base/csv.h"
#include "sim/base/file.h"
#include "sim/base/gzip.h"
#include "sim/base/text.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes = std::size_t{1} << 30;   // of a table, unpacked
constexpr std::size_t most_values = std::size_t{1} << 25;  // of a table, and of its rounds times its machines
constexpr std::size_t most_named = 20;                     // missing values that a message lists
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

std::string counted(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

/// A name from the table or the configuration, as a message shows it.
std::string shown(const std::string& name) {
  return printable(name, 60);
}

/// What a file is that is no table of text, by how it begins, and what to do with it; nothing for text.
std::optional<std::string> no_text(std::string_view head) {
  using namespace std::string_view_literals;
  const auto as_text = [](const char* what, const char* how) {
    return fmt::format("is {}; a table is text: {}", what, how);
  };
  const char* const pandas = "write it as comma-separated values, in Python by pandas' to_csv";
  const char* const unpack = "unpack it, or pack it by gzip, which is read as it is";
  const std::pair<std::string_view, std::string> known[] = {
      {"\xff\xfe"sv, as_text("UTF-16", "save it as UTF-8")},
      {"\xfe\xff"sv, as_text("UTF-16", "save it as UTF-8")},
      {"PAR1"sv, as_text("a Parquet file", pandas)},
      {"ARROW1"sv, as_text("an Arrow file", pandas)},
      {"FEA1"sv, as_text("a Feather file", pandas)},
      {"ORC"sv, as_text("an ORC file", pandas)},
      {"Obj\x01"sv, as_text("an Avro file", pandas)},
      {"\x89HDF"sv, as_text("an HDF5 file", pandas)},
      {"\x93NUMPY"sv, as_text("a NumPy array", "write it by numpy.savetxt, with a header")},
      {"SQLite format 3"sv, as_text("an SQLite database", "export the table as comma-separated values")},
      {"PK\x03\x04"sv,
       as_text("a ZIP archive (as spreadsheets are)", "take the table out of it, comma-separated values")},
      {"\x28\xb5\x2f\xfd"sv, as_text("packed by zstd", unpack)},
      {"\xfd"
       "7zXZ"sv,
       as_text("packed by xz", unpack)},
      {"BZh"sv, as_text("packed by bzip2", unpack)},
      {"\x1f\x8b"sv, as_text("packed by gzip twice", "unpack it once")},
      {"%PDF"sv, as_text("a PDF file", "find the numbers it was made of")},
      {"version https://git-lfs"sv,
       as_text("what Git LFS keeps in place of a file", "fetch it by git lfs pull")},
      {"<"sv, as_text("HTML or XML", "save the table in it as comma-separated values")},
      {"(lp0"sv, as_text("a pickle of Python", pandas)},
      {"(dp0"sv, as_text("a pickle of Python", pandas)},
      {"{"sv, as_text("JSON", pandas)},
      {"["sv, as_text("JSON", pandas)}};
  for (const auto& [begin, what] : known)
    if (head.starts_with(begin)) return what;
  if (head.size() > 1 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5)
    return as_text("a pickle of Python", pandas);
  const auto zeros = [&](std::size_t parity) {
    std::size_t count = 0;
    for (std::size_t i = parity; i < head.size(); i += 2) count += head[i] == 0;
    return count;
  };
  if (zeros(0) + zeros(1) > head.size() / 4 && std::min(zeros(0), zeros(1)) == 0)
    return as_text("UTF-16", "save it as UTF-8");
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 &&
           std::string_view("\t\n\v\f\r").find(c) == std::string_view::npos;
  };
  if (std::any_of(head.begin(), head.end(), is_control)) return as_text("binary", pandas);
  return std::nullopt;
}

/// Latin letters without capitals.
std::string lower_case(const std::string& text) {
  std::string result = text;
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// A source and its first bytes, which stay to be read.
std::pair<std::string, ByteSource> with_head(ByteSource source) {
  std::string head(512, '\0');
  head.resize(source(head));
  const ByteSource again = [head, at = std::size_t{0}, source](std::span<char> out) mutable {
    const std::size_t from_head = std::min(out.size(), head.size() - at);
    std::copy_n(head.data() + at, from_head, out.data());
    at += from_head;
    return from_head + (from_head < out.size() ? source(out.subspan(from_head)) : 0);
  };
  return {head, again};
}

/// The text of a table, unpacked. What is none is a ConfigError.
ByteSource open_table(const std::string& path) {
  const auto file = std::make_shared<InputFile>(path, "a table of seconds");
  auto [head, source] = with_head([file](std::span<char> out) { return file->read(out); });
  if (head.starts_with("\x1f\x8b")) std::tie(head, source) = with_head(gunzip(path, std::move(source)));
  if (const auto what = no_text(head)) throw ConfigError(fmt::format("{}: {}", printable(path), *what));
  return [path, all = std::move(source), read = std::size_t{0}](std::span<char> out) mutable {
    const std::size_t got = all(out);
    read += got;
    if (read > most_bytes)
      throw ConfigError(
          fmt::format("{}: has more than {} bytes, and no more are read", printable(path), most_bytes));
    return got;
  };
}

/// An instant as ISO 8601 writes it, `2026-03-29T14:05:07.25Z`.
struct Instant {
  std::int64_t seconds;  ///< since 1970 in UTC, or in the time of a place that is not said
  long double fraction;  ///< of a second
  bool zoned;            ///< it says its distance from UTC
};

/// A date and a time of day, with `T` or a blank between them and any number of decimals; a comma may stand
/// for the point. Nothing where the text is not that, or where there is no such day. A leap second counts as
/// the second after it.
std::optional<Instant> iso_instant(std::string_view text) {
  const auto digits = [&](std::size_t count) -> std::optional<int> {
    int value = 0;
    if (text.size() < count) return std::nullopt;
    for (const char c : text.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = 10 * value + (c - '0');
    }
    text.remove_prefix(count);
    return value;
  };
  const auto skip = [&](std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
  };
  const auto after = [&](std::string_view mark, std::size_t count) {
    return skip(mark) ? digits(count) : std::nullopt;
  };
  const auto year = digits(4), month = after("-", 2), day = after("-", 2);
  const auto hour = after("Tt ", 2), minute = after(":", 2), second = after(":", 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  Instant instant{
      .seconds = 86400 * days + 3600 * *hour + 60 * *minute + *second, .fraction = 0, .zoned = false};
  if (skip(".,")) {
    const std::string_view begin = text;
    long double power = 1, number = 0;
    while (const auto digit = digits(1)) {
      if (power > 1e17L) continue;  // beyond what a long double holds
      number = 10 * number + *digit;
      power *= 10;
    }
    if (text.size() == begin.size()) return std::nullopt;
    instant.fraction = number / power;
  }
  if (skip("Zz")) {
    instant.zoned = true;
  } else if (const bool east = text.starts_with('+'); skip("+-")) {
    const auto hours = digits(2);
    if (!hours) return std::nullopt;
    skip(":");
    const auto minutes = text.empty() ? std::optional(0) : digits(2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    instant.seconds += (east ? -1 : 1) * (*hours * 3600 + *minutes * 60);
    instant.zoned = true;
  }
  if (!text.empty()) return std::nullopt;
  return instant;
}

struct Value {
  std::uint64_t round;  // its number, or which row of its machine it is
  double seconds, transfer;
  std::uint32_t line;

  bool missing() const { return std::isnan(seconds) || std::isnan(transfer); }
};

struct Machine {
  std::string name;
  std::vector<Value> values;  // by round
};

struct Table {
  std::vector<Machine> machines;
  bool names_machines = false, numbers_rounds = false;
};

/// Reads a table row by row.
class TableReader {
 public:
  TableReader(const std::string& path, const TableFormat& format)
      : format_(format), csv_(path, open_table(path), {.separator = 0, .trim = true, .comments = true}) {}

  Table read() {
    std::vector<std::string> fields;
    if (!csv_.next(fields))
      throw ConfigError(
          fmt::format("{}: is empty; its first row must name its columns", printable(csv_.name())));
    header(fields);
    while (csv_.next(fields)) {
      if (fields.size() != columns_)
        csv_.fail(fmt::format("has {} for {} ({} between them)", counted(fields.size(), "value", "values"),
                              counted(columns_, "column", "columns"), separator()));
      format_.machine_columns ? wide_row(fields) : row(fields);
      ++rows_;
    }
    if (rows_ == 0)
      throw ConfigError(fmt::format("{}: has no rows below its header", printable(csv_.name())));
    for (Machine& machine : table_.machines) sort(machine);
    return std::move(table_);
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  enum class StampKind { number, zoned, local };
  /// In the table's unit, in two parts, since a date of our time leaves a long double ten decimals of a
  /// second; the whole numbers of nanoseconds since 1970 have 61 bits and fit.
  struct Stamp {
    long double whole, fraction;
  };

  static const char* words(StampKind kind) {
    return kind == StampKind::number  ? "a number"
           : kind == StampKind::zoned ? "a date and time of day in a time zone"
                                      : "a date and time of day without a time zone";
  }
  const char* separator() const {
    return csv_.separator() == ',' ? "commas" : csv_.separator() == ';' ? "semicolons" : "tabs";
  }
  [[noreturn]] void fail(std::size_t column, const std::string& what) const {
    csv_.fail(fmt::format("column {} {}", column + 1, what));
  }

  /// The place of a column, if it is there.
  std::size_t place_of(const std::vector<std::string>& names, const std::string& name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return none;
    if (std::find(found + 1, names.end(), name) != names.end())
      csv_.fail(fmt::format("names column \"{}\" twice", shown(name)));
    return static_cast<std::size_t>(found - names.begin());
  }
  std::size_t required(const std::vector<std::string>& names, const std::string& name,
                       const char* field) const {
    const std::size_t place = place_of(names, name);
    if (place == none)
      csv_.fail(
          columns_ == 1
              ? fmt::format("must name the columns, with commas, semicolons or tabs between them, but there "
                            "is one only, and it is not \"{}\"; \"columns\": {{\"{}\": ...}} says what "
                            "it is called",
                            shown(name), field)
              : fmt::format("must name the columns, but there is no \"{}\" among the {} (with {} between "
                            "them); \"columns\": {{\"{}\": ...}} says what it is called",
                            shown(name), columns_, separator(), field));
    return place;
  }
  /// One that has to be there only if the configuration says its name.
  std::size_t optional(const std::vector<std::string>& names, const std::optional<std::string>& given,
                       const char* usual) const {
    return given ? required(names, *given, usual) : place_of(names, usual);
  }

  /// Rounds that are numbered must not be taken by their order because of how their column is spelled, nor be
  /// the seconds of a machine.
  void refuse_rounds_by_another_name(const std::vector<std::string>& names) const {
    for (std::size_t c = 0; c < names.size(); ++c) {
      const std::string name = lower_case(names[c]);
      bool suspect = name == "iteration" || name == "iterations";
      for (const char* usual : {"iter", "step", "round", "epoch"})
        suspect = suspect || (format_.machine_columns && (name == usual || name == usual + std::string("s")));
      if (suspect)
        fail(c, fmt::format("is called \"{}\": if it numbers the rounds, say \"columns\": {{\"iteration\": "
                            "\"{}\"}}; else give it another name",
                            shown(names[c]), shown(names[c])));
    }
  }

  void header(const std::vector<std::string>& names) {
    columns_ = names.size();
    iteration_ = optional(names, format_.iteration, "iteration");
    table_.numbers_rounds = iteration_ != none;
    if (!table_.numbers_rounds) refuse_rounds_by_another_name(names);
    if (format_.machine_columns) {
      std::map<std::string_view, std::size_t> seen;
      for (std::size_t c = 0; c < columns_; ++c) {
        if (c == iteration_) continue;
        if (names[c].empty())
          fail(c, "has no name; where it counts the rows, say \"columns\": {\"iteration\": \"\"}");
        if (const auto [other, is_new] = seen.emplace(names[c], c); !is_new)
          fail(c, fmt::format("has the name of column {}", other->second + 1));
        table_.machines.push_back({.name = names[c], .values = {}});
      }
      if (table_.machines.empty()) csv_.fail("names no machine");
      table_.names_machines = true;
      return;
    }
    machine_ = optional(names, format_.machine, "machine");
    table_.names_machines = machine_ != none;
    if (format_.start) {
      start_ = required(names, *format_.start, "start");
      end_ = required(names, *format_.end, "end");
    } else {
      seconds_ = required(names, format_.seconds.value_or("seconds"), "seconds");
    }
    find_transfer(names);
    // A column that is wanted twice is a slip of the pen, and one of the two would be wrong.
    const std::pair<const char*, std::size_t> wanted[] = {{"machine", machine_}, {"iteration", iteration_},
                                                          {"seconds", seconds_}, {"start", start_},
                                                          {"end", end_},         {"transfer", transfer_}};
    for (std::size_t i = 0; i < std::size(wanted); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (wanted[i].second != none && wanted[i].second == wanted[j].second)
          fail(wanted[i].second, fmt::format("is taken as \"{}\" and as \"{}\"; \"columns\" says which it is",
                                             wanted[j].first, wanted[i].first));
  }

  void find_transfer(const std::vector<std::string>& names) {
    if (!format_.with_transfer) return;
    const std::size_t usual = place_of(names, "transfer"), other = place_of(names, "messages");
    if (!format_.transfer && usual != none && other != none)
      csv_.fail(
          "names both \"transfer\" and \"messages\"; \"columns\": {\"transfer\": ...} says which has the "
          "seconds");
    transfer_ = !format_.transfer && usual == none && other != none
                    ? other
                    : required(names, format_.transfer.value_or("transfer"), "transfer");
  }

  void row(const std::vector<std::string>& fields) {
    Value value{.round = 0, .seconds = nothing, .transfer = 0, .line = line()};
    if (seconds_ != none) {
      value.seconds = seconds(fields, seconds_);
    } else {
      const Stamp start = stamp(fields, start_), end = stamp(fields, end_);
      const long double between = end.whole - start.whole + (end.fraction - start.fraction);
      if (between < 0) fail(end_, fmt::format("must not be before the start, in column {}", start_ + 1));
      value.seconds =
          std::isnan(between)
              ? nothing
              : in_range(static_cast<double>(between / static_cast<long double>(format_.units)), end_);
    }
    if (transfer_ != none) value.transfer = seconds(fields, transfer_);
    const std::string& name = machine_ == none ? std::string() : fields[machine_];
    if (machine_ != none && name.empty()) fail(machine_, "must name the machine, but is empty");
    const auto [place, is_new] = numbers_.emplace(name, table_.machines.size());
    if (is_new) table_.machines.push_back({.name = name, .values = {}});
    add(table_.machines[place->second], fields, value);
  }

  void wide_row(const std::vector<std::string>& fields) {
    auto machine = table_.machines.begin();
    for (std::size_t c = 0; c < columns_; ++c)
      if (c != iteration_)
        add(*machine++, fields, {.round = 0, .seconds = seconds(fields, c), .transfer = 0, .line = line()});
  }

  void add(Machine& machine, const std::vector<std::string>& fields, Value value) {
    if (++values_ > most_values)
      csv_.fail(fmt::format("is one row too many: at most {} values are read", most_values));
    value.round = iteration_ == none ? machine.values.size() : whole_number(fields);
    machine.values.push_back(value);
  }

  std::uint32_t line() const {
    return static_cast<std::uint32_t>(std::min<std::size_t>(csv_.line(), 0xffffffff));
  }

  /// Whether a cell says that there is no value.
  static bool is_missing(const std::string& text) {
    if (text.size() > 9) return false;
    const std::string word = lower_case(text);
    for (const char* known :
         {"", "nan", "+nan", "-nan", "na", "n/a", "null", "none", "inf", "+inf", "infinity", "+infinity"})
      if (word == known) return true;
    return false;
  }

  /// The number in a cell; false where there is none. A comma stands for a point where semicolons separate.
  template <class Number>
  bool read(const std::string& cell, Number& value) {
    std::string_view text = cell;
    std::string pointed;
    if (csv_.separator() == ';' && cell.find(',') != std::string::npos) {
      if (cell.find('.') != std::string::npos) return false;
      pointed = cell;
      pointed[pointed.find(',')] = '.';
      text = pointed;
      comma_ = csv_.line();
    } else if (cell.find('.') != std::string::npos) {
      point_ = csv_.line();
    }
    if (comma_ > 0 && point_ > 0)
      csv_.fail(fmt::format("has decimals with a {}, but line {} has them with a {}",
                            comma_ > point_ ? "comma" : "point", std::min(comma_, point_),
                            comma_ > point_ ? "point" : "comma"));
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && stop == text.data() + text.size() && std::isfinite(value);
  }

  double seconds(const std::vector<std::string>& fields, std::size_t column) {
    const std::string& text = fields[column];
    if (is_missing(text)) return nothing;
    double value = 0;
    if (!read(text, value) || value < 0)
      fail(column, fmt::format("must be {}{}", seconds_wanted(),
                               csv_.separator() != ';' && text.find(',') != std::string::npos
                                   ? "; decimals have a comma only where semicolons separate"
                                   : ""));
    return in_range(value / format_.units + 0.0, column);  // no negative zero
  }

  static std::string seconds_wanted() {
    return fmt::format("0 or a number that comes to {:g} to {:g} s", smallest_number, largest_number);
  }

  /// As all numbers that are read, so that sums and squares of them are numbers too.
  double in_range(double seconds, std::size_t column) const {
    if (seconds != 0 && !(seconds >= smallest_number && seconds <= largest_number))
      fail(column, "must be " + seconds_wanted());
    return seconds;
  }

  Stamp stamp(const std::vector<std::string>& fields, std::size_t column) {
    const std::string& text = fields[column];
    if (is_missing(text)) return {.whole = std::numeric_limits<long double>::quiet_NaN(), .fraction = 0};
    StampKind kind = StampKind::number;
    Stamp stamp{.whole = 0, .fraction = 0};
    if (const auto instant = iso_instant(text)) {
      const auto units = static_cast<long double>(format_.units);
      kind = instant->zoned ? StampKind::zoned : StampKind::local;
      stamp = {.whole = static_cast<long double>(instant->seconds) * units,
               .fraction = instant->fraction * units};
    } else if (!read(text, stamp.whole)) {
      fail(column,
           "must be a time: a number counted from some instant, or a date and a time of day such as "
           "2026-03-29T14:05:07.25Z");
    }
    if (stamps_ && stamps_->first != kind)
      fail(column,
           fmt::format("is {}, but line {} has {}", words(kind), stamps_->second, words(stamps_->first)));
    if (!stamps_) stamps_ = {kind, csv_.line()};
    return stamp;
  }

  /// 3 or, as some programs write it, 3.0.
  std::uint64_t whole_number(const std::vector<std::string>& fields) {
    const std::string& text = fields[iteration_];
    std::uint64_t whole = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && stop == text.data() + text.size()) return whole;
    double value = 0;
    // From 2^53 on doubles skip numbers.
    if (!read(text, value) || value < 0 || value >= 0x1p53 || value != std::floor(value))
      fail(iteration_,
           "must be the number of an iteration, a whole number from 0 to 18446744073709551615, or "
           "below 2^53 with a point or an exponent");
    return static_cast<std::uint64_t>(value);
  }

  void sort(Machine& machine) const {
    if (!table_.numbers_rounds) return;
    std::stable_sort(machine.values.begin(), machine.values.end(),
                     [](const Value& a, const Value& b) { return a.round < b.round; });
    if (!table_.names_machines) return;
    const auto again = std::adjacent_find(machine.values.begin(), machine.values.end(),
                                          [](const Value& a, const Value& b) { return a.round == b.round; });
    if (again != machine.values.end())
      throw ConfigError(fmt::format("{}:{}: gives iteration {} of machine {} again, after line {}",
                                    printable(csv_.name()), (again + 1)->line, again->round,
                                    shown(machine.name), again->line));
  }

  const TableFormat& format_;
  CsvReader csv_;
  Table table_;
  std::size_t columns_ = 0, rows_ = 0, values_ = 0;
  std::size_t seconds_ = none, machine_ = none, iteration_ = none, start_ = none, end_ = none,
              transfer_ = none;
  std::size_t comma_ = 0, point_ = 0;                        // the last lines with such decimals
  std::optional<std::pair<StampKind, std::size_t>> stamps_;  // of the first stamp, and its line
  std::map<std::string, std::size_t> numbers_;               // of the machines, by name
};

/// The values of a table matched round by round, or one after another.
class Matching {
 public:
  Matching(std::string path, const Table& table, const TableFormat& format, Missing missing)
      : path_(std::move(path)), table_(table), format_(format), missing_(missing) {}

  Measurements by_round() {
    const std::vector<Machine>& machines = table_.machines;
    Measurements result;
    result.names_machines = table_.names_machines;
    result.numbers_rounds = table_.numbers_rounds;
    result.machines = machines.size();
    if (!table_.numbers_rounds)
      for (const Machine& machine : machines)
        if (machine.values.size() != machines.front().values.size())
          fail(
              fmt::format("has {} of machine {}, but {} of machine {}: without a column of iterations every "
                          "machine must have equally many, for nobody can say which are missing",
                          counted(machine.values.size(), "row", "rows"), shown(machine.name),
                          machines.front().values.size(), shown(machines.front().name)));
    // How many machines have a value in each round.
    std::vector<std::uint64_t> rounds;
    for (const Machine& machine : machines)
      for (const Value& value : machine.values) rounds.push_back(value.round);
    std::sort(rounds.begin(), rounds.end());
    rounds.erase(std::unique(rounds.begin(), rounds.end()), rounds.end());
    if (missing_ == Missing::skip_round) {
      std::vector<std::size_t> present(rounds.size(), 0);
      for (const Machine& machine : machines)
        for (const Value& value : machine.values)
          if (!value.missing()) ++present[index(rounds, value.round)];
      std::vector<std::uint64_t> whole;
      for (std::size_t r = 0; r < rounds.size(); ++r)
        if (present[r] == machines.size()) whole.push_back(rounds[r]);
      if (whole.empty()) fail("has no iteration in which every machine has a value");
      result.skipped = rounds.size() - whole.size();
      rounds = std::move(whole);
    }
    result.rounds = rounds.size();
    if (rounds.size() > most_values / machines.size())
      fail(fmt::format("has {} and {}: together more than {} values, most of which are missing",
                       counted(machines.size(), "machine", "machines"),
                       counted(rounds.size(), "iteration", "iterations"), most_values));
    result.seconds.assign(rounds.size() * machines.size(), nothing);
    if (format_.with_transfer) result.transfer.assign(result.seconds.size(), nothing);
    std::vector<std::uint32_t> lines(missing_ == Missing::refuse ? result.seconds.size() : 0);
    for (std::size_t m = 0; m < machines.size(); ++m)
      for (const Value& value : machines[m].values) {
        const std::size_t r = index(rounds, value.round);
        if (r == rounds.size() || rounds[r] != value.round) continue;  // left out
        const std::size_t place = r * machines.size() + m;
        if (!value.missing()) result.seconds[place] = value.seconds;
        if (format_.with_transfer) result.transfer[place] = value.transfer;
        if (!lines.empty()) lines[place] = value.line;
      }
    for (std::size_t place = 0; place < result.seconds.size(); ++place) {
      if (!std::isnan(result.seconds[place])) continue;
      const std::size_t m = place % machines.size();
      const std::uint64_t round = rounds[place / machines.size()];
      miss(result, place, [&] {
        return fmt::format(
            "machine {} in {} ({})", shown(machines[m].name),
            table_.numbers_rounds ? fmt::format("iteration {}", round) : fmt::format("its row {}", round + 1),
            lines[place] == 0 ? "no row" : fmt::format("line {}", lines[place]));
      });
    }
    refuse(result);
    return result;
  }

  Measurements in_order() {
    Measurements result;
    result.names_machines = table_.names_machines;
    result.rounds = 1;
    for (const Machine& machine : table_.machines)
      for (const Value& value : machine.values) {
        if (value.missing() && missing_ == Missing::skip_round) {
          ++result.skipped;
          continue;
        }
        result.seconds.push_back(value.missing() ? nothing : value.seconds);
        if (format_.with_transfer) result.transfer.push_back(value.transfer);
        if (value.missing())
          miss(result, result.seconds.size() - 1, [&] { return fmt::format("line {}", value.line); });
      }
    refuse(result);
    if (result.seconds.empty()) fail("has no value");
    result.machines = result.seconds.size();
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw ConfigError(fmt::format("{}: {}", printable(path_), what));
  }

  static std::size_t index(const std::vector<std::uint64_t>& rounds, std::uint64_t round) {
    const std::uint64_t guess = round - rounds.front();  // most number them one after another
    if (guess < rounds.size() && rounds[guess] == round) return guess;
    return static_cast<std::size_t>(std::lower_bound(rounds.begin(), rounds.end(), round) - rounds.begin());
  }

  template <class Describe>
  void miss(Measurements& result, std::size_t place, const Describe& describe) {
    ++result.unanswered;
    result.seconds[place] = std::numeric_limits<double>::infinity();
    if (format_.with_transfer) result.transfer[place] = 0;  // of a message that is never sent
    if (missing_ == Missing::refuse && result.unanswered <= most_named)
      named_ += (named_.empty() ? "" : ", ") + describe();
  }

  void refuse(const Measurements& result) const {
    if (missing_ != Missing::refuse || result.unanswered == 0) return;
    fail(fmt::format(
        "{}: {}{}; \"missing\": \"no-answer\" lets a worker not answer there, \"skip-round\" leaves "
        "such iterations out",
        result.unanswered == 1 ? "a value is missing"
                               : fmt::format("{} values are missing", result.unanswered),
        named_,
        result.unanswered > most_named ? fmt::format(" and {} more", result.unanswered - most_named) : ""));
  }

  std::string path_;
  const Table& table_;
  const TableFormat& format_;
  Missing missing_;
  std::string named_;
};

}  // namespace

std::shared_ptr<const Measurements> load_measurements(const std::string& path, const TableFormat& format,
                                                      Missing missing, bool by_round) {
  // Which file, as it was when.
  using Key =
      std::tuple<std::string, fs::file_time_type, std::uintmax_t, TableFormat, Missing, bool /*by_round*/>;
  static std::mutex mutex;
  static std::map<Key, std::weak_ptr<const Measurements>> loaded;
  std::error_code error;
  const Key key(fs::weakly_canonical(path, error).string(), fs::last_write_time(path, error),
                fs::file_size(path, error), format, missing, by_round);
  const std::lock_guard lock(mutex);
  std::erase_if(loaded, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const Measurements>& place = loaded[key];
  auto measurements = place.lock();
  if (!measurements) {
    const Table table = TableReader(path, format).read();
    Matching matching(path, table, format, missing);
    place = measurements =
        std::make_shared<const Measurements>(by_round ? matching.by_round() : matching.in_order());
  }
  return measurements;
}

}  // namespace straggle
