#include "sim/run/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "sim/base/interrupt.h"

namespace straggle {

void add_iteration(TrialRecord& record, const RoundResult& round) {
  record.complete = record.complete && round.complete;
  for (const Tally which : all_tallies) record[which] += round[which];
}

void average_iterations(TrialRecord& record, std::uint32_t iterations) {
  if (iterations == 1) return;
  for (double& value : record.tally) value /= iterations;
}

TrialRunner::TrialRunner(const Point& point) : point_(point) {
  const auto workers = static_cast<std::size_t>(point.workers);
  double largest_load = 0;
  for (const SchemeSetup& setup : point.schemes) {
    Entry entry;
    entry.scheme = setup.recipe.make();
    entry.stream = stream_of(setup.label);
    entry.program = &entry.scheme->next_round(context_of(entry));
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

void TrialRunner::draw_seconds(const DrawAddress& address, std::span<double> out) const {
  point_.compute.model->draw(address, out);
  if (point_.compute.per_data_set)
    for (double& seconds : out) seconds *= seconds_scale_;
}

void TrialRunner::draw_rows(std::size_t first, std::size_t last) {
  const std::size_t workers = conditions_.workers;
  DrawAddress address = address_;
  for (std::size_t j = first; j < last; ++j) {
    address.index = static_cast<std::uint32_t>(j);
    const std::span<double> sums(prefix_.data() + (j + 1) * workers, workers);
    draw_seconds(address, sums);
    for (std::size_t w = 0; w < workers; ++w) sums[w] += prefix_[j * workers + w];
  }
}

std::size_t TrialRunner::draw_rows_for(const Program& program) {
  if (point_.compute.scaling != Scaling::additive) return 0;
  const auto needed = static_cast<std::size_t>(std::ceil(program.largest_load()));
  if (needed <= drawn_) return needed;
  const std::size_t size = (needed + 1) * conditions_.workers;
  if (prefix_.size() < size) {
    prefix_.resize(size);
    conditions_.prefix = prefix_;
    for (Entry& entry : schemes_)  // who has run in this iteration is asked for its conditions still
      if (!entry.conditions.prefix.empty()) entry.conditions.prefix = prefix_;
  }
  draw_rows(drawn_, needed);
  drawn_ = needed;
  return needed;
}

void TrialRunner::draw(std::uint64_t trial, std::uint32_t iteration) {
  trial_ = trial;
  iteration_ = iteration;
  for (Entry& entry : schemes_) {
    entry.has_previous = iteration > 0;
    if (iteration == 0) entry.next_leftover = {};
  }
  const Compute& compute = point_.compute;
  const ComputeModel& model = *compute.model;
  const std::size_t workers = conditions_.workers;
  const DrawAddress address{.seed = point_.seed,
                            .trial = trial,
                            .iteration = compute.redraw_each_iteration ? iteration : 0,
                            .purpose = Purpose::compute_time};
  address_ = address;
  switch (compute.scaling) {
    case Scaling::server_dependent:
      draw_seconds(address, slope_);
      break;
    case Scaling::data_dependent:
      model.draw(address, offset_);  // no work enters it, so it is not "per" anything
      break;
    case Scaling::additive:
      draw_rows(0, rows_);
      drawn_ = rows_;
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

RoundContext TrialRunner::context_of(const Entry& entry) const {
  return {.previous = entry.has_previous ? &entry.result : nullptr,
          .seed = point_.seed,
          .trial = trial_,
          .iteration = iteration_,
          .stream = entry.stream};
}

Conditions TrialRunner::conditions_of(Entry& entry) {
  const std::size_t rows = draw_rows_for(*entry.program);
  Conditions conditions = conditions_;
  const std::size_t workers = conditions.workers;
  entry.dead = dead_;
  send_model(*entry.program, point_.links, point_.downlink, entry.model_at);
  const bool leftover = !entry.leftover.busy_until.empty();
  if (entry.model_at.empty() && !leftover && rows <= rows_) return conditions;
  entry.offset.resize(workers);
  for (std::size_t w = 0; w < workers; ++w) {
    const double model_at = entry.model_at.empty() ? 0 : entry.model_at[w];
    const double start = leftover ? std::max(model_at, entry.leftover.busy_until[w]) : model_at;
    entry.offset[w] = offset_[w] + start;
  }
  conditions.offset = entry.offset;
  conditions.model_at = entry.model_at;
  if (leftover) conditions.leftover = &entry.leftover;
  // Whose further draws are infinite never answers this scheme, as draw() says of the others.
  for (std::size_t w = 0; rows > rows_ && w < workers; ++w)
    if (prefix_[rows * workers + w] == Tournament::never && entry.offset[w] < Tournament::never) {
      entry.offset[w] = Tournament::never;
      ++entry.dead;
    }
  return conditions;
}

const RoundResult& TrialRunner::run(std::size_t s) {
  Entry& entry = schemes_[s];
  if (entry.has_previous && !entry.result.complete) return entry.result;
  if (iteration_ >= point_.iterations) entry.result.taken = {};  // nobody has kept those of the one before
  entry.leftover = std::move(entry.next_leftover);
  entry.next_leftover = {};
  entry.program = &entry.scheme->next_round(context_of(entry));
  if (entry.program->workers() != conditions_.workers)
    throw std::logic_error("a program has other workers than its point");
  entry.conditions = conditions_of(entry);
  entry.result = run_round(*entry.program, point_.links, entry.conditions, workspace_);
  if (!entry.result.complete && entry.dead == 0)
    throw std::logic_error(
        fmt::format("trial {} of scheme {} at point {} cannot complete: every worker has "
                    "answered, and {}",
                    trial_, point_.schemes[s].label, point_.index, missing(s)));
  if (entry.result.complete && point_.round_start != RoundStart::fresh)
    leave(*entry.program, point_.links, entry.conditions, entry.result, point_.round_start, workspace_,
          entry.next_leftover);
  if (iteration_ + 1 < point_.iterations) {
    // For the scheme's next iteration, before which others use the workspace.
    entry.taken.reserve(entry.program->messages_in_all());
    entry.taken.assign(entry.result.taken.begin(), entry.result.taken.end());
    entry.result.taken = entry.taken;
  }
  return entry.result;
}

std::string TrialRunner::missing(std::size_t s) const {
  const Entry& entry = schemes_[s];
  const std::uint64_t missing = entry.result.missing;
  if (entry.program->kind() == Program::Kind::exchange)
    return fmt::format("{} worker{} never answered", missing, missing == 1 ? "" : "s");
  return fmt::format("{} of the {} useful messages never came ({} worker{} never answered)", missing,
                     entry.program->goal().need, entry.dead, entry.dead == 1 ? "" : "s");
}

void check_keep(const Point& point, Keep keep) {
  for (std::size_t s = 0; keep.critical && s < point.schemes.size(); ++s) {
    const std::unique_ptr<Scheme> scheme = point.schemes[s].recipe.make();
    const Program& program = scheme->next_round({});
    if (program.kind() == Program::Kind::exchange &&
        program.rounds() * program.workers() > Workspace::most_kept)
      throw std::length_error(fmt::format(
          "the critical path of \"{}\" takes all the messages of its ring, and a million are kept: 707 "
          "workers at the most, but point {} has {}",
          point.schemes[s].label, point.index, point.workers));
  }
}

BlockRunner::BlockRunner(const Point& point, Keep keep)
    : point_(point), keep_(keep), runner_(point), verifier_(point), records_(point.schemes.size()) {
  runner_.workspace().keep_all = keep.critical;
}

std::vector<Block> BlockRunner::run(std::uint64_t first, std::uint64_t last) {
  std::vector<Block> blocks(point_.schemes.size());
  for (std::size_t s = 0; s < blocks.size(); ++s) {
    blocks[s].scheme = s;
    for (std::vector<double>& values : blocks[s].tally) values.resize(last - first);
    if (keep_.critical) blocks[s].critical.resize(last - first);
  }
  for (std::uint64_t trial = first; trial < last; ++trial) run_trial(trial, trial - first, blocks);
  return blocks;
}

/// How long a block may go on after a wish to stop, milliseconds: blocks in hand are kept.
static constexpr int patience = 2500;

void BlockRunner::run_trial(std::uint64_t trial, std::size_t slot, std::vector<Block>& blocks) {
  const bool verified = trial < point_.verify.trials;
  std::fill(records_.begin(), records_.end(), TrialRecord{});
  for (std::uint32_t iteration = 0; iteration < point_.iterations; ++iteration) {
    stop_if_interrupted(patience);
    runner_.draw(trial, iteration);
    for (std::size_t s = 0; s < blocks.size(); ++s) {
      if (!records_[s].complete) continue;
      const RoundResult& round = runner_.run(s);
      add_iteration(records_[s], round);
      if (keep_.critical) add_critical(s, round, blocks[s].critical[slot]);
      if (!round.complete) {
        blocks[s].incomplete.merge({.trials = 1, .first = trial, .missing = runner_.missing(s)});
      } else if (verified && !(blocks[s].verification.timing_only = runner_.scheme(s).timing_only())) {
        verifier_.check(s, runner_.scheme(s).codebook(), round, trial, iteration, blocks[s].verification);
      }
    }
  }
  for (std::size_t s = 0; s < blocks.size(); ++s) {
    TrialRecord& record = records_[s];
    Block& block = blocks[s];
    average_iterations(record, point_.iterations);
    if (!record.complete) record[Tally::time] = Tournament::never;
    for (const Tally which : all_tallies) block.tally[which][slot] = record[which];
    if (verified && record.complete && !block.verification.timing_only) ++block.verification.trials;
  }
}

void BlockRunner::add_critical(std::size_t s, const RoundResult& round, CriticalTimes& times) {
  if (!round.complete) {
    times.fill(std::numeric_limits<double>::quiet_NaN());
    return;
  }
  const CriticalPath path = critical_path(runner_.program(s), point_.links, runner_.conditions(s), round,
                                          runner_.workspace().all());
  for (std::size_t cause = 0; cause < causes; ++cause)
    times[cause] += path.seconds(static_cast<Cause>(cause)) / point_.iterations;
}

}  // namespace straggle
