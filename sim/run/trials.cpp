#include "sim/run/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

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
  decode_seconds += later.decode_seconds;
  if (!failed_trial && later.failed_trial) {
    failed_trial = later.failed_trial;
    failure = later.failure;
  }
}

void add_iteration(TrialRecord& record, const RoundResult& round) {
  record.time += round.time;
  record.messages += round.messages;
  record.useful_messages += round.useful;
  record.work += round.work;
  record.wasted += round.wasted;
}

void average_iterations(TrialRecord& record, std::uint32_t iterations) {
  if (iterations == 1) return;
  for (double TrialRecord::*tally : {&TrialRecord::time, &TrialRecord::messages,
                                     &TrialRecord::useful_messages, &TrialRecord::work, &TrialRecord::wasted})
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
  conditions_.workers = workers;
  slope_.resize(workers);
  switch (point.compute.scaling) {
    case Scaling::server_dependent:
      offset_.assign(workers, 0);
      break;
    case Scaling::data_dependent:
      offset_.resize(workers);
      std::fill(slope_.begin(), slope_.end(), point.compute.increment);
      break;
    case Scaling::additive:
      rows_ = static_cast<std::size_t>(std::ceil(largest_load));
      prefix_.assign((rows_ + 1) * workers, 0);
      conditions_.prefix = prefix_;
      return;
  }
  conditions_.offset = offset_;
  conditions_.slope = slope_;
}

void TrialRunner::draw(std::uint64_t trial, std::uint32_t iteration) {
  trial_ = trial;
  for (Entry& entry : schemes_) entry.has_previous = iteration > 0;
  DrawAddress address{
      .seed = point_.seed, .trial = trial, .iteration = iteration, .purpose = Purpose::compute_time};
  const ComputeModel& model = *point_.compute.model;
  switch (point_.compute.scaling) {
    case Scaling::server_dependent:
      model.draw(address, slope_);
      return;
    case Scaling::data_dependent:
      model.draw(address, offset_);
      return;
    case Scaling::additive:
      const std::size_t workers = conditions_.workers;
      for (std::size_t j = 0; j < rows_; ++j) {
        address.index = static_cast<std::uint32_t>(j);
        const std::span<double> sums(prefix_.data() + (j + 1) * workers, workers);
        model.draw(address, sums);
        for (std::size_t w = 0; w < workers; ++w) sums[w] += prefix_[j * workers + w];
      }
  }
}

const RoundResult& TrialRunner::run(std::size_t s) {
  Entry& entry = schemes_[s];
  entry.program = &entry.scheme->next_round(entry.has_previous ? &entry.result : nullptr);
  entry.result = run_round(*entry.program, conditions_, workspace_);
  if (!entry.result.complete)
    throw std::logic_error(
        fmt::format("trial {} of scheme {} at point {} cannot complete: all {} messages have "
                    "arrived and the goal is not reached",
                    trial_, point_.schemes[s].label, point_.index, entry.result.messages));
  return entry.result;
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
      const Exactness exactness = decode(problems_[s].real, codebook, result, trial, iteration);
      if (!exactness.judged) {
        ++outcome.unjudged;
      } else {
        ++outcome.real_judged;
        outcome.real_max_error = std::max(outcome.real_max_error, exactness.error);
      }
      record(exactness, "doubles", trial, outcome);
    }
    if (point_.verify.prime) {
      outcome.prime = true;
      const Exactness exactness = decode(problems_[s].prime, codebook, result, trial, iteration);
      outcome.prime_exact = outcome.prime_exact && exactness.exact;
      record(exactness, "the prime field", trial, outcome);
    }
  }

 private:
  struct Problems {
    std::optional<Problem<double>> real;
    std::optional<Problem<codes::Gf61>> prime;
  };

  template <class T>
  Exactness decode(std::optional<Problem<T>>& problem, Codebook& codebook, const RoundResult& result,
                   std::uint64_t trial, std::uint32_t iteration) {
    if (!problem) problem.emplace(point_.seed, codebook.blocks(), point_.verify.dimension);
    problem->set_model(trial, iteration);
    return codebook.check(result.taken, *problem);
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
  explicit RangeRunner(const Point& point)
      : point_(point), runner_(point), verifier_(point), records_(point.schemes.size()) {}

  std::vector<SchemeResult> run(std::uint64_t first, std::uint64_t last) {
    std::vector<SchemeResult> results(point_.schemes.size());
    for (auto& records : records_) records.assign(last - first, {});
    for (std::uint64_t trial = first; trial < last; ++trial) run_trial(trial, trial - first, results);
    for (std::size_t s = 0; s < results.size(); ++s) results[s].sample.append(first, records_[s]);
    return results;
  }

 private:
  void run_trial(std::uint64_t trial, std::size_t slot, std::vector<SchemeResult>& results) {
    const bool verified = trial < point_.verify.trials;
    for (std::uint32_t iteration = 0; iteration < point_.iterations; ++iteration) {
      runner_.draw(trial, iteration);
      for (std::size_t s = 0; s < records_.size(); ++s) {
        const RoundResult& round = runner_.run(s);
        add_iteration(records_[s][slot], round);
        if (verified)
          verifier_.check(s, runner_.scheme(s).codebook(), round, trial, iteration, results[s].verification);
      }
    }
    for (std::size_t s = 0; s < records_.size(); ++s) {
      average_iterations(records_[s][slot], point_.iterations);
      if (verified) ++results[s].verification.trials;
    }
    const double baseline = records_[point_.baseline][slot].time;
    for (auto& records : records_) records[slot].baseline_time = baseline;
  }

  const Point& point_;
  TrialRunner runner_;
  Verifier verifier_;
  std::vector<std::vector<TrialRecord>> records_;  // per scheme, the trials of one range
};

}  // namespace

std::vector<SchemeResult> run_trials(const Point& point, std::uint64_t first, std::uint64_t last,
                                     unsigned threads, const std::function<void(std::uint64_t)>& progress) {
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
        if (!runner) runner.emplace(point);
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
    for (std::size_t t = 1; t < size; ++t) team.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);

  std::vector<SchemeResult> results(point.schemes.size());
  for (const auto& range : partial)
    for (std::size_t s = 0; s < results.size(); ++s) {
      results[s].sample.append(range[s].sample);
      results[s].verification.merge(range[s].verification);
    }
  return results;
}

}  // namespace straggle
