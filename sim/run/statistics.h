// Means, standard errors, z, quantiles and their intervals, of numbers whatever they are of.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace straggle {

/// Running mean and central second moment (Welford), and the joint one with a second variable.
class Moments {
 public:
  /// All that it knows, as it is kept.
  struct State {
    std::uint64_t count = 0;
    double mean_x = 0, mean_y = 0, square_x = 0, square_y = 0, cross = 0;
  };
  Moments() = default;
  explicit Moments(const State& state) : state_(state) {}
  const State& state() const { return state_; }

  /// `y` is the variable to compare with; leave it 0 where only x matters.
  void add(double x, double y = 0);
  /// Appends another sample (Chan, Golub and LeVeque 1983).
  void merge(const Moments& other);

  std::uint64_t count() const { return state_.count; }
  double mean() const { return state_.mean_x; }
  double mean_of_other() const { return state_.mean_y; }
  /// Sample variances and covariance; NaN below two observations.
  double variance() const { return scaled(state_.square_x); }
  double variance_of_other() const { return scaled(state_.square_y); }
  double covariance() const { return scaled(state_.cross); }

 private:
  double scaled(double sum) const {
    return count() < 2 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count() - 1);
  }

  State state_;
};

/// A mean and its standard error.
struct Estimate {
  double mean = std::numeric_limits<double>::quiet_NaN();
  double std_error = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t count = 0;  ///< of what observations
};
Estimate estimate(const Moments& moments);

/// Half of the 95 % confidence interval of a mean, in standard errors: Student's t of count − 1 degrees of
/// freedom, 1.96 for many observations. NaN below two.
double confidence_factor(std::uint64_t count);
/// Half of the 95 % confidence interval: what ± means wherever a table, a page or a picture writes it.
double half_interval(const Estimate& found);

/// Whether observations show no spread beyond what rounding leaves of none; also where there is one alone.
bool without_spread(const Estimate& found);

/// mean(y)/mean(x) with its standard error by the delta method, for x and y observed in pairs.
Estimate ratio_of_means(const Moments& moments);

/// How many standard errors an estimate lies above a value that is known to `accuracy`. Without spread there
/// is nothing to measure in: NaN where the two agree within the accuracy, and at least to 1e-9 of the value
/// (rounding), else infinite. NaN too where the spread is unknown.
double z_score(const Estimate& found, double value, double accuracy = 0);

/// The chance that a normal number lies more than four standard deviations off: what |z| > 4 stands for where
/// something else than z decides.
double beyond_four();

/// The largest difference between the mean of a count and an expectation to which `rounds` rounds that all
/// counted the same cannot object: of an event so rare all rounds are free with probability beyond_four() or
/// more.
double unseen(double rounds);

/// The nearest-rank quantile, the ⌈p·n⌉-th smallest; p in (0, 1]. Reorders its argument. NaN when it is
/// empty.
double nearest_rank(std::vector<double>& values, double p);

/// The rank of the nearest-rank quantile of `count` values, ⌈p·count⌉, from 1.
std::uint64_t nearest_rank(std::uint64_t count, double p);

/// Two ranks, from 1: the quantile lies between the values that have them.
struct Ranks {
  std::uint64_t low = 0, high = 0;
};
/// The ranks between which the p-quantile of the law lies with a probability of at least 1 − error, at most
/// error/2 on either side, whatever the law: the number of values below the quantile is binomial (David and
/// Nagaraja, "Order statistics"). Nothing where the values are too few.
std::optional<Ranks> quantile_ranks(std::uint64_t count, double p, double error);
/// How many values that takes.
std::uint64_t values_for_quantile(double p, double error);

/// Writes the values of these ranks, from 1, to where they point. Reorders both arguments; no sort of the
/// values.
void order_statistics(std::vector<double>& values, std::vector<std::pair<std::uint64_t, double*>> ranks);

/// The skewness of values, m3/m2^1.5 of central moments: at most √n, so a sample cannot say how skewed a law
/// is that it is too small for. NaN below three values or without spread.
double skewness(std::span<const double> values);
/// So many observations of this skewness have a mean that is normal enough for z and a 95 % interval: the
/// rule n >= 50·skewness², stricter than the 25 of Cochran, "Sampling techniques".
double observations_for(double skewness);

/// The first trial whose completion time is the nearest-rank p-quantile of those that completed (finite
/// times); nothing when none did.
std::optional<std::uint64_t> trial_of_rank(std::span<const double> times, double p);

}  // namespace straggle
