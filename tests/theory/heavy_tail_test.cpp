// Completion laws against closed forms in multiprecision: probabilities far below the rounding of 1, and
// expectations of Pareto times, between whose breaks all probabilities are polynomials of t^(−shape).
#include <bit>
#include <boost/math/special_functions/beta.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "sim/theory/expectation.h"
#include "sim/theory/undecoded.h"
#include "tests/theory/support.h"

namespace {

using namespace straggle;
using namespace straggle::testing;
using Kind = CompletionLaw::Kind;
using Number =
    boost::multiprecision::number<boost::multiprecision::cpp_bin_float<100>, boost::multiprecision::et_off>;

/// Σ c_m·x^m.
class Polynomial {
 public:
  Polynomial(const Number& constant = 0) : c_{constant} {}
  static Polynomial monomial(const Number& c) {
    Polynomial result;
    result.c_.push_back(c);
    return result;
  }

  const std::vector<Number>& coefficients() const { return c_; }

  friend Polynomial operator+(const Polynomial& a, const Polynomial& b) { return sum(a, b, 1); }
  friend Polynomial operator-(const Polynomial& a, const Polynomial& b) { return sum(a, b, -1); }
  friend Polynomial operator*(const Polynomial& a, const Polynomial& b) {
    Polynomial result;
    result.c_.assign(a.c_.size() + b.c_.size() - 1, 0);
    for (std::size_t i = 0; i < a.c_.size(); ++i) {
      if (a.c_[i] == 0) continue;
      for (std::size_t j = 0; j < b.c_.size(); ++j) result.c_[i + j] += a.c_[i] * b.c_[j];
    }
    while (result.c_.size() > 1 && result.c_.back() == 0) result.c_.pop_back();
    return result;
  }

 private:
  static Polynomial sum(Polynomial a, const Polynomial& b, int sign) {
    if (a.c_.size() < b.c_.size()) a.c_.resize(b.c_.size());
    for (std::size_t i = 0; i < b.c_.size(); ++i) a.c_[i] += sign * b.c_[i];
    return a;
  }

  std::vector<Number> c_;
};

/// Of the workers of a cluster, P(each has not sent its message j yet), j < the messages that can have been
/// sent by now.
template <class T>
using Workers = std::vector<std::vector<T>>;

/// P(k items of a ring are missing), k = 0 … n, by inclusion and exclusion over all sets of items.
template <class T>
std::vector<T> items_missing(const Workers<T>& unsent) {
  const std::size_t n = unsent.size();
  std::vector<T> all_of(n + 1, T(0));  // summed over the sets of so many items
  for (std::size_t set = 0; set < std::size_t{1} << n; ++set) {
    T probability(1);
    for (std::size_t worker = 0; worker < n && set > 0; ++worker) {
      std::size_t d = 0;  // to the first item of the set: so many messages, and no more
      while (!(set >> ((worker + d) % n) & 1)) ++d;
      if (d < unsent[worker].size()) probability = probability * unsent[worker][d];
    }
    auto& sum = all_of[static_cast<std::size_t>(std::popcount(set))];
    sum = sum + probability;
  }
  std::vector<T> result;
  for (std::size_t k = 0; k <= n; ++k) {
    T sum(0);
    Number binomial = 1;  // C(j, k), with the sign
    for (std::size_t j = k; j <= n; ++j) {
      sum = sum + T(binomial) * all_of[j];
      binomial = -binomial * static_cast<double>(j + 1) / static_cast<double>(j + 1 - k);
    }
    result.push_back(sum);
  }
  return result;
}

template <class T>
std::vector<T> convolved(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> result(a.size() + b.size() - 1, T(0));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b.size(); ++j) result[i + j] = result[i + j] + a[i] * b[j];
  return result;
}

/// P(a worker has sent k messages).
template <class T>
std::vector<T> sent(const std::vector<T>& unsent) {
  std::vector<T> result;
  for (std::size_t k = 0; k <= unsent.size(); ++k)
    result.push_back((k < unsent.size() ? unsent[k] : T(1)) - (k > 0 ? unsent[k - 1] : T(0)));
  return result;
}

/// P(a cluster of these workers is not decoded), pooled: that of all, the others' workers like `other`.
template <class T>
T exact_undecoded(const CompletionLaw& law, const Workers<T>& unsent, const std::vector<T>& other) {
  if (law.kind == Kind::distinct) {
    std::vector<T> missing = items_missing(unsent);
    for (int c = 1; law.pooled && c < law.clusters; ++c)
      missing = convolved(missing, items_missing(Workers<T>(unsent.size(), other)));
    T sum(0);
    const std::size_t tolerated = missing.size() - 1 - static_cast<std::size_t>(law.need);
    for (std::size_t k = tolerated + 1; k < missing.size(); ++k) sum = sum + missing[k];
    return sum;
  }
  std::vector<T> total{T(1)}, without_silence{T(1)};
  T decoded_late(1);
  for (const std::vector<T>& worker : unsent) {
    std::vector<T> own = sent(worker);
    if (law.finisher_decodes && own.size() > law.work.size()) own.back() = T(0);
    total = convolved(total, own);
    if (law.first_of_all) {
      decoded_late = decoded_late * (T(1) - (worker.empty() ? T(1) : worker[0]));
      own[0] = T(0);
      without_silence = convolved(without_silence, own);
    }
  }
  const std::vector<T>& messages = law.first_of_all ? without_silence : total;
  T sum = law.first_of_all ? T(1) - decoded_late : T(0);
  for (std::size_t k = 0; k < messages.size() && k < static_cast<std::size_t>(law.need); ++k)
    sum = sum + messages[k];
  return sum;
}

/// The same given that its first worker has sent exactly `own` messages.
template <class T>
T exact_given(const CompletionLaw& law, const std::vector<T>& unsent, std::size_t own) {
  Workers<T> workers(static_cast<std::size_t>(law.workers), unsent);
  for (std::size_t j = 0; j < unsent.size(); ++j) workers[0][j] = T(j < own ? 0 : 1);
  return exact_undecoded(law, workers, unsent);
}

template <class T>
T exact_overall(const CompletionLaw& law, const std::vector<T>& unsent) {
  return exact_undecoded(law, Workers<T>(static_cast<std::size_t>(law.workers), unsent), unsent);
}

/// Seconds and messages of workers whose x has P(x > t) = t^(−shape), t >= 1, under server-dependent scaling.
std::pair<double, double> exact_expectation(const CompletionLaw& law, double shape) {
  const std::size_t last = law.work.size();
  const Number a = shape;
  Number time = law.work[0], messages = 0;
  for (std::size_t begun = 1; begun <= last; ++begun) {
    std::vector<Polynomial> unsent;
    for (std::size_t j = 0; j < begun; ++j)
      unsent.push_back(Polynomial::monomial(pow(Number(law.work[j]), a)));
    // The integral over this piece of Σ c_m·t^(−shape·m − less).
    const auto integral = [&](const Polynomial& p, int less) {
      Number sum = 0;
      for (std::size_t m = 0; m < p.coefficients().size(); ++m) {
        if (abs(p.coefficients()[m]) < Number("1e-60")) continue;  // it is none: these cancel
        const Number e = 1 - less - a * static_cast<double>(m);
        const Number to = begun < last ? Number(pow(Number(law.work[begun]), e)) : Number(0);
        sum += p.coefficients()[m] * (to - pow(Number(law.work[begun - 1]), e)) / e;
      }
      return sum;
    };
    const auto at_least_one = [&](const Polynomial& p, int clusters) {
      Polynomial none(1);
      for (int c = 0; c < clusters; ++c) none = none * (Polynomial(1) - p);
      return Polynomial(1) - none;
    };
    const int clusters = law.pooled ? 1 : law.clusters;
    const Polynomial one = exact_overall(law, unsent), elsewhere = at_least_one(one, clusters - 1);
    time += integral(at_least_one(one, clusters), 0);
    for (std::size_t j = 0; j < begun; ++j) {
      const Polynomial here = exact_given(law, unsent, j);
      const Polynomial counts = here + (Polynomial(1) - here) * elsewhere;
      messages += law.workers * law.clusters * a * integral(unsent[j] * counts, 1);
    }
  }
  return {static_cast<double>(time), static_cast<double>(messages)};
}

/// P(a worker has not sent its message j yet), the largest `e`: of Pareto times, almost all messages at once,
/// and light tails.
std::vector<theory::Series> late(std::size_t messages, double e) {
  std::vector<theory::Series> result(4);
  for (std::size_t j = 0; j < messages; ++j) {
    const double share = static_cast<double>(j + 1) / static_cast<double>(messages);
    result[0].push_back(e * std::pow(share, 0.17));
    result[1].push_back(e * std::pow(share, 3));
    result[2].push_back(e * (1 + 1e-9 * share));
    result[3].push_back(std::pow(e, 2 - share));
  }
  return result;
}

/// How far off undecoded() is where it has to have relative digits, and that the rest is as good as ever.
void require_relative_digits(const CompletionLaw& law) {
  for (const double e : {0.1, 1e-3, 1e-6, 1e-10, 1e-15, 1e-40})
    for (const theory::Series& unsent : late(law.work.size(), e)) {
      const std::vector<Number> numbers(unsent.begin(), unsent.end());
      const auto exact = static_cast<double>(exact_overall(law, numbers));
      if (exact < 1e-290) continue;
      CAPTURE(law.clusters, law.workers, law.work.size(), law.need, unsent, exact);
      theory::Convolver convolver;
      const theory::Undecoded found = undecoded(law, unsent, convolver, theory::Digits::relative);
      CHECK(found.overall == close(exact, 1e-12));
      CHECK(undecoded(law, unsent, convolver).overall == Approx(exact).epsilon(1e-12).margin(1e-15));
      for (std::size_t j = 0; j < unsent.size() && !law.pooled; ++j)
        CHECK(found.given[j] ==
              Approx(static_cast<double>(exact_given(law, numbers, j))).epsilon(1e-11).margin(1e-15));
    }
}

/// Of Pareto times of shape `shape`.
void require_expectation(const CompletionLaw& law, double shape) {
  CAPTURE(law.clusters, law.workers, law.work.size(), law.need, law.pooled, shape);
  const auto found = expectation(law, pareto(1, shape), Scaling::server_dependent, 0);
  REQUIRE(found);
  const auto [time, messages] = exact_expectation(law, shape);
  CHECK(found->time == close(time, 1e-9));
  CHECK(std::abs(found->time - time) <= found->time_error + 1e-14 * time);
  CHECK(found->messages == close(messages, 1e-9));
  CHECK(std::abs(found->messages - messages) <= found->messages_error + 1e-14 * messages);
}

}  // namespace

TEST_CASE("undecoded: rings with items to spare keep their digits far below the rounding of 1") {
  for (const int workers : {2, 3, 5, 8})
    for (const int messages : {2, 4, workers})
      for (int need = 1; need < workers && messages <= workers; ++need)
        require_relative_digits(
            {.kind = Kind::distinct, .workers = workers, .work = steps(1, messages), .need = need});
}

TEST_CASE("undecoded: pooled rings with items to spare keep their digits far below the rounding of 1") {
  for (const auto& [clusters, workers] : {std::pair{2, 3}, {3, 4}, {2, 6}})
    for (int messages = 2; messages <= workers; messages += 2)
      for (int need = 1; need < clusters * workers; ++need)
        require_relative_digits({.kind = Kind::distinct,
                                 .clusters = clusters,
                                 .workers = workers,
                                 .work = steps(1, messages),
                                 .need = need,
                                 .pooled = true});
}

TEST_CASE("undecoded: counts keep their digits where workers send all of their messages or none") {
  for (const auto& [workers, messages] : {std::pair{2, 7}, {5, 3}, {8, 4}})
    for (int need = 1; need <= workers * messages; need += need % 4 + 1)
      for (const bool finisher : {false, true})
        for (const bool first : {false, true})
          require_relative_digits({.workers = workers,
                                   .work = steps(1, messages),
                                   .need = need,
                                   .finisher_decodes = finisher,
                                   .first_of_all = first});
}

TEST_CASE("undecoded: of many workers the digits that a Fourier transform loses are owned") {
  const auto require_binomial = [](const CompletionLaw& law, const theory::Series& unsent, int tolerated) {
    CAPTURE(law.clusters, law.workers, law.need, unsent);
    const double n = law.clusters * law.workers;
    const double exact = boost::math::ibeta(tolerated + 1.0, n - tolerated, unsent[0]);
    theory::Convolver convolver;
    const theory::Undecoded found = undecoded(law, unsent, convolver, theory::Digits::relative);
    CHECK(std::abs(found.overall - exact) <= found.error + 1e-11 * exact);
    CHECK(found.error < 1e-8 * exact);
  };
  for (const double e : {1e-2, 1e-3, 1e-5, 1e-8, 1e-12}) {
    // One message a worker, so that everybody's item is missing or not.
    for (const int lost : {2, 7, 20})
      for (const int clusters : {1, 2})
        require_binomial({.kind = Kind::distinct,
                          .clusters = clusters,
                          .workers = 1500 / clusters,
                          .work = {1},
                          .need = 1500 - lost,
                          .pooled = clusters > 1},
                         {e}, lost);
    // Two messages at once.
    require_binomial({.workers = 1500, .work = {1, 2}, .need = 2 * (1500 - 20)}, {e, e}, 20);
    require_binomial({.workers = 40, .work = {1, 2}, .need = 2 * (40 - 7)}, {e, e}, 7);
  }
}

TEST_CASE("a time that has only just a mean is exact, however many items or messages it can spare") {
  // Six workers with four messages each: as many have to be silent as items are lost, and three.
  const auto ring = [](int need) {
    return CompletionLaw{.kind = Kind::distinct, .workers = 6, .work = steps(1, 4), .need = need};
  };
  for (const double shape : {0.167, 0.17, 0.175, 0.2, 0.3, 0.6}) require_expectation(ring(3), shape);
  for (const double shape : {0.17, 0.2, 0.3, 0.6}) require_expectation(ring(2), shape);
  for (const double shape : {0.201, 0.21, 0.3, 0.6}) require_expectation(ring(4), shape);
  for (const double shape : {0.26, 0.3, 0.6}) require_expectation(ring(5), shape);
  require_expectation({.kind = Kind::distinct, .workers = 8, .work = {1, 2, 5}, .need = 4}, 0.15);
  require_expectation({.kind = Kind::distinct, .clusters = 2, .workers = 5, .work = {1, 2}, .need = 3}, 0.26);
  const auto pooled = [](int need) {
    return CompletionLaw{.kind = Kind::distinct,
                         .clusters = 2,
                         .workers = 4,
                         .work = steps(1, 3),
                         .need = need,
                         .pooled = true};
  };
  for (const double shape : {0.201, 0.22, 0.3, 0.6}) require_expectation(pooled(4), shape);
  for (const double shape : {0.255, 0.3, 0.6}) require_expectation(pooled(6), shape);
  // Eight workers with four messages: five are silent that twelve of 32 may come in.
  const auto counts = [](int need, bool finisher, bool first) {
    return CompletionLaw{
        .workers = 8, .work = steps(1, 4), .need = need, .finisher_decodes = finisher, .first_of_all = first};
  };
  for (const int need : {13, 15, 16}) require_expectation(counts(need, false, false), 0.21);
  for (const double shape : {0.126, 0.2, 0.6}) {
    require_expectation(counts(4, false, false), shape);
    require_expectation(counts(12, true, false), shape);
  }
  require_expectation(counts(12, false, true), 1.05);
  // Two groups of which each waits for its fastest worker, or for most of its messages.
  require_expectation({.clusters = 2, .workers = 4, .work = {1, 3}, .need = 1}, 0.26);
  require_expectation({.clusters = 3, .workers = 4, .work = {1, 2, 4}, .need = 6}, 0.35);
}
