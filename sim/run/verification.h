// Verified trials: real data carried through the code, in doubles and in a prime field, and what that came
// to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/run/point.h"
#include "sim/schemes/problem.h"

namespace straggle {

/// What the verified trials of one scheme came to.
struct Verification {
  std::uint64_t trials = 0;          ///< verified; each with all its iterations
  std::uint64_t decodes = 0;         ///< iterations times fields
  std::uint64_t real_judged = 0;     ///< real decodes whose error could be judged
  std::uint64_t unjudged = 0;        ///< real decodes too ill-conditioned for doubles to say anything
  double real_max_error = 0;         ///< relative, over the judged ones
  bool real = false, prime = false;  ///< which fields were tried
  bool prime_exact = true;
  bool timing_only = false;   ///< the scheme has no codebook: nothing could be verified
  double decode_seconds = 0;  ///< real time of all decodes
  /// The first trial the scheme called complete and the code could not decode exactly, and why.
  std::optional<std::uint64_t> failed_trial;
  std::string failure;

  /// The largest error over the real decodes that could be judged, if there were any.
  std::optional<double> real_error() const {
    return real_judged > 0 ? std::optional(real_max_error) : std::nullopt;
  }
  void merge(const Verification& later);
};

/// The trials of one scheme that could not complete, because workers never answered.
struct Incomplete {
  std::uint64_t trials = 0;
  std::optional<std::uint64_t> first;  ///< the first of them
  std::string missing;                 ///< what it lacked

  void merge(const Incomplete& later);
};

/// Carries data through the codes of a point's schemes. One a thread; the data sets are built on first use.
class Verifier {
 public:
  explicit Verifier(const Point& point) : point_(point), problems_(point.schemes.size()) {}

  /// Decodes what scheme `s` has taken in this iteration, in the point's fields, and adds what comes of it.
  void check(std::size_t s, Codebook& codebook, const RoundResult& result, std::uint64_t trial,
             std::uint32_t iteration, Verification& outcome);

 private:
  struct Problems {
    std::optional<Problem<double>> real;
    std::optional<Problem<codes::Gf61>> prime;
  };

  template <class T>
  Exactness decode(std::size_t s, std::optional<Problem<T>>& problem, Codebook& codebook,
                   const RoundResult& result, std::uint64_t trial, std::uint32_t iteration,
                   Verification& outcome);

  const Point& point_;
  std::vector<Problems> problems_;
};

}  // namespace straggle
