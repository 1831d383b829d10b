#include "sim/base/interrupt.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace straggle {
namespace {

// A signal handler may touch nothing but what is lock-free.
std::atomic<int> caught = 0;
std::atomic<std::int64_t> caught_at = 0;  // milliseconds
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{1000} * now.tv_sec + now.tv_nsec / 1000000;
}

std::atomic<bool> finishing = false;
constexpr unsigned patience = 5;  // seconds from the wish to the end

extern "C" void catch_signal(int signal) {
  if (finishing) return;
  if (caught == 0) {
    caught_at = milliseconds();
    caught = signal;
    alarm(patience);
  } else if (milliseconds() - caught_at > 200) {
    // The second time. One that comes with the first is the same wish: timeout(1) tells the process, and then
    // its group.
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

struct sigaction pipe_before, alarm_before;

extern "C" void give_up(int) {
  if (caught == 0 || milliseconds() - caught_at < 1000 * patience - 100) {  // somebody else's alarm
    sigaction(SIGALRM, &alarm_before, nullptr);
    std::raise(SIGALRM);
    return;
  }
  constexpr char words[] = "interrupted in the midst of what cannot be stopped; finished points are beside\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, words, sizeof words - 1);
  _exit(128 + caught);
}

constexpr std::array stopping = {SIGINT, SIGTERM, SIGHUP};
std::array<struct sigaction, stopping.size()> before;

}  // namespace

InterruptGuard::InterruptGuard() {
  caught = 0;
  struct sigaction action {};
  action.sa_handler = catch_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < stopping.size(); ++i) {
    sigaction(stopping[i], nullptr, &before[i]);
    // A shell ignores SIGINT for what it starts with &; whoever sends it one all the same means it.
    if (stopping[i] != SIGHUP || before[i].sa_handler != SIG_IGN) sigaction(stopping[i], &action, nullptr);
  }
  action.sa_handler = give_up;
  sigaction(SIGALRM, &action, &alarm_before);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_before);
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < stopping.size(); ++i) sigaction(stopping[i], &before[i], nullptr);
  sigaction(SIGPIPE, &pipe_before, nullptr);
  alarm(0);
  sigaction(SIGALRM, &alarm_before, nullptr);
  caught = 0;
  finishing = false;
}

void InterruptGuard::finish() {
  finishing = true;
  alarm(0);
  stop_if_interrupted();
}

int caught_signal() {
  return caught.load(std::memory_order_relaxed);
}

void stop_if_interrupted(int grace) {
  const int signal = caught_signal();
  if (signal != 0 && (grace == 0 || milliseconds() - caught_at >= grace)) throw Interrupted{signal};
}

}  // namespace straggle
