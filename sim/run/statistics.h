// Means, standard errors and quantiles whose bytes depend on the trials alone: sums are formed in fixed
// chunks counted from trial 0 and joined in chunk order, whoever computed them.
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
  /// `y` is the variable to compare with; leave it 0 where only x matters.
  void add(double x, double y = 0);
  /// Appends another sample (Chan, Golub and LeVeque 1983).
  void merge(const Moments& other);

  std::uint64_t count() const { return count_; }
  double mean() const { return mean_x_; }
  double mean_of_other() const { return mean_y_; }
  /// Sample variances and covariance; NaN below two observations.
  double variance() const { return scaled(square_x_); }
  double variance_of_other() const { return scaled(square_y_); }
  double covariance() const { return scaled(cross_); }

 private:
  double scaled(double sum) const {
    return count_ < 2 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count_ - 1);
  }

  std::uint64_t count_ = 0;
  double mean_x_ = 0, mean_y_ = 0, square_x_ = 0, square_y_ = 0, cross_ = 0;
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

/// What one trial counts: means over its iterations.
struct TrialRecord {
  bool complete = true;        ///< else the rest means nothing
  double time = 0;             ///< completion, seconds
  double messages = 0;         ///< received by the master
  double useful_messages = 0;  ///< of these, what the decode may use
  double work = 0;             ///< mini-batches computed
  double wasted = 0;           ///< of these, in no useful message
  double messages_in_all = 0;  ///< received by anybody
  double volume = 0;           ///< their size, in gradients
  double largest_volume = 0;   ///< of these, into the node that receives most
  double utilisation = 0;      ///< share of the time that the busiest receiving port is busy
  /// The baseline scheme's time on the same trial; infinite where that could not complete.
  double baseline_time = 0;
};

/// The statistics of a range of trials of one scheme. Ranges of the same scheme that follow each other can be
/// joined, and the result is the same to the bit as if they had been one.
class Sample {
 public:
  static constexpr std::uint64_t chunk = 1024;  ///< trials a chunk; changing it changes last digits

  struct Sums {
    /// Of the trials that were completed.
    Moments time, messages, useful_messages, messages_in_all, volume, largest_volume, utilisation, work,
        wasted;
    Moments paired;  ///< time, and the baseline's on the same trial, where both were completed
    void add(const TrialRecord& record);
    void merge(const Sums& other);
  };

  /// Appends the records of trials first, first + 1, …, which must follow what is there (std::logic_error).
  void append(std::uint64_t first, std::span<const TrialRecord> records);
  /// Appends a range that follows this one.
  void append(const Sample& next);

  std::uint64_t first() const { return first_; }
  std::uint64_t count() const { return times_.size(); }
  /// Every trial's completion time, in order; infinite where it could not complete.
  const std::vector<double>& times() const { return times_; }
  Sums sums() const;

 private:
  void add(const TrialRecord& record);

  std::uint64_t first_ = 0;
  std::vector<double> times_;
  std::vector<TrialRecord>
      head_;                  // the first trials, up to the first chunk boundary when the range begins off it
  std::vector<Sums> chunks_;  // whole chunks, and at the end the one being filled
};

}  // namespace straggle
