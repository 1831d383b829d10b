// Ctrl-C and its like as a wish that long work looks at, so that what is finished can be put away first.
#pragma once

namespace straggle {

/// Thrown by work that has been asked to stop.
struct Interrupted {
  int signal;  ///< SIGINT, SIGTERM or SIGHUP
};

/// While one lives, the first SIGINT, SIGTERM or SIGHUP (unless that is ignored, as under nohup) makes
/// stop_if_interrupted() throw; the second ends the process as ever. Where nobody has asked for five seconds
/// the process ends with 128 and the signal's number, and a word on standard error. SIGPIPE is ignored
/// meanwhile: a reader who has gone away costs no results. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Throws Interrupted as stop_if_interrupted() does, or else nothing stops what follows any more.
  void finish();
};

/// The signal that a guard has caught; 0 where there is none. Cheap, and for any thread.
int caught_signal();

/// Throws Interrupted when a guard has caught a signal, at least so many milliseconds ago.
void stop_if_interrupted(int milliseconds = 0);

}  // namespace straggle
