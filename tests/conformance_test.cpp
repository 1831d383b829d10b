// What every scheme has to keep, checked unasked for each that is registered, on its configuration in
// configs/smoke: a new scheme has nothing to add here.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <sstream>

#include "sim/run/theory_of_point.h"
#include "sim/schemes/data_set.h"
#include "sim/table/results_csv.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

namespace fs = std::filesystem;

const fs::path root = STRAGGLE_SOURCE_DIR;

/// The example of docs/compare.md stands there with its configuration, as if it were in sim/schemes.
bool is_example(const std::string& scheme) {
  return fs::exists(root / "docs" / (scheme + ".cpp"));
}

fs::path smoke_file(const std::string& scheme) {
  const fs::path smoke = root / "configs" / "smoke" / (scheme + ".json");
  return is_example(scheme) && !fs::exists(smoke) ? root / "docs" / (scheme + ".json") : smoke;
}

/// All that are registered; where the environment asks for one (the program with the example does), that one.
std::map<std::string, SchemePlugin> schemes_to_check() {
  std::map<std::string, SchemePlugin> schemes = Registry<SchemePlugin>::instance().entries();
  if (const char* const only = std::getenv("STRAGGLE_CONFORMANCE_OF"))
    std::erase_if(schemes, [&](const auto& entry) { return entry.first != only; });
  return schemes;
}

/// The file name of a scheme's sources.
std::string file_name(std::string scheme) {
  std::replace(scheme.begin(), scheme.end(), '-', '_');
  return scheme;
}

/// Calls visit(experiment, point, s) for every scheme entry of every smoke configuration.
template <class Visit>
void for_each_entry(const Visit& visit) {
  for (const auto& [name, plugin] : schemes_to_check()) {
    if (!fs::exists(smoke_file(name))) continue;  // reported by a test of its own
    const Experiment experiment = load_experiment(smoke_file(name).string());
    for (const Point& point : experiment.points) {
      for (std::size_t s = 0; s < point.schemes.size(); ++s) {
        if (point.schemes[s].scheme != name) continue;  // of the example, what it is compared with
        INFO("scheme " << name << ", entry " << point.schemes[s].label << " " << point.description());
        visit(experiment, point, s);
      }
    }
  }
}

/// The same, of schemes that can be verified: all but those without a codebook, which are timing only.
template <class Visit>
void for_each_verified(const Visit& visit) {
  for_each_entry([&](const Experiment& experiment, const Point& point, std::size_t s) {
    if (!point.schemes[s].recipe.make()->timing_only()) visit(experiment, point, s);
  });
}

/// The point with only one of its schemes.
Point alone(const Point& point, std::size_t s) {
  Point result = point;
  result.schemes = {point.schemes[s]};
  result.baseline = 0;
  return result;
}

/// All messages of a program.
std::vector<Sent> messages_of(const Program& program) {
  std::vector<Sent> result;
  for (NodeId node = 1; node <= program.workers(); ++node)
    for (std::uint32_t j = 0; j < program.messages(node).size(); ++j) result.push_back({node, j});
  return result;
}

/// An evaluation of programs of its own, which knows no time: workers finish in some order, and a message is
/// received as soon as it can be sent.
class Timeless {
 public:
  explicit Timeless(const Program& program)
      : program_(program),
        room_(program.goal().full),
        computed_(program.workers() + 1),
        has_(computed_.size()) {}

  /// Whether these messages reach the goal. `useful` is what receivers take, in order.
  bool reaches(const std::vector<Sent>& messages, std::vector<Sent>& useful) {
    for (const Sent& sent : messages) {
      computed_[sent.from] = true;
      if (has_[sent.from] >= program_.route(sent.from, sent.message).need) receive(sent, useful);
      if (total_ >= program_.goal().need) return true;
    }
    return false;
  }

 private:
  void receive(const Sent& sent, std::vector<Sent>& useful) {
    const NodeId to = program_.route(sent.from, sent.message).to;
    if (to != master) {
      const std::uint32_t need = program_.route(to, 0).need;
      if (has_[to] == need) return;
      useful.push_back(sent);
      if (++has_[to] == need && computed_[to]) receive({to, 0}, useful);
      return;
    }
    const Goal& goal = program_.goal();
    const Program::Message& message = program_.messages(sent.from)[sent.message];
    if (room_[message.group] == 0 || (goal.items > 0 && !items_.insert(message.item).second)) return;
    const std::uint32_t counts = std::min(message.weight, room_[message.group]);
    room_[message.group] -= counts;
    total_ += counts;
    useful.push_back(sent);
  }

  const Program& program_;
  std::vector<std::uint32_t> room_;
  std::set<std::uint32_t> items_;
  std::uint32_t total_ = 0;
  std::vector<char> computed_;
  std::vector<std::uint32_t> has_;  // per relay, the messages it has taken
};

bool reaches(const Program& program, const std::vector<Sent>& messages, std::vector<Sent>& useful) {
  return Timeless(program).reaches(messages, useful);
}

bool is_exchange(const Program& program) {
  return program.kind() == Program::Kind::exchange;
}

}  // namespace

TEST_CASE("conformance: every scheme has its source, its test and its smoke configuration") {
  const auto schemes = schemes_to_check();
  CHECK(schemes.size() >= (std::getenv("STRAGGLE_CONFORMANCE_OF") ? 1 : 9));
  for (const auto& [name, plugin] : schemes) {
    CAPTURE(name);
    CHECK(plugin.summary.size() > 10);
    REQUIRE(fs::exists(smoke_file(name)));
    if (is_example(name)) continue;
    CHECK(fs::exists(root / "sim" / "schemes" / (file_name(name) + ".cpp")));
    CHECK(fs::exists(root / "tests" / "schemes" / (file_name(name) + "_test.cpp")));
    const Experiment experiment = load_experiment(smoke_file(name).string());
    for (const Point& point : experiment.points)
      for (const SchemeSetup& setup : point.schemes) CHECK(setup.scheme == name);
  }
}

TEST_CASE("conformance: programs are well formed and messages carry what their workers have computed") {
  for_each_entry([](const Experiment&, const Point& point, std::size_t s) {
    const auto scheme = point.schemes[s].recipe.make();
    const Program& program = scheme->next_round({});
    CHECK(fault_of(point.schemes[s].recipe, point.workers, true) == "");
    CHECK(program.workers() == static_cast<std::size_t>(point.workers));
    if (is_exchange(program)) {
      std::set<NodeId> receivers;  // every worker has one neighbour, and is one
      for (NodeId node = 1; node <= program.workers(); ++node) receivers.insert(program.route(node, 0).to);
      CHECK(receivers.size() == program.workers());
      CHECK(*receivers.begin() == 1);
      CHECK(*receivers.rbegin() == program.workers());
    } else {
      CHECK(program.goal().need > 0);
      CHECK(std::accumulate(program.goal().full.begin(), program.goal().full.end(), std::uint64_t{0}) >=
            program.goal().need);
      std::vector<Sent> useful;
      CHECK(reaches(program, messages_of(program), useful));  // with everything there, it is complete
    }

    if (scheme->timing_only()) return;
    Codebook& codebook = scheme->codebook();
    const double blocks_per_batch = static_cast<double>(codebook.blocks()) / point.workers;
    for (NodeId node = 1; node <= program.workers(); ++node) {
      CAPTURE(node);
      const auto messages = program.messages(node);
      REQUIRE_FALSE(messages.empty());
      CHECK(program.load(node) == messages.back().work);
      CHECK(program.load(node) <= point.workers);
      double before = 0;
      std::set<std::size_t> computed;
      for (std::uint32_t j = 0; j < messages.size(); ++j) {
        CHECK(messages[j].work > before);
        CHECK(messages[j].covers > 0);
        CHECK(messages[j].covers <= messages[j].work * (1 + 1e-12));
        before = messages[j].work;
        const std::vector<std::size_t> contents = codebook.contents(node, j);
        REQUIRE_FALSE(contents.empty());
        CHECK(std::is_sorted(contents.begin(), contents.end()));
        CHECK(std::adjacent_find(contents.begin(), contents.end()) == contents.end());
        CHECK(contents.back() < codebook.blocks());
        if (codebook.coded_data()) continue;
        // Workers compute each block they combine: as many as the work they are said to have done, and the
        // message carries as many as it is said to cover.
        computed.insert(contents.begin(), contents.end());
        CHECK(static_cast<double>(computed.size()) == Approx(messages[j].work * blocks_per_batch));
        CHECK(static_cast<double>(contents.size()) == Approx(messages[j].covers * blocks_per_batch));
      }
    }
  });
}

TEST_CASE("conformance: what the master took decodes in the prime field and in doubles") {
  for_each_verified([](const Experiment&, const Point& point, std::size_t s) {
    for (const std::size_t dimension : {1u, 5u}) {  // one coordinate, and an odd number of them to pack
      Point verified = alone(point, s);
      verified.verify = {.trials = 50, .dimension = dimension, .real = true, .prime = true};
      const Verification v = run_trials(verified, 0, 50, 1)[0].verification;
      INFO(v.failure);
      CHECK_FALSE(v.failed_trial);
      CHECK(v.trials == 50);
      CHECK(v.decodes == 2 * 50 * point.iterations);
      CHECK(v.prime_exact);
      CHECK(v.unjudged == 0);
      CHECK(v.real_judged > 0);  // it has been computed, not copied
      CHECK(v.real_max_error < 1e-10);
    }
  });
}

TEST_CASE("conformance: one message fewer does not complete") {
  for_each_verified([](const Experiment&, const Point& point, std::size_t s) {
    TrialRunner runner(point);
    const Program::Kind kind = runner.program(s).kind();
    if (kind == Program::Kind::exchange) return;  // see below
    Codebook& codebook = runner.scheme(s).codebook();
    Problem<codes::Gf61> problem(1, codebook.blocks(), 3);
    problem.set_model(0, 0);
    for (std::uint64_t trial = 0; trial < 50; ++trial) {
      CAPTURE(trial);
      runner.draw(trial, 0);
      const RoundResult& result = runner.run(s);
      const auto fewer = result.taken.first(result.taken.size() - 1);
      std::vector<Sent> useful;
      CHECK_FALSE(reaches(runner.program(s), senders(fewer), useful));
      useful.clear();
      CHECK(reaches(runner.program(s), senders(result.taken), useful));
      CHECK(useful.size() == result.taken.size());
      // Nor does the code decode from one fewer, unless there are as many rows as unknowns even so: a
      // threshold is what is enough in the worst case, and more rows than that can have the full rank by
      // chance.
      if (fewer.size() < codebook.blocks()) CHECK_FALSE(codebook.check(fewer, problem).decodable);
      if (kind != Program::Kind::tree) continue;
      // In a tree every message taken is one that its receiver cannot do without.
      for (std::size_t gone = 0; gone < result.taken.size(); ++gone) {
        std::vector<Arrival> rest(result.taken.begin(), result.taken.end());
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(gone));
        useful.clear();
        CHECK_FALSE(reaches(runner.program(s), senders(rest), useful));
        CHECK_FALSE(codebook.check(rest, problem).decodable);
      }
    }
  });
}

TEST_CASE("conformance: an exchange does not complete without one of its workers") {
  for_each_entry([](const Experiment&, const Point& point, std::size_t s) {
    const auto scheme = point.schemes[s].recipe.make();
    const Program& program = scheme->next_round({});
    if (!is_exchange(program)) return;
    Workspace workspace;
    Times times{std::vector<double>(program.workers(), 1)};
    CHECK(run_round(program, times, workspace).complete);
    for (double& slope : times.slope) {
      slope = never;
      CHECK_FALSE(run_round(program, times, workspace).complete);
      slope = 1;
    }
  });
}

TEST_CASE(
    "conformance: the messages without some block reach the goal only where that block may be left out") {
  for_each_verified([](const Experiment&, const Point& point, std::size_t s) {
    const auto scheme = point.schemes[s].recipe.make();
    const Program& program = scheme->next_round({});
    if (is_exchange(program)) return;  // all its messages are needed
    Prover prover(*scheme);
    for (std::size_t block = 0; block < scheme->codebook().blocks(); ++block) {
      CAPTURE(block);
      std::vector<Sent> useful;
      const bool complete = reaches(program, messages_without(*scheme, messages_of(program), block), useful);
      CHECK(prover.decodes(useful) == complete);
    }
  });
}

TEST_CASE("conformance: whatever order messages come in, the goal is reached only by what decodes") {
  for_each_verified([](const Experiment&, const Point& point, std::size_t s) {
    const auto scheme = point.schemes[s].recipe.make();
    const Program& program = scheme->next_round({});
    if (is_exchange(program)) return;  // all its messages are needed
    Prover prover(*scheme);
    std::mt19937_64 random(11);
    for (int order = 0; order < 100; ++order) {
      // A worker's messages come in its own order; otherwise anything goes.
      std::vector<Sent> messages;
      std::vector<std::uint32_t> next(program.workers(), 0);
      for (std::size_t left = messages_of(program).size(); left > 0;) {
        const std::size_t w = random() % program.workers();
        const auto node = static_cast<NodeId>(w + 1);
        if (next[w] == program.messages(node).size()) continue;
        messages.push_back({node, next[w]++});
        --left;
      }
      std::vector<Sent> useful;
      CHECK(reaches(program, messages, useful));
      CHECK(prover.decodes(useful));
    }
  });
}

TEST_CASE("conformance: one and two threads give the same bytes") {
  for_each_entry([](const Experiment& experiment, const Point& point, std::size_t s) {
    const auto row = [&](unsigned threads) {
      std::ostringstream out;
      write_csv_row(out, experiment, make_row(point, s, std::move(run_trials(point, 0, 2500, threads)[s])));
      return out.str();
    };
    CHECK(row(1) == row(2));
  });
}

TEST_CASE("conformance: slowing one worker never makes a round shorter") {
  for_each_entry([](const Experiment&, const Point& point, std::size_t s) {
    TrialRunner runner(point);
    const Program& program = runner.program(s);
    const auto workers = static_cast<std::size_t>(point.workers);
    std::mt19937_64 random(13);
    Workspace workspace;
    for (std::uint64_t trial = 0; trial < 300; ++trial) {
      runner.draw(trial, 0);
      Times times{std::vector<double>(workers)};
      for (std::size_t w = 0; w < workers; ++w) times.slope[w] = runner.conditions().end_of(1, w);
      const double before = run_round(program, times, workspace)[Tally::time];
      const std::size_t slower = random() % workers;
      times.slope[slower] *= 1 + static_cast<double>(random() % 1000) / 100;
      const double after = run_round(program, times, workspace)[Tally::time];
      CAPTURE(trial, slower);
      CHECK(after >= before);
    }
  });
}

TEST_CASE("conformance: the simulated means are the expected ones") {
  for_each_entry([](const Experiment&, const Point& point, std::size_t s) {
    const auto scheme = point.schemes[s].recipe.make();
    const Point single = alone(point, s);
    if (scheme->next_round({}).kind() == Program::Kind::tree) {
      const auto theory = predict(single, 0);  // none, or one that promises nothing
      CHECK((!theory || theory->kind == Prediction::Kind::asymptotic));
      return;
    }
    const bool star = scheme->next_round({}).kind() == Program::Kind::star;
    if (star && !point.schemes[s].recipe.law) {  // a scheme may leave it out; then theory says nothing
      CHECK_FALSE(predict(single, 0));
      return;
    }
    const Row row = make_row(single, 0, std::move(run_trials(single, 0, 20000, 1)[0]));
    REQUIRE(row.theory);  // every star with a law, and every ring, has one
    REQUIRE(row.theory->kind == Prediction::Kind::exact);
    // 4.5 standard errors: the same for every seed but one in 150 000. Off by one message, the mean would be
    // about 100 of them away.
    CAPTURE(row[Tally::time].mean, row[Tally::time].std_error, row.theory->time_low,
            row[Tally::messages].mean, row[Tally::messages].std_error, row.theory->messages);
    CHECK(std::abs(row.theory_time_z) < 4.5);
    // Where every trial has the messages that theory says, there is no z.
    REQUIRE(row.theory->messages);
    const bool same = std::isnan(row.theory_messages_z) && row[Tally::messages].std_error == 0;
    if (same) {
      CHECK(row[Tally::messages].mean == Approx(*row.theory->messages).epsilon(1e-6));
    } else {
      CHECK(std::abs(row.theory_messages_z) < 4.5);
    }
  });
}
