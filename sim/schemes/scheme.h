// The seam for schemes: when to send. A scheme turns its parameters into a program the engine runs and a
// codebook that proves on real data that what the master took is enough.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/config.h"
#include "sim/base/field.h"
#include "sim/base/random.h"
#include "sim/base/registry.h"
#include "sim/engine/round.h"
#include "sim/schemes/codebook.h"
#include "sim/schemes/completion_law.h"

namespace straggle {

/// What a scheme may know when it chooses the program of an iteration. As it stands: a first iteration.
struct RoundContext {
  /// What the scheme's iteration before came to, in the same trial; its `taken` are the messages that were
  /// useful then. Null in a trial's first iteration.
  const RoundResult* previous = nullptr;
  std::uint64_t seed = 1, trial = 0;
  std::uint32_t iteration = 0;
  /// Which of the streams at this address is the scheme's own: a number made of its label, so that the other
  /// schemes of a configuration do not change what it draws. Below 2^28.
  std::uint32_t stream = 0;

  /// The scheme's random numbers of this iteration, from the first one at every call.
  RandomStream random() const {
    return {{.seed = seed, .trial = trial, .iteration = iteration, .purpose = Purpose::scheme}, stream};
  }
};

/// The stream of the scheme with this label: 28 bits of its FNV-1a hash. Two labels of one configuration
/// share one in less than a case of a hundred million, and are random by the same numbers then.
inline std::uint32_t stream_of(std::string_view label) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : label) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return static_cast<std::uint32_t>(hash ^ hash >> 32) & 0x0fffffff;
}

/// One instance a thread, for many trials one after another.
class Scheme {
 public:
  virtual ~Scheme() = default;

  /// The program of the next iteration, for as many workers as the one before. Valid until the next call. It
  /// may depend on the context, and on what this trial's earlier calls have left in the scheme, but on
  /// nothing else: a scheme that remembers forgets at iteration 0, for trials are run in any order, on any
  /// thread, and a first iteration may be asked for again.
  virtual const Program& next_round(const RoundContext& context) = 0;
  /// Whether there is no codebook: the scheme's times are measured, and nothing is verified.
  virtual bool timing_only() { return false; }
  /// That of the program handed out last. Built on first use: a run without verified trials never pays for
  /// it. Not to be asked for when timing_only().
  virtual Codebook& codebook() = 0;
};

/// A scheme whose program never changes. A maker that is empty or returns nothing makes it
/// timing only.
class FixedScheme final : public Scheme {
 public:
  using MakeCodebook = std::function<std::unique_ptr<Codebook>()>;

  FixedScheme(Program program, MakeCodebook make_codebook)
      : program_(std::move(program)), make_codebook_(std::move(make_codebook)) {}

  const Program& next_round(const RoundContext&) override { return program_; }
  bool timing_only() override { return find_codebook() == nullptr; }
  /// Throws std::logic_error when there is none.
  Codebook& codebook() override {
    if (Codebook* const codebook = find_codebook()) return *codebook;
    throw std::logic_error("a scheme without a codebook was asked for it");
  }

 private:
  Codebook* find_codebook() {
    if (!codebook_ && make_codebook_) {
      codebook_ = make_codebook_();
      if (!codebook_) make_codebook_ = nullptr;
    }
    return codebook_.get();
  }

  Program program_;
  MakeCodebook make_codebook_;
  std::unique_ptr<Codebook> codebook_;
};

/// What a scheme may know of the configuration around it.
struct SchemeContext {
  int workers = 1;          ///< K, also the number of mini-batches
  std::uint64_t seed = 1;   ///< for random codes
  bool verify = true;       ///< some trials carry real data through the code
  bool verify_real = true;  ///< some trials decode in doubles: refuse a code that has no digits left there
};

/// A scheme with its parameters read and checked, from which every thread makes its own instance.
struct SchemeRecipe {
  std::function<std::unique_ptr<Scheme>()> make;  ///< empty when the parameters had mistakes
  std::optional<CompletionLaw> law = {};          ///< for the theory columns, where there is one
  double recovered = 1;  ///< the share of the data set in the result; below 1 the result is approximate
  std::optional<TreeLaw> tree = {};  ///< for the theory columns, of a regular tree
};

/// A plug-in: `read` takes the scheme's fields from its object in the configuration (the fields "scheme" and
/// "label" have been read) and ends with `config.complete()`; on mistakes it returns an empty recipe.
struct SchemePlugin {
  std::string summary;        ///< what it is, in a sentence: for the schema, the pages and `straggle list`
  std::vector<Field> fields;  ///< its own fields
  SchemeRecipe (*read)(ConfigReader& config, const SchemeContext& context);
  Json rules = Json::object();  ///< what a list of fields cannot say, as JSON Schema
  int place = 1000;             ///< among the schemes, where they are described
};
using SchemeRegistration = Registration<SchemePlugin>;

}  // namespace straggle
