// A star on ideal or serial links: the workers' messages merge at the master's port.
#include <algorithm>
#include <cassert>
#include <stdexcept>

#include "sim/engine/disciplines.h"
#include "sim/engine/intake.h"

namespace straggle {

/// The state of one round. `KeepAll` is the replay's variant, `Port` that of serial links, leftovers and
/// silence, and `Sized`, which comes with a port, that of messages that are not a gradient each; a sweep on
/// ideal links pays nothing for any of them.
template <bool KeepAll, bool Port, bool Sized>
class StarRound {
 public:
  StarRound(const Program& program, const Links& links, const Conditions& conditions, Workspace& space)
      : program_(program),
        links_(links),
        conditions_(conditions),
        space_(space),
        intake_(program.goal(), space),
        latency_(links.discipline == Discipline::ideal ? 0 : links.latency) {}

  RoundResult run();

 private:
  void start();
  double size_of(std::size_t worker, std::uint32_t message) const {
    return Sized ? program_.route(static_cast<NodeId>(worker + 1), message).size : 1;
  }
  double reaches_port(std::size_t worker, const Program::Message& message) const {
    const double sent = conditions_.end_of(message.work, worker);
    return Port ? sent + latency_ : sent;
  }
  /// The next message of an earlier iteration, if the port serves it before this event of a worker.
  const Leftover::Stale* stale_before(Tournament::Key winner) const {
    if (!Port || !conditions_.leftover) return nullptr;
    const std::vector<Leftover::Stale>& messages = conditions_.leftover->messages;
    if (space_.next_leftover_ == messages.size()) return nullptr;
    const Leftover::Stale& next = messages[space_.next_leftover_];
    const double time = Tournament::time(winner);
    const bool first = next.time < time || (next.time == time && next.from <= Tournament::player(winner) + 1);
    return first ? &next : nullptr;
  }

  const Program& program_;
  const Links& links_;
  const Conditions& conditions_;
  Workspace& space_;
  Intake intake_;
  double latency_;
};

template <bool KeepAll, bool Port, bool Sized>
void StarRound<KeepAll, Port, Sized>::start() {
  const std::size_t workers = program_.workers();
  space_.queue_.reset(workers);
  space_.next_.assign(workers, 0);
  if constexpr (KeepAll) space_.all_.clear();
  space_.in_port_.clear();
  if constexpr (Port) space_.in_port_.reserve(program_.messages_in_all());
  space_.next_leftover_ = 0;
  for (std::size_t w = 0; w < workers; ++w) {
    const auto messages = program_.messages(static_cast<NodeId>(w + 1));
    space_.queue_.seat(static_cast<std::uint32_t>(w),
                       messages.empty() ? Tournament::never : reaches_port(w, messages[0]));
  }
  space_.queue_.start();
}

template <bool KeepAll, bool Port, bool Sized>
RoundResult StarRound<KeepAll, Port, Sized>::run() {
  RoundResult result;
  start();
  double port_free = 0, port_busy = 0, end = Tournament::never;
  std::uint64_t received = 0;
  double gradients = 0;  // their size
  while (true) {
    const Tournament::Key winner = space_.queue_.winner();
    const Leftover::Stale* const stale = stale_before(winner);
    double time = stale ? stale->time : Tournament::time(winner);
    // Messages of the very instant of completion have been received by it; the decode does not need them.
    if (time == Tournament::never || time > end) break;
    if (stale) {
      ++space_.next_leftover_;
      port_free = std::max(time, port_free) + stale->seconds;
      if (port_free > end) {
        space_.in_port_.push_back(*stale);
      } else {
        ++received;
        port_busy += stale->seconds;
        if constexpr (Sized) gradients += stale->size;
        if constexpr (KeepAll) space_.all_.push_back({port_free, stale->from, 0, Arrival::Fate::stale});
      }
      continue;
    }
    const std::uint32_t worker = Tournament::player(winner);
    const auto messages = program_.messages(worker + 1);
    const std::uint32_t index = space_.next_[worker]++;
    space_.queue_.update(
        worker, index + 1 < messages.size() ? reaches_port(worker, messages[index + 1]) : Tournament::never);
    if constexpr (Port) {
      if (conditions_.silence && (result.complete || intake_.full(messages[index].group))) {
        if constexpr (KeepAll)
          space_.all_.push_back({std::max(time, port_free), worker + 1, index, Arrival::Fate::dropped});
        continue;
      }
      const double size = size_of(worker, index);
      const double seconds = conditions_.port_seconds(links_, worker, size);
      const double reached = time;
      time = port_free = std::max(time, port_free) + seconds;
      if (time > end) {
        space_.in_port_.push_back({reached, worker + 1, seconds, size});
        continue;
      }
      port_busy += seconds;
      if constexpr (Sized) gradients += size;
    }
    ++received;
    const Arrival::Fate fate = result.complete ? Arrival::Fate::late : intake_.receive(messages[index]);
    const Arrival arrival{time, worker + 1, index, fate};
    if constexpr (KeepAll) space_.all_.push_back(arrival);
    if (fate == Arrival::Fate::useful) {
      space_.taken_.push_back(arrival);
      if (intake_.enough()) {
        result.complete = true;
        end = time;
      }
    }
  }
  result.taken = space_.taken_;
  result.missing = intake_.missing();
  const auto messages = static_cast<double>(received);
  result[Tally::messages] = messages;
  result[Tally::useful_messages] = static_cast<double>(space_.taken_.size());
  if (!result.complete) return result;
  result[Tally::time] = end;
  Tallies tallies(program_, links_, conditions_, space_);
  tallies.work(result);
  const double bytes = Sized ? gradients : messages;
  result[Tally::messages_in_all] = messages;
  result[Tally::bytes_in_all] = result[Tally::bytes_into_busiest] = bytes;
  result[Tally::port_utilisation] = end > 0 ? port_busy / end : 0;
  if (!conditions_.model_at.empty()) {
    space_.volume_.assign(program_.workers() + 1, 0);
    space_.busy_.assign(program_.workers() + 1, 0);
    space_.volume_[master] = bytes;
    space_.busy_[master] = port_busy;
    tallies.ports(result);
  }
  return result;
}

RoundResult run_star(const Program& program, const Links& links, const Conditions& conditions,
                     Workspace& space) {
  const auto run = [&]<bool Port, bool Sized>() {
    return space.keep_all ? StarRound<true, Port, Sized>(program, links, conditions, space).run()
                          : StarRound<false, Port, Sized>(program, links, conditions, space).run();
  };
  if (!program.plain() || (conditions.leftover && conditions.leftover->sized))
    return run.template operator()<true, true>();
  const bool port =
      links.discipline == Discipline::serial || conditions.silence || conditions.leftover != nullptr;
  return port ? run.template operator()<true, false>() : run.template operator()<false, false>();
}

void leave(const Program& program, const Links& links, const Conditions& conditions,
           const RoundResult& result, RoundStart mode, Workspace& space, Leftover& out) {
  const double end = result[Tally::time];
  const std::size_t workers = program.workers();
  const auto busy_before = [&](std::size_t w) {
    return conditions.leftover ? conditions.leftover->busy_until[w] : 0.0;
  };
  std::vector<double> busy(workers, 0);
  std::vector<Leftover::Stale> messages;
  std::vector<Leftover::Work> work;
  const bool sized = !program.plain() || (conditions.leftover && conditions.leftover->sized);
  if (mode != RoundStart::fresh && program.kind() != Program::Kind::exchange) {
    if (program.kind() != Program::Kind::star || links.discipline == Discipline::shared)
      throw std::logic_error("only a star on ideal or serial links leaves something to the next iteration");
    const bool ideal = links.discipline == Discipline::ideal;
    const double latency = ideal ? 0 : links.latency;
    const std::size_t older = conditions.leftover ? conditions.leftover->messages.size() : 0;
    messages.reserve(space.in_port_.size() + older + program.messages_in_all());
    // What waits for the port: an iteration ends with a message's service, so none is half served.
    for (const Leftover::Stale& stale : space.in_port_)
      messages.push_back({stale.time - end, stale.from, stale.seconds, stale.size});
    const std::size_t queued = messages.size();
    if (conditions.leftover)
      for (std::size_t i = space.next_leftover_; i < conditions.leftover->messages.size(); ++i) {
        messages.push_back(conditions.leftover->messages[i]);
        messages.back().time -= end;
      }
    std::size_t next_rest = 0;
    for (std::size_t w = 0; w < workers; ++w) {
      const auto node = static_cast<NodeId>(w + 1);
      const auto steps = program.messages(node);
      const auto keep = [&](Leftover::Work rest) {  // in seconds into the next iteration
        rest.offset -= end;
        for (double& time : rest.ends) time -= end;
        work.push_back(std::move(rest));
      };
      if (conditions.leftover)
        for (;
             next_rest < conditions.leftover->work.size() && conditions.leftover->work[next_rest].worker == w;
             ++next_rest) {
          Leftover::Work rest = conditions.leftover->work[next_rest];
          if (rest.end_of(rest.to) <= end) continue;
          const double ended = tasks_in_rest(rest, end);
          rest.from += ended;
          if (!rest.ends.empty())
            rest.ends.erase(rest.ends.begin(), rest.ends.begin() + std::ptrdiff_t(ended));
          keep(std::move(rest));
        }
      const auto keep_step = [&](double from, double to) {
        Leftover::Work rest{.worker = w,
                            .from = from,
                            .to = to,
                            .offset = conditions.offset[w],
                            .slope = conditions.prefix.empty() ? conditions.slope[w] : 0};
        if (!conditions.prefix.empty()) {
          for (double task = 1; task < to - from; task += 1)
            rest.ends.push_back(conditions.end_of(from + task, w));
          rest.ends.push_back(conditions.end_of(to, w));
        }
        keep(std::move(rest));
      };
      for (std::size_t j = space.next_[w]; j < steps.size(); ++j) {
        const double sent = conditions.end_of(steps[j].work, w);
        if (sent == Tournament::never || (mode == RoundStart::abandon && sent > end)) break;
        const double size = program.route(node, j).size;
        messages.push_back({sent + latency - end, node, conditions.port_seconds(links, w, size), size});
      }
      const double last = conditions.end_of(program.load(node), w);
      if (last <= end) continue;
      const double model_at = conditions.model_at.empty() ? 0 : conditions.model_at[w];
      const bool begins = mode == RoundStart::backlog || end > std::max(busy_before(w), model_at);
      if (last == Tournament::never || !begins) {  // what it had to do before, and no more
        busy[w] = std::max(0.0, busy_before(w) - end);
        continue;
      }
      std::size_t step = 0;
      while (conditions.end_of(steps[step].work, w) <= end) ++step;
      const double before = step > 0 ? steps[step - 1].work : 0;
      const double done = before + tasks_in_step(program, conditions, w, step, end);
      if (mode == RoundStart::abandon) {
        if (done > 0 && conditions.end_of(done, w) == end) continue;  // at a boundary this very instant
        const double boundary = std::min(done + 1, steps[step].work);
        keep_step(done, boundary);
        busy[w] = conditions.end_of(boundary, w) - end;
        continue;
      }
      keep_step(done, steps[step].work);
      for (++step; step < steps.size(); ++step) keep_step(steps[step - 1].work, steps[step].work);
      busy[w] = last - end;
    }
    std::sort(messages.begin() + static_cast<std::ptrdiff_t>(queued), messages.end(),
              [](const Leftover::Stale& a, const Leftover::Stale& b) {
                return a.time != b.time ? a.time < b.time : a.from < b.from;
              });
    if (conditions.silence) messages.clear();  // the workers have been told
  }
  out.busy_until = std::move(busy);
  out.messages = std::move(messages);
  out.work = std::move(work);
  out.sized = sized;
}

}  // namespace straggle
