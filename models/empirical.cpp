// Measured compute times from a table, for any number of workers. Redrawn independently (Efron's bootstrap),
// or replayed machine by machine, which keeps what makes a machine slow for hours; all machines together are
// taken round by round, from the first, from a round drawn for each trial, or in blocks of rounds drawn anew:
// the circular block bootstrap (Politis and Romano, "A circular block-resampling procedure for stationary
// data", 1992; Künsch 1989 without the circle). One measured value is one iteration of a machine, so that
// replays have no meaning under `additive`; resampled values have one under any scaling.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <numeric>

#include "models/compute_model.h"
#include "models/measured_table.h"
#include "sim/base/text.h"

namespace straggle {
namespace {

enum class Replay {
  resample,  ///< every draw is any of the rows, all as likely
  replay,    ///< the workers are the machines in order
  machines,  ///< a trial deals the machines to the workers at random, all of them before any again
};

/// Where a fleet's own draws are, beside those of its workers, which are at the index of the mini-batch: a
/// replay has one value an iteration, at index 0.
constexpr std::uint32_t start_index = 1, block_index = 2;

/// A bootstrap of fewer blocks than this says that its error is too small.
constexpr std::size_t few_blocks = 10;

struct Setup {
  std::string file;  ///< as messages name it
  Replay mode = Replay::resample;
  bool random_start = false;
  std::size_t block = 0;  ///< rounds a block of the bootstrap; 0: none
  std::size_t first = 0, workers = 1;
};

class Empirical final : public ComputeModel {
 public:
  Empirical(std::shared_ptr<const Measurements> table, Setup setup)
      : table_(std::move(table)), setup_(std::move(setup)) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    gather(address, table_->seconds, out);
  }

  bool transfer(const DrawAddress& address, std::span<double> out) const override {
    if (table_->transfer.empty()) return false;
    gather(address, table_->transfer, out);
    return true;
  }

  std::optional<TimeLaw> law() const override { return std::nullopt; }  // no density

  bool varies() const override {
    if (setup_.mode == Replay::resample) return table_->seconds.size() > 1;
    const bool rounds = (setup_.random_start || setup_.block > 0) && table_->rounds > 1;
    return rounds || (setup_.mode == Replay::machines && table_->machines > 1);
  }

  std::size_t replicate() const override { return setup_.block > 0 ? table_->rounds : 0; }

  bool finite() const override { return true; }
  std::vector<std::string> notes(std::size_t draws) const override;

 private:
  /// Of how many workers a machine gives the times, at the most.
  std::size_t copies() const { return (setup_.workers + table_->machines - 1) / table_->machines; }
  std::size_t round_of(const DrawAddress& address) const;
  void gather(const DrawAddress& address, const std::vector<double>& values, std::span<double> out) const;

  std::shared_ptr<const Measurements> table_;
  Setup setup_;
};

/// The measured round of an iteration.
std::size_t Empirical::round_of(const DrawAddress& address) const {
  DrawAddress at = address;
  at.iteration = 0;
  std::size_t within = address.iteration;
  if (setup_.block > 0) {
    at.iteration = static_cast<std::uint32_t>(address.iteration / setup_.block);
    at.index = block_index;
    within = address.iteration % setup_.block;
  } else if (setup_.random_start) {
    at.index = start_index;
  } else {
    return within % table_->rounds;
  }
  // The bits of the fleet's first worker: another class draws for itself.
  const std::uint64_t bits = RandomStream(at, static_cast<std::uint32_t>(setup_.first))();
  return (uniform_index(bits, table_->rounds) + within) % table_->rounds;
}

void Empirical::gather(const DrawAddress& address, const std::vector<double>& values,
                       std::span<double> out) const {
  thread_local std::vector<std::uint64_t> bits;
  if (setup_.mode != Replay::replay) bits.resize(out.size());
  if (setup_.mode == Replay::resample) {
    random_bits(address, bits);
    for (std::size_t w = 0; w < out.size(); ++w) out[w] = values[uniform_index(bits[w], values.size())];
    return;
  }
  const std::size_t machines = table_->machines, rounds = table_->rounds, first = setup_.first;
  const std::size_t round = round_of(address);
  if (setup_.mode == Replay::machines) {
    DrawAddress trial = address;
    trial.iteration = 0;
    random_bits(trial, bits);
  }
  // In a class, its first worker has the first machine; the workers before it are not used.
  std::fill_n(out.begin(), std::min(first, out.size()), values[round * machines]);
  thread_local std::vector<std::size_t> order;
  order.resize(machines);
  for (std::size_t copy = 0; first + copy * machines < out.size(); ++copy) {
    // Copies of a machine are as far apart as they can be, so that they are not slow at once.
    const double* const row = values.data() + (round + copy * rounds / copies()) % rounds * machines;
    const std::size_t begin = first + copy * machines, count = std::min(machines, out.size() - begin);
    if (setup_.mode == Replay::replay) {
      std::copy_n(row, count, out.begin() + static_cast<std::ptrdiff_t>(begin));
      continue;
    }
    std::iota(order.begin(), order.end(), std::size_t{0});
    // A shuffle as far as there are workers, each step by the bits of the worker it serves.
    for (std::size_t i = 0; i < count; ++i) {
      std::swap(order[i], order[i + uniform_index(bits[begin + i], machines - i)]);
      out[begin + i] = row[order[i]];
    }
  }
}

std::vector<std::string> Empirical::notes(std::size_t draws) const {
  std::vector<std::string> notes;
  const auto add = [&](const std::string& note) { notes.push_back(setup_.file + ": " + note); };
  const bool by_round = setup_.mode != Replay::resample;
  const std::string measured = by_round
                                   ? fmt::format("{} round{}", table_->rounds, table_->rounds == 1 ? "" : "s")
                                   : fmt::format("{} values", table_->seconds.size());
  if (by_round && !table_->numbers_rounds && table_->machines > 1)
    add("no column numbers the rounds: those of different machines are matched by the order of their rows");
  if (by_round && copies() > 1)
    add(fmt::format(
        "{} machine{} for {} workers: each is used up to {} times, a copy {} round{} after the one "
        "before it",
        table_->machines, table_->machines == 1 ? "" : "s", setup_.workers, copies(),
        table_->rounds / copies(), table_->rounds / copies() == 1 ? "" : "s"));
  if (setup_.mode == Replay::machines && setup_.workers < table_->machines)
    add(fmt::format("every trial deals {} of {} machines to the workers", setup_.workers, table_->machines));
  if (setup_.mode == Replay::replay && setup_.workers < table_->machines)
    add(fmt::format("of {} machines only the first {} are used, in the order in which the table names them",
                    table_->machines, setup_.workers));
  if (table_->skipped > 0)
    add(fmt::format("{} of {} measured {} left out, where a value is missing", table_->skipped,
                    table_->skipped + (by_round ? table_->rounds : table_->seconds.size()),
                    by_round ? "rounds are" : "values are"));
  if (table_->unanswered > 0)
    add(fmt::format("{} of {} values {} missing: a worker does not answer there", table_->unanswered,
                    table_->seconds.size(), table_->unanswered == 1 ? "is" : "are"));
  if (setup_.block > 0) {
    add(fmt::format(
        "every trial is {} drawn anew in blocks of {} (a block bootstrap): the standard deviation "
        "over trials, which is the standard error times the square root of their number, is the "
        "error of having measured only so many rounds",
        measured, setup_.block));
    if (table_->rounds < few_blocks * setup_.block)
      add(fmt::format(
          "{} rounds have fewer than {} blocks of {}: the error they tell is too small, the more so "
          "the fewer blocks",
          table_->rounds, few_blocks, setup_.block));
  } else if (varies()) {
    add(fmt::format("± is the error of simulating this table, not of having measured only {}{}", measured,
                    by_round ? "; for that, see \"bootstrap\"" : ""));
  } else if (draws < table_->rounds) {
    add(fmt::format("every trial replays the first {} of {}; \"start\": \"random\" begins at any of them",
                    draws == 1 ? std::string("one") : fmt::format("{}", draws), measured));
  } else if (table_->rounds > 1) {
    add(
        fmt::format("every trial replays the same {}; for the error of having measured only so many, see "
                    "\"bootstrap\"",
                    measured));
  }
  return notes;
}

const Field file_field =
    Field::text("file",
                "A table of measured seconds, its path from the configuration's folder; see "
                "[tables](#tables-of-measured-seconds).")
        .with({{"minLength", 1}});
const Choice<Replay> draw =
    Choice<Replay>(
        "draw",
        {{"resample", Replay::resample, "Every worker and iteration draws any of the rows."},
         {"replay", Replay::replay,
          "The workers are the machines in order. All of them are taken round by round, one an iteration, "
          "and after the last round from the first."},
         {"machines", Replay::machines,
          "As replay, but every trial deals the machines to the workers at random, all of them before any "
          "again."}},
        "How the measured values are used. The last two need names of machines, and no additive scaling.")
        .or_else("resample");
const Choice<bool> start =
    Choice<bool>(
        "start",
        {{"random", true,
          "A round drawn for each trial, the same for all machines (of a class: each class draws its "
          "own)."},
         {"first", false, "The first."}},
        "The round in which a trial starts: the first for replay and a random one for machines, unless "
        "it is said.")
        .optional();
const Field bootstrap =
    Field::integer(
        "bootstrap", between(1, 16777215, "consecutive rounds in a block"),
        "Consecutive rounds in a block, at most half of those measured: every trial is made of blocks "
        "that begin at rounds drawn for it, as many rounds as were measured, which iterations must be. "
        "Its spread over trials is the error of having measured only so many rounds; see "
        "[tables](#tables-of-measured-seconds).")
        .optional();
const Field reuse =
    Field::boolean(
        "reuse",
        "Whether a machine may be several workers where there are fewer machines than workers; its "
        "copies are as many rounds apart as there can be.")
        .or_else(false);
const Choice<Missing> missing_values =
    Choice<Missing>(
        "missing",
        {{"refuse", Missing::refuse, "The table is refused, and what is missing is named."},
         {"no-answer", Missing::no_answer, "The worker does not answer in that iteration."},
         {"skip-round", Missing::skip_round, "The round is left out, for all machines."}},
        "What becomes of a value that is missing: no row, an empty cell, NaN or inf. Resampling takes "
        "values, not rounds: a row that is not there is nothing to it, and skip-round leaves out the "
        "value alone.")
        .or_else("refuse");
const Choice<bool> machine_columns =
    Choice<bool>("machines",
                 {{"column", false, "A column names the machine of each row, if there is one."},
                  {"columns", true, "Every column is a machine, but for that of the iterations."}},
                 "Where the table has its machines.")
        .or_else("column");
const std::pair<Field, std::optional<std::string> TableFormat::*> names_of_columns[] = {
    {Field::text("seconds", "What the column of measured times is called, if not seconds.").optional(),
     &TableFormat::seconds},
    {Field::text("machine", "The column of machines, if not machine.").optional(), &TableFormat::machine},
    {Field::text("iteration", "The column of the rounds' numbers, if not iteration.").optional(),
     &TableFormat::iteration},
    {Field::text("start", "A column of instants at which rows begin; with end, in place of seconds.")
         .optional(),
     &TableFormat::start},
    {Field::text("end", "A column of instants at which rows end.").optional(), &TableFormat::end},
    {Field::text("transfer", "The column of messages' times, if neither transfer nor messages.").optional(),
     &TableFormat::transfer}};
const Field columns_field = [] {
  Form names;
  for (const auto& [field, member] : names_of_columns) names.fields.push_back(field);
  names.rules = {{"dependencies", {{"start", Json::array({"end"})}, {"end", Json::array({"start"})}}}};
  return Field::object("columns", names, "The names of the columns.").optional();
}();
const Choice<double> unit_of_times = Choice<double>("unit", {{"s", 1}, {"ms", 1e3}, {"us", 1e6}, {"ns", 1e9}},
                                                    "The unit of all times in the table.")
                                         .or_else("s");
const Choice<bool> transfer_from =
    Choice<bool>(
        "transfer",
        {{"network", false, "From its size, as the network says."},
         {"column", true,
          "As long as was measured with the worker's row, instead. On serial links, for schemes with one "
          "message a worker."}},
        "How long a message to the master occupies its port.")
        .or_else("network");

/// Reads "columns", "machines", "unit" and "transfer": how the table is written. `is_sound` becomes false
/// where that is not known.
TableFormat read_format(ConfigReader& config, bool& is_sound) {
  TableFormat format;
  const std::size_t before = config.reports();
  format.machine_columns = config.choice(machine_columns);
  format.units = config.choice(unit_of_times);
  format.with_transfer = config.choice(transfer_from);
  if (format.with_transfer && format.machine_columns)
    config.mistake(transfer_from,
                   "must be \"network\" where every machine has one column, that of its seconds");
  config.raw(columns_field);
  is_sound = config.reports() == before;
  if (!config.has(columns_field)) return format;
  ConfigReader columns = config.object(columns_field);
  for (const auto& [field, member] : names_of_columns) {
    columns.raw(field);
    if (columns.has(field)) format.*member = columns.text(field);
    if (format.machine_columns && format.*member && member != &TableFormat::iteration)
      columns.mistake(field, "belongs to \"machines\": \"column\"; here the columns are the machines");
  }
  if (format.start.has_value() != format.end.has_value())
    columns.mistake(format.start ? "end" : "start",
                    "is missing: stamps come in pairs, \"start\" and \"end\"");
  if (format.start && format.seconds)
    columns.mistake("seconds", "stands beside \"start\" and \"end\", from which the seconds are worked out");
  if (format.transfer && !format.with_transfer)
    columns.mistake("transfer", "belongs to \"transfer\": \"column\"");
  columns.complete();
  is_sound = config.reports() == before;
  return format;
}

/// Says what belongs to replays only, or to those without a bootstrap.
void refuse(ConfigReader& config, const Field& field, const char* belongs_to) {
  if (!config.has(field)) return;
  config.raw(field);
  config.mistake(field, fmt::format("belongs to {}", belongs_to));
}

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext& context) {
  Setup setup;
  setup.first = context.first;
  setup.workers = context.workers;
  setup.mode = config.choice(draw);
  const bool by_round = setup.mode != Replay::resample;
  bool may_reuse = false;
  if (!by_round) {
    for (const Field& field : {Field(start), bootstrap, reuse})
      refuse(config, field, "\"draw\": \"replay\" and \"machines\"; \"resample\" takes any row at any time");
  } else {
    if (context.scaling == Scaling::additive)
      config.mistake(draw,
                     "must be \"resample\" under \"scaling\": \"additive\": a replay has one value an "
                     "iteration, not one a mini-batch");
    may_reuse = config.boolean(reuse);
    config.raw(bootstrap);
    if (config.has(bootstrap)) {
      setup.block = static_cast<std::size_t>(config.integer(bootstrap));
      refuse(config, start, "trials without \"bootstrap\", which draws where every block starts");
    } else {
      setup.random_start = config.choice_or(start, setup.mode == Replay::machines ? "random" : "first");
    }
  }
  const Missing missing = config.choice(missing_values);
  bool is_sound = true;
  const TableFormat format = read_format(config, is_sound);
  if (format.with_transfer && context.scaling == Scaling::additive)
    config.mistake(
        transfer_from,
        "must be \"network\" under \"scaling\": \"additive\": a message is of one row, not of one a "
        "mini-batch");
  const std::string file = config.text(file_field);
  if (file.empty()) {
    if (const Json* given = config.raw(file_field); given && given->is_string())
      config.mistake(file_field, "must name a table of measured seconds");
    return nullptr;
  }
  if (!is_sound) return nullptr;  // the table would be blamed for what is not its mistake
  try {
    auto table =
        load_measurements((std::filesystem::path(context.folder) / file).string(), format, missing, by_round);
    setup.file = printable(std::filesystem::path(file).filename().string(), 60);
    if (by_round && !table->names_machines) {
      config.mistake(draw, "must be \"resample\": the file has no column of machines");
      return nullptr;
    }
    const std::size_t copies = (context.workers + table->machines - 1) / table->machines;
    if (by_round && copies > 1) {
      const std::string few = fmt::format("{} machine{} for {} workers", table->machines,
                                          table->machines == 1 ? "" : "s", context.workers);
      if (!may_reuse)
        config.mistake(
            file_field,
            fmt::format("{} has {}; \"reuse\": true uses each up to {} times, at different rounds, or "
                        "\"draw\": \"resample\" takes any row for any worker",
                        setup.file, few, copies));
      else if (copies > table->rounds)
        config.mistake(reuse, fmt::format("cannot be: {} has {}, and with {} of each machine some of its {} "
                                          "copies would be at the same round, in step",
                                          setup.file, few,
                                          table->rounds == 1 ? std::string("one round")
                                                             : fmt::format("{} rounds", table->rounds),
                                          copies));
    }
    if (setup.block > table->rounds / 2 && by_round)
      config.mistake(
          bootstrap,
          table->rounds < 2
              ? std::string("needs at least two measured rounds, and there is one")
              : fmt::format("must be at most {}, half of the {} rounds measured: one block of them all "
                            "is always the same",
                            table->rounds / 2, table->rounds));
    return std::make_shared<Empirical>(std::move(table), std::move(setup));
  } catch (const ConfigError& error) {
    config.mistake(file_field, error.what());
    return nullptr;
  }
}

const ComputeRegistration registration(
    "empirical", {.summary = "Measured seconds from a table",
                  .fields = {file_field, draw, start, bootstrap, reuse, missing_values, machine_columns,
                             columns_field, unit_of_times, transfer_from},
                  .read = read,
                  // What depends on how the values are drawn, and where a trial starts unless it is said.
                  .rules = Json::parse(R"({
       "if": {"properties": {"draw": {"const": "resample"}}},
       "then": {"properties": {"start": false, "bootstrap": false, "reuse": false}},
       "else": {
         "if": {"required": ["bootstrap"]},
         "then": {"properties": {"start": false}},
         "else": {
           "if": {"properties": {"draw": {"const": "machines"}}, "required": ["draw"]},
           "then": {"properties": {"start": {"default": "random"}}},
           "else": {"properties": {"start": {"default": "first"}}}
         }
       }
     })"),
                  .place = 9});

}  // namespace
}  // namespace straggle
