// What the tests of the schemes share: points from a line of JSON, rounds with chosen times, and worker times
// that are drawn without the simulator's trial runner, for kernels that know one scheme and nothing of
// programs or events.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/run/campaign.h"
#include "sim/run/experiment.h"
#include "sim/run/runner.h"
#include "sim/run/statistics.h"

namespace straggle::testing {

inline constexpr double never = std::numeric_limits<double>::infinity();

/// The compute times of all statistical tests here, those of the GC-MMC paper: seconds, and mini-batches a
/// second.
inline constexpr double shift = 0.01, rate = 10;
/// Seconds a mini-batch under data-dependent scaling; of the size of the spread, so that neither hides the
/// other.
inline constexpr double increment = 0.02;

inline constexpr Scaling all_scalings[] = {Scaling::server_dependent, Scaling::data_dependent,
                                           Scaling::additive};

inline std::string compute_of(Scaling scaling) {
  const std::string model =
      fmt::format(R"({{"model": "shifted-exponential", "shift": {}, "rate": {})", shift, rate);
  switch (scaling) {
    case Scaling::server_dependent:
      return model + R"(, "scaling": "server-dependent"})";
    case Scaling::data_dependent:
      return model + fmt::format(R"(, "scaling": "data-dependent", "increment": {}}})", increment);
    case Scaling::additive:
      break;
  }
  return model + R"(, "scaling": "additive"})";
}

/// The one point of a configuration of these schemes (JSON objects). `more` are further fields, each followed
/// by a comma. Nothing is verified unless `more` says so.
inline Point point_of(int workers, const std::vector<std::string>& schemes,
                      Scaling scaling = Scaling::server_dependent, const std::string& more = "") {
  const std::string verify =
      more.find("\"verify\"") == std::string::npos ? R"("verify": {"trials": 0},)" : "";
  const std::string text = fmt::format(R"({{"workers": {}, "compute": {}, {} {} "schemes": [{}]}})", workers,
                                       compute_of(scaling), verify, more, fmt::join(schemes, ", "));
  return read_experiment(parse_json(text, "test"), "test").points.front();
}

/// One scheme by itself.
inline std::unique_ptr<Scheme> scheme_of(int workers, const std::string& scheme) {
  return point_of(workers, {scheme}).schemes.front().recipe.make();
}

/// Server-dependent conditions chosen by hand: worker i takes x[i] seconds a mini-batch, `never` if it is
/// dead.
struct Times {
  std::vector<double> offset, slope;
  explicit Times(std::vector<double> x) : offset(x.size(), 0), slope(std::move(x)) {}
  operator Conditions() const { return {.offset = offset, .slope = slope, .workers = slope.size()}; }
};

/// Message `message` (from 0) of worker node `from` (from 1).
struct Sent {
  NodeId from;
  std::uint32_t message;
  friend bool operator==(const Sent&, const Sent&) = default;
  friend auto operator<=>(const Sent&, const Sent&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Sent& sent) {
    return out << "message " << sent.message << " of worker " << sent.from;
  }
};

inline std::vector<Sent> senders(std::span<const Arrival> taken) {
  std::vector<Sent> result;
  for (const Arrival& arrival : taken) result.push_back({arrival.from, arrival.message});
  return result;
}

/// Decodes chosen messages of a scheme from real data, in both fields.
class Prover {
 public:
  explicit Prover(Scheme& scheme)
      : codebook_(scheme.codebook()), real_(7, codebook_.blocks(), 4), prime_(7, codebook_.blocks(), 4) {
    real_.set_model(0, 0);
    prime_.set_model(0, 0);
  }

  /// Whether these messages decode. Fails the test when the fields disagree or a decode is not exact.
  bool decodes(const std::vector<Sent>& messages) {
    std::vector<Arrival> taken;
    for (const Sent& sent : messages) taken.push_back({0, sent.from, sent.message, Arrival::Fate::useful});
    const Exactness prime = codebook_.check(taken, prime_), real = codebook_.check(taken, real_);
    CHECK(prime.decodable == real.decodable);
    CHECK(prime.exact == prime.decodable);
    if (real.judged) CHECK(real.exact == real.decodable);
    return prime.decodable;
  }

 private:
  Codebook& codebook_;
  Problem<double> real_;
  Problem<codes::Gf61> prime_;
};

/// Calls visit(subset) for every k-subset of `all`, in lexicographic order.
template <class T, class Visit>
void for_each_subset(const std::vector<T>& all, std::size_t k, Visit visit) {
  std::vector<char> chosen(all.size(), 0);
  std::fill(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(k), 1);
  do {
    std::vector<T> subset;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (chosen[i]) subset.push_back(all[i]);
    visit(subset);
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
}

/// All messages of a scheme whose workers send `each` messages.
inline std::vector<Sent> all_messages(std::uint32_t workers, std::uint32_t each) {
  std::vector<Sent> result;
  for (NodeId from = 1; from <= workers; ++from)
    for (std::uint32_t j = 0; j < each; ++j) result.push_back({from, j});
  return result;
}

/// Those of the messages in which a block has no part.
inline std::vector<Sent> messages_without(Scheme& scheme, const std::vector<Sent>& messages,
                                          std::size_t block) {
  std::vector<Sent> result;
  for (const Sent& sent : messages) {
    const std::vector<std::size_t> blocks = scheme.codebook().contents(sent.from, sent.message);
    if (std::find(blocks.begin(), blocks.end(), block) == blocks.end()) result.push_back(sent);
  }
  return result;
}

/// The shifted-exponential times of the workers of one iteration, straight from their addresses.
class DrawnTimes {
 public:
  /// `load`: the mini-batches a worker may compute.
  DrawnTimes(int workers, Scaling scaling, int load, std::uint64_t seed = 1)
      : scaling_(scaling),
        seed_(seed),
        draws_(scaling == Scaling::additive ? static_cast<std::size_t>(load) : 1,
               std::vector<double>(static_cast<std::size_t>(workers))) {}

  void draw(std::uint64_t trial, std::uint32_t iteration = 0) {
    for (std::size_t j = 0; j < draws_.size(); ++j) {
      standard_exponentials({.seed = seed_,
                             .trial = trial,
                             .iteration = iteration,
                             .purpose = Purpose::compute_time,
                             .index = static_cast<std::uint32_t>(j)},
                            draws_[j]);
      for (double& x : draws_[j]) x = shift + x / rate;
    }
  }

  std::size_t workers() const { return draws_[0].size(); }

  /// When worker w (from 0) has computed `work` mini-batches.
  double end(std::size_t w, double work) const {
    if (scaling_ == Scaling::server_dependent) return work * draws_[0][w];
    if (scaling_ == Scaling::data_dependent) return draws_[0][w] + work * increment;
    double sum = 0;
    std::size_t j = 0;
    for (; static_cast<double>(j) + 1 <= work; ++j) sum += draws_[j][w];
    const double rest = work - static_cast<double>(j);
    return rest > 0 ? sum + rest * draws_[j][w] : sum;
  }

 private:
  Scaling scaling_;
  std::uint64_t seed_;
  std::vector<std::vector<double>> draws_;  // [mini-batch][worker]; one row unless additive
};

/// What a kernel says of one iteration.
struct Counted {
  double time = 0;
  std::uint32_t messages = 0;
  double work = 0, wasted = 0;
  std::set<Sent> useful;  ///< exactly these messages
};

/// Finishes a tally whose time and useful messages are known, by going through every message and every
/// mini-batch. Each worker sends message j after work[j] mini-batches, over the last covers[j] of them; whole
/// numbers.
inline void count(Counted& tally, const DrawnTimes& times, const std::vector<int>& work,
                  const std::vector<int>& covers) {
  for (std::size_t w = 0; w < times.workers(); ++w) {
    std::set<int> covered;
    for (std::size_t j = 0; j < work.size(); ++j) {
      if (times.end(w, work[j]) <= tally.time) ++tally.messages;
      if (tally.useful.contains({static_cast<NodeId>(w + 1), static_cast<std::uint32_t>(j)}))
        for (int task = work[j] - covers[j] + 1; task <= work[j]; ++task) covered.insert(task);
    }
    int done = 0;
    while (done < work.back() && times.end(w, done + 1) <= tally.time) ++done;
    tally.work += done;
    tally.wasted += done - static_cast<int>(covered.size());
  }
}

/// The k-th smallest, k from 1.
inline double kth_smallest(std::vector<double> values, std::size_t k) {
  std::sort(values.begin(), values.end());
  return values.at(k - 1);
}

/// The trials [0, trials) of scheme `s` against a kernel that makes a Counted of DrawnTimes: all equal, the
/// times to the bit unless `rounding` (relative) is given.
template <class Kernel>
void compare(const Point& point, std::size_t s, std::uint64_t trials, const Kernel& kernel,
             double rounding = 0) {
  TrialRunner runner(point);
  const int load = static_cast<int>(std::ceil(runner.program(s).largest_load()));
  DrawnTimes times(point.workers, point.compute.scaling, load, point.seed);
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    INFO(point.schemes[s].label << ", scaling " << static_cast<int>(point.compute.scaling) << ", trial "
                                << trial);
    runner.draw(trial, 0);
    times.draw(trial);
    const RoundResult& result = runner.run(s);
    const Counted expected = kernel(times);
    if (rounding == 0) {
      REQUIRE(result[Tally::time] == expected.time);
      REQUIRE(result[Tally::work] == expected.work);
      REQUIRE(result[Tally::wasted] == expected.wasted);
    } else {
      REQUIRE(result[Tally::time] == Approx(expected.time).epsilon(rounding));
      REQUIRE(result[Tally::work] == Approx(expected.work).epsilon(rounding));
      REQUIRE(result[Tally::wasted] ==
              Approx(expected.wasted).epsilon(rounding).margin(rounding * expected.work));
    }
    REQUIRE(result[Tally::messages] == expected.messages);
    REQUIRE(result[Tally::useful_messages] == expected.useful.size());
    const std::vector<Sent> taken = senders(result.taken);
    REQUIRE(std::set<Sent>(taken.begin(), taken.end()) == expected.useful);
  }
}

/// The simulated sums of scheme `s`.
inline Sums simulate(const Point& point, std::size_t s, std::uint64_t trials) {
  return run_trials(point, 0, trials, 1)[s].sums;
}

/// Σ_{j=first..last} j^-power; the harmonic number H_n is harmonic(n).
inline double harmonic(int last, int first = 1, int power = 1) {
  double sum = 0;
  for (int j = last; j >= first; --j) sum += 1 / std::pow(j, power);
  return sum;
}

/// Checks a mean against a closed form whose standard deviation is known too: within 4.5 standard errors (a
/// true statement fails once in 150 000 seeds), while `other`, what an off-by-one would give, is at least 20
/// away.
inline void check_mean(const Moments& found, double mean, double deviation, double other) {
  const double std_error = deviation / std::sqrt(static_cast<double>(found.count()));
  CAPTURE(found.mean(), mean, std_error, other);
  CHECK(std::abs(found.mean() - mean) < 4.5 * std_error);
  CHECK(std::abs(found.mean() - other) > 20 * std_error);
  // The estimated spread is off by about 1/√(2n) for light tails; 10 % is beyond any of these.
  CHECK(std::sqrt(found.variance()) == Approx(deviation).epsilon(0.1));
}

}  // namespace straggle::testing
