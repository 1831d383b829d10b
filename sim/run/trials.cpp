#include "sim/run/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>

#include "sim/base/interrupt.h"

namespace straggle {

void Verification::merge(const Verification& later) {
  trials += later.trials;
  decodes += later.decodes;
  real_judged += later.real_judged;
  unjudged += later.unjudged;
  real_max_error = std::max(real_max_error, later.real_max_error);
  real = real || later.real;
  prime = prime || later.prime;
  prime_exact = prime_exact && later.prime_exact;
  timing_only = timing_only || later.timing_only;
  decode_seconds += later.decode_seconds;
  if (!failed_trial && later.failed_trial) {
    failed_trial = later.failed_trial;
    failure = later.failure;
  }
}

void Incomplete::merge(const Incomplete& later) {
  trials += later.trials;
  if (first || !later.first) return;
  first = later.first;
  missing = later.missing;
}

void add_iteration(TrialRecord& record, const RoundResult& round) {
  record.complete = record.complete && round.complete;
  record.time += round.time;
  record.messages += static_cast<double>(round.messages);
  record.useful_messages += static_cast<double>(round.useful);
  record.messages_in_all += static_cast<double>(round.hops);
  record.volume += round.volume;
  record.largest_volume += round.largest_volume;
  record.utilisation += round.utilisation;
  record.work += round.work;
  record.wasted += round.wasted;
}

void average_iterations(TrialRecord& record, std::uint32_t iterations) {
  if (iterations == 1) return;
  for (double TrialRecord::*tally :
       {&TrialRecord::time, &TrialRecord::messages, &TrialRecord::useful_messages,
        &TrialRecord::messages_in_all, &TrialRecord::volume, &TrialRecord::largest_volume,
        &TrialRecord::utilisation, &TrialRecord::work, &TrialRecord::wasted})
    record.*tally /= iterations;
}

TrialRunner::TrialRunner(const Point& point) : point_(point) {
  const auto workers = static_cast<std::size_t>(point.workers);
  double largest_load = 0;
  for (const SchemeSetup& setup : point.schemes) {
    Entry entry;
    entry.scheme = setup.recipe.make();
    entry.program = &entry.scheme->next_round(nullptr);
    if (entry.program->workers() != workers)
      throw std::logic_error("a program has other workers than its point");
    largest_load = std::max(largest_load, entry.program->largest_load());
    schemes_.push_back(std::move(entry));
  }
  const Compute& compute = point.compute;
  if (compute.per_data_set) seconds_scale_ = 1.0 / point.workers;
  conditions_.workers = workers;
  conditions_.silence = point.silence;
  offset_.assign(workers, 0);
  slope_.resize(workers);
  if (compute.scaling == Scaling::data_dependent) {
    std::fill(slope_.begin(), slope_.end(), compute.increment * seconds_scale_);
  } else if (compute.scaling == Scaling::additive) {
    rows_ = static_cast<std::size_t>(std::ceil(largest_load));
    prefix_.assign((rows_ + 1) * workers, 0);
    conditions_.prefix = prefix_;
  }
  conditions_.offset = offset_;
  conditions_.slope = slope_;
}

void TrialRunner::draw(std::uint64_t trial, std::uint32_t iteration) {
  trial_ = trial;
  for (Entry& entry : schemes_) {
    entry.has_previous = iteration > 0;
    if (iteration == 0) entry.next_leftover = {};
  }
  const Compute& compute = point_.compute;
  const ComputeModel& model = *compute.model;
  const std::size_t workers = conditions_.workers;
  DrawAddress address{.seed = point_.seed,
                      .trial = trial,
                      .iteration = compute.redraw_each_iteration ? iteration : 0,
                      .purpose = Purpose::compute_time};
  const auto draw_seconds = [&](std::span<double> out) {
    model.draw(address, out);
    if (compute.per_data_set)
      for (double& seconds : out) seconds *= seconds_scale_;
  };
  switch (compute.scaling) {
    case Scaling::server_dependent:
      draw_seconds(slope_);
      break;
    case Scaling::data_dependent:
      model.draw(address, offset_);  // no work enters it, so it is not "per" anything
      break;
    case Scaling::additive:
      for (std::size_t j = 0; j < rows_; ++j) {
        address.index = static_cast<std::uint32_t>(j);
        const std::span<double> sums(prefix_.data() + (j + 1) * workers, workers);
        draw_seconds(sums);
        for (std::size_t w = 0; w < workers; ++w) sums[w] += prefix_[j * workers + w];
      }
      address.index = 0;
  }
  const bool offset_drawn = compute.scaling == Scaling::data_dependent;
  delay_.resize(workers);
  conditions_.delay = {};
  if (model.delay(address, delay_)) {
    conditions_.delay = delay_;
    for (std::size_t w = 0; w < workers; ++w) offset_[w] = (offset_drawn ? offset_[w] : 0) + delay_[w];
  } else if (!offset_drawn) {
    std::fill(offset_.begin(), offset_.end(), 0);
  }
  transfer_.resize(workers);
  conditions_.transfer = {};
  if (model.transfer(address, transfer_)) conditions_.transfer = transfer_;
  // Whoever never answers has an infinite offset, under any scaling; so has one whose draw is infinite.
  const auto kill = [&](std::size_t w) { offset_[w] = Tournament::never; };
  const double* const longest =
      compute.scaling == Scaling::additive ? prefix_.data() + rows_ * workers : slope_.data();
  for (std::size_t w = 0; w < workers; ++w)
    if (longest[w] == Tournament::never) kill(w);
  for (const std::uint32_t w : compute.failure.workers) kill(w);
  if (compute.failure.probability > 0) {
    failure_bits_.resize(workers);
    random_bits({.seed = point_.seed, .trial = trial, .iteration = iteration, .purpose = Purpose::failure},
                failure_bits_);
    for (std::size_t w = 0; w < workers; ++w)  // a uniform number of 53 bits
      if (static_cast<double>(failure_bits_[w] >> 11) * 0x1p-53 < compute.failure.probability) kill(w);
  }
  dead_ = static_cast<std::uint64_t>(std::count(offset_.begin(), offset_.end(), Tournament::never));
}

Conditions TrialRunner::conditions_of(Entry& entry) const {
  Conditions conditions = conditions_;
  const std::size_t workers = conditions.workers;
  send_model(*entry.program, point_.links, point_.downlink, entry.model_at);
  const bool leftover = !entry.leftover.busy_until.empty();
  if (entry.model_at.empty() && !leftover) return conditions;
  entry.offset.resize(workers);
  for (std::size_t w = 0; w < workers; ++w) {
    const double model_at = entry.model_at.empty() ? 0 : entry.model_at[w];
    const double start = leftover ? std::max(model_at, entry.leftover.busy_until[w]) : model_at;
    entry.offset[w] = offset_[w] + start;
  }
  conditions.offset = entry.offset;
  conditions.model_at = entry.model_at;
  if (leftover) conditions.leftover = &entry.leftover;
  return conditions;
}

const RoundResult& TrialRunner::run(std::size_t s) {
  Entry& entry = schemes_[s];
  if (entry.has_previous && !entry.result.complete) return entry.result;
  entry.result.taken = {};  // other schemes have used the workspace since
  entry.leftover = std::move(entry.next_leftover);
  entry.next_leftover = {};
  entry.program = &entry.scheme->next_round(entry.has_previous ? &entry.result : nullptr);
  entry.conditions = conditions_of(entry);
  entry.result = run_round(*entry.program, point_.links, entry.conditions, workspace_);
  if (!entry.result.complete && dead_ == 0)
    throw std::logic_error(
        fmt::format("trial {} of scheme {} at point {} cannot complete: every worker has "
                    "answered, and {}",
                    trial_, point_.schemes[s].label, point_.index, missing(s)));
  if (entry.result.complete && point_.round_start != RoundStart::fresh)
    leave(*entry.program, point_.links, entry.conditions, entry.result, point_.round_start, workspace_,
          entry.next_leftover);
  return entry.result;
}

std::string TrialRunner::missing(std::size_t s) const {
  const Entry& entry = schemes_[s];
  const std::uint64_t missing = entry.result.missing;
  if (entry.program->kind() == Program::Kind::exchange)
    return fmt::format("{} worker{} never answered", missing, missing == 1 ? "" : "s");
  return fmt::format("{} of the {} useful messages never came ({} worker{} never answered)", missing,
                     entry.program->goal().need, dead_, dead_ == 1 ? "" : "s");
}

namespace {

/// Carries data through the code on the verified trials. One a thread; the data sets are built on first use.
class Verifier {
 public:
  explicit Verifier(const Point& point) : point_(point), problems_(point.schemes.size()) {}

  void check(std::size_t s, Codebook& codebook, const RoundResult& result, std::uint64_t trial,
             std::uint32_t iteration, Verification& outcome) {
    if (point_.verify.real) {
      outcome.real = true;
      const Exactness exactness = decode(s, problems_[s].real, codebook, result, trial, iteration, outcome);
      if (!exactness.judged) {
        ++outcome.unjudged;
      } else {
        ++outcome.real_judged;
        outcome.real_max_error = std::max(outcome.real_max_error, exactness.error);
      }
    }
    if (point_.verify.prime) {
      outcome.prime = true;
      const Exactness exactness = decode(s, problems_[s].prime, codebook, result, trial, iteration, outcome);
      outcome.prime_exact = outcome.prime_exact && exactness.exact;
    }
  }

 private:
  struct Problems {
    std::optional<Problem<double>> real;
    std::optional<Problem<codes::Gf61>> prime;
  };

  /// Whether the messages taken contain the blocks of the share that the scheme recovers. Nothing is taken of
  /// an exchange, which moves all.
  static bool holds_enough(const Codebook& codebook, std::span<const Arrival> taken, double recovered) {
    std::vector<char> held(codebook.blocks(), 0);
    bool says = false;
    for (const Arrival& arrival : taken)
      for (const std::size_t block : codebook.contents(arrival.from, arrival.message)) {
        says = true;
        if (block < held.size()) held[block] = 1;
      }
    const auto missing = static_cast<double>(std::count(held.begin(), held.end(), 0));
    return !says || missing <= (1 - recovered) * static_cast<double>(held.size()) + 1e-9;
  }

  template <class T>
  Exactness decode(std::size_t s, std::optional<Problem<T>>& problem, Codebook& codebook,
                   const RoundResult& result, std::uint64_t trial, std::uint32_t iteration,
                   Verification& outcome) {
    if (!problem) problem.emplace(point_.seed, codebook.blocks(), point_.verify.dimension);
    problem->set_model(trial, iteration);
    Exactness exactness = codebook.check(result.taken, *problem);
    // What the codebook has compared with its sum is for it to say; that all of the data set is there is not.
    const bool whole = holds_enough(codebook, result.taken, point_.schemes[s].recipe.recovered);
    exactness.exact = exactness.exact && whole;
    record(exactness, std::is_same_v<T, double> ? "doubles" : "the prime field", trial, outcome);
    if (!whole && outcome.failed_trial == trial)
      outcome.failure = "the messages it has taken do not contain the whole data set";
    return exactness;
  }

  static void record(const Exactness& exactness, const char* field, std::uint64_t trial,
                     Verification& outcome) {
    ++outcome.decodes;
    outcome.decode_seconds += exactness.seconds;
    if (outcome.failed_trial || (exactness.decodable && (exactness.exact || !exactness.judged))) return;
    outcome.failed_trial = trial;
    outcome.failure = !exactness.decodable ? fmt::format("its messages do not decode in {}", field)
                      : exactness.error > 0
                          ? fmt::format("it decodes with relative error {:.2e} in {}", exactness.error, field)
                          : fmt::format("it decodes to a wrong sum in {}", field);
  }

  const Point& point_;
  std::vector<Problems> problems_;
};

/// Everything one thread needs, and the loop over a range of trials.
class RangeRunner {
 public:
  RangeRunner(const Point& point, Keep keep)
      : point_(point), keep_(keep), runner_(point), verifier_(point), records_(point.schemes.size()) {
    runner_.workspace().keep_all = keep.critical;
  }

  std::vector<SchemeResult> run(std::uint64_t first, std::uint64_t last) {
    std::vector<SchemeResult> results(point_.schemes.size());
    for (auto& records : records_) records.assign(last - first, {});
    if (keep_.critical)
      for (SchemeResult& result : results) result.critical.assign(last - first, {});
    for (std::uint64_t trial = first; trial < last; ++trial) run_trial(trial, trial - first, results);
    for (std::size_t s = 0; s < results.size(); ++s) {
      results[s].sample.append(first, records_[s]);
      if (keep_.records) results[s].records = records_[s];
    }
    return results;
  }

 private:
  void run_trial(std::uint64_t trial, std::size_t slot, std::vector<SchemeResult>& results) {
    const bool verified = trial < point_.verify.trials;
    for (std::uint32_t iteration = 0; iteration < point_.iterations; ++iteration) {
      stop_if_interrupted();
      runner_.draw(trial, iteration);
      for (std::size_t s = 0; s < records_.size(); ++s) {
        TrialRecord& record = records_[s][slot];
        if (!record.complete) continue;
        const RoundResult& round = runner_.run(s);
        add_iteration(record, round);
        if (keep_.critical) add_critical(s, round, results[s].critical[slot]);
        if (!round.complete) {
          results[s].incomplete.merge({.trials = 1, .first = trial, .missing = runner_.missing(s)});
        } else if (verified && !(results[s].verification.timing_only = runner_.scheme(s).timing_only())) {
          verifier_.check(s, runner_.scheme(s).codebook(), round, trial, iteration, results[s].verification);
        }
      }
    }
    for (std::size_t s = 0; s < records_.size(); ++s) {
      average_iterations(records_[s][slot], point_.iterations);
      if (verified && records_[s][slot].complete && !results[s].verification.timing_only)
        ++results[s].verification.trials;
    }
    const TrialRecord& of_baseline = records_[point_.baseline][slot];
    const double baseline = of_baseline.complete ? of_baseline.time : Tournament::never;
    for (auto& records : records_) records[slot].baseline_time = baseline;
  }

  /// Adds this iteration's share of the trial's mean.
  void add_critical(std::size_t s, const RoundResult& round, CriticalTimes& times) {
    if (!round.complete) {
      times.fill(std::numeric_limits<double>::quiet_NaN());
      return;
    }
    const CriticalPath path = critical_path(runner_.program(s), point_.links, runner_.conditions(s), round,
                                            runner_.workspace().all());
    for (std::size_t cause = 0; cause < causes; ++cause)
      times[cause] += path.seconds(static_cast<Cause>(cause)) / point_.iterations;
  }

  const Point& point_;
  const Keep keep_;
  TrialRunner runner_;
  Verifier verifier_;
  std::vector<std::vector<TrialRecord>> records_;  // per scheme, the trials of one range
};

}  // namespace

void check_keep(const Point& point, Keep keep) {
  for (std::size_t s = 0; keep.critical && s < point.schemes.size(); ++s) {
    const std::unique_ptr<Scheme> scheme = point.schemes[s].recipe.make();
    const Program& program = scheme->next_round(nullptr);
    if (program.kind() == Program::Kind::exchange &&
        program.rounds() * program.workers() > Workspace::most_kept)
      throw std::length_error(fmt::format(
          "the critical path of \"{}\" takes all the messages of its ring, and a million are kept: 707 "
          "workers at the most, but point {} has {}",
          point.schemes[s].label, point.index, point.workers));
  }
}

std::vector<SchemeResult> run_trials(const Point& point, std::uint64_t first, std::uint64_t last,
                                     unsigned threads, const std::function<void(std::uint64_t)>& progress,
                                     Keep keep) {
  // Ranges end where Sample's chunks do, except that verified trials, which take far longer, go in smaller
  // portions.
  constexpr std::uint64_t verified_portion = 8;
  std::vector<std::uint64_t> bounds = {first};
  while (bounds.back() < last) {
    const std::uint64_t begin = bounds.back();
    std::uint64_t end = std::min(last, (begin / Sample::chunk + 1) * Sample::chunk);
    if (begin < point.verify.trials) end = std::min(end, begin + verified_portion);
    bounds.push_back(end);
  }
  const std::size_t ranges = bounds.size() - 1;
  std::vector<std::vector<SchemeResult>> partial(ranges);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr error;
  std::size_t error_range = ranges;

  const auto work = [&] {
    std::size_t range = 0;
    try {
      std::optional<RangeRunner> runner;  // built by its own thread: memory near the core that uses it
      while ((range = next++) < ranges) {
        if (!runner) runner.emplace(point, keep);
        partial[range] = runner->run(bounds[range], bounds[range + 1]);
        if (progress) progress(bounds[range + 1] - bounds[range]);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      next = ranges;
      if (!error || range < error_range) {
        error = std::current_exception();
        error_range = range;
      }
    }
  };
  {
    std::vector<std::jthread> team;
    const std::size_t size = std::clamp<std::size_t>(threads, 1, std::max<std::size_t>(1, ranges));
    team.reserve(size);
    try {
      for (std::size_t t = 1; t < size; ++t) team.emplace_back(work);
    } catch (const std::exception& refused) {  // by the system, or for want of memory
      static std::once_flag said;
      std::call_once(said, [&] {
        std::cerr << fmt::format("only {} of {} threads can be started ({}); going on with these\n",
                                 team.size() + 1, size, refused.what());
      });
    }
    work();
  }
  if (error) std::rethrow_exception(error);

  std::vector<SchemeResult> results(point.schemes.size());
  for (const auto& range : partial)
    for (std::size_t s = 0; s < results.size(); ++s) {
      results[s].sample.append(range[s].sample);
      results[s].verification.merge(range[s].verification);
      results[s].incomplete.merge(range[s].incomplete);
      const auto append = [](auto& all, const auto& more) {
        all.insert(all.end(), more.begin(), more.end());
      };
      append(results[s].records, range[s].records);
      append(results[s].critical, range[s].critical);
    }
  return results;
}

}  // namespace straggle
