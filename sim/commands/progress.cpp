#include "sim/commands/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <system_error>

#include "sim/base/text.h"
#include "sim/table/table.h"

namespace straggle {
namespace {

constexpr std::size_t most_rows = 200;  // that are kept: no terminal shows more

/// Columns and lines of the terminal on standard error.
std::pair<std::size_t, std::size_t> terminal_size() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {80, 24};
  return {size.ws_col, size.ws_row};
}

}  // namespace

std::string progress_line(double share, double elapsed, std::uint64_t in_point, const Point* point,
                          std::uint64_t verified, double silent) {
  std::string line;
  if (!std::isnan(share)) line = fmt::format("{:3.0f} %, ", 100 * share);
  line +=
      share > 0 ? fmt::format("{:.0f} s left", elapsed / share - elapsed) : fmt::format("{:.0f} s", elapsed);
  if (!point) return line;
  if (!point->axes.empty()) line += fmt::format("; point {}", point->index);
  if (in_point >= point->trials) return line + "; comparing with theory";
  line += fmt::format("; {}trial {} of {}{}", in_point < verified ? "verifying, " : "", in_point,
                      point->precision ? "at most " : "", point->trials);
  constexpr double long_trial = 2;  // seconds
  if (silent > long_trial) line += fmt::format(", the next ones have taken {:.0f} s so far", silent);
  return line;
}

std::string live_picture(const std::string& table, const std::string& line, std::size_t columns,
                         std::size_t lines, std::size_t& before) {
  std::vector<std::string> shown;
  for (std::size_t begin = 0; begin < table.size();) {
    const std::size_t end = std::min(table.find('\n', begin), table.size());
    shown.push_back(table.substr(begin, end - begin));
    begin = end + 1;
  }
  const std::size_t room = lines > 2 ? lines - 2 : 0;  // the progress line, and one that scrolls
  if (shown.size() > room && room > 1) {
    shown.erase(shown.begin() + 1, shown.end() - static_cast<std::ptrdiff_t>(room - 1));
  } else if (shown.size() > room) {
    shown.clear();
  }
  std::string picture = "\r";
  if (before > 0) picture += fmt::format("\x1b[{}A", before);
  picture += "\x1b[J";
  for (const std::string& row : shown) picture += shortened(row, columns) + "\n";
  before = shown.size();
  return picture + shortened(line, columns - std::min<std::size_t>(columns, 1));
}

Progress::Progress(std::uint64_t total, const Experiment* experiment)
    : total_(total), experiment_(experiment), visible_(isatty(STDERR_FILENO) == 1) {
  if (!visible_) return;
  try {
    clock_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      while (!end_.wait_for(lock, std::chrono::milliseconds(300), [this] { return over_; })) show();
    });
  } catch (const std::system_error&) {
    visible_ = false;  // no thread to be had: without a line, then
  }
}

Progress::~Progress() {
  if (!visible_) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  end_.notify_one();
  clock_.join();
  if (shown_) std::cerr << live_picture("", "", 80, 24, lines_above_) << std::flush;
}

void Progress::add(const Point& point, std::uint64_t trials) {
  if (!visible_) return;
  const std::lock_guard lock(mutex_);
  done_ += trials;
  last_ = Clock::now();
  if (point_ && point.index < point_->index) return;  // a late one: shown is the furthest
  if (point_ != &point) in_point_ = 0;
  point_ = &point;
  in_point_ += trials;
}

void Progress::add(std::uint64_t trials) {
  if (!visible_) return;
  const std::lock_guard lock(mutex_);
  done_ += trials;
  last_ = Clock::now();
}

void Progress::add(const Row& row) {
  if (!visible_ || !experiment_) return;
  const std::lock_guard lock(mutex_);
  if (rows_.size() >= 2 * most_rows) rows_.erase(rows_.begin(), rows_.end() - most_rows);
  rows_.push_back(row);
  new_rows_ = true;
}

void Progress::show() {
  shown_ = true;
  const auto seconds = [now = Clock::now()](Clock::time_point from) {
    return std::chrono::duration<double>(now - from).count();
  };
  const auto [columns, lines] = terminal_size();
  if (new_rows_ && Clock::now() >= next_table_) {
    const auto begin = Clock::now();
    const std::size_t rows = std::min({rows_.size(), most_rows, lines});
    table_ =
        table_rows(*experiment_, {rows_.end() - static_cast<std::ptrdiff_t>(rows), rows_.end()}, columns);
    new_rows_ = false;
    next_table_ = Clock::now() + 20 * (Clock::now() - begin);  // of a large sweep it takes long
  }
  const std::string line =
      progress_line(total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_)
                               : std::numeric_limits<double>::quiet_NaN(),
                    seconds(start_), in_point_, point_, point_ ? point_->verify.trials : 0, seconds(last_));
  std::cerr << live_picture(table_, line, columns, lines, lines_above_) << std::flush;
}

}  // namespace straggle
