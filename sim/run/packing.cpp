#include "sim/run/packing.h"

#include <cstring>
#include <limits>
#include <utility>

namespace straggle {

void Packer::reals(const std::vector<double>& values) {
  number(values.size());
  raw(values.data(), values.size() * sizeof(double));
}

void Packer::text(const std::string& value) {
  number(value.size());
  raw(value.data(), value.size());
}

std::uint64_t Unpacker::number() {
  std::uint64_t value = 0;
  raw(&value, sizeof value);
  return value;
}

double Unpacker::real() {
  double value = 0;
  raw(&value, sizeof value);
  return value;
}

std::size_t Unpacker::count(std::size_t bytes_each) {
  const std::uint64_t value = number();
  if (value > rest_.size() / bytes_each) throw Malformed{};
  return static_cast<std::size_t>(value);
}

std::vector<double> Unpacker::reals() {
  std::vector<double> values(count(sizeof(double)));
  raw(values.data(), values.size() * sizeof(double));
  return values;
}

std::string Unpacker::text() {
  std::string value(count(1), '\0');
  raw(value.data(), value.size());
  return value;
}

void Unpacker::end() const {
  if (!rest_.empty()) throw Malformed{};
}

void Unpacker::raw(void* out, std::size_t size) {
  if (size > rest_.size()) throw Malformed{};
  if (size > 0) std::memcpy(out, rest_.data(), size);
  rest_.remove_prefix(size);
}

namespace {

void pack(Packer& out, const Moments& moments, bool pair) {
  const Moments::State state = moments.state();
  out.number(state.count);
  out.real(state.mean_x);
  out.real(state.square_x);
  if (!pair) return;
  out.real(state.mean_y);
  out.real(state.square_y);
  out.real(state.cross);
}

Moments unpack_moments(Unpacker& in, bool pair) {
  Moments::State state{.count = in.number(), .mean_x = in.real(), .square_x = in.real()};
  if (pair) {
    state.mean_y = in.real();
    state.square_y = in.real();
    state.cross = in.real();
  }
  return Moments(state);
}

void pack(Packer& out, const Verification& v) {
  for (const std::uint64_t value : {v.trials, v.decodes, v.real_judged, v.unjudged}) out.number(value);
  out.real(v.real_max_error);
  out.number((v.real ? 1 : 0) + (v.prime ? 2 : 0) + (v.prime_exact ? 4 : 0) + (v.timing_only ? 8 : 0));
  out.real(v.decode_seconds);
  out.number(v.failed_trial ? *v.failed_trial + 1 : 0);
  out.text(v.failure);
}

Verification unpack_verification(Unpacker& in) {
  Verification v;
  for (std::uint64_t* value : {&v.trials, &v.decodes, &v.real_judged, &v.unjudged}) *value = in.number();
  v.real_max_error = in.real();
  const std::uint64_t flags = in.number();
  v.real = flags & 1;
  v.prime = flags & 2;
  v.prime_exact = flags & 4;
  v.timing_only = flags & 8;
  v.decode_seconds = in.real();
  if (const std::uint64_t failed = in.number(); failed > 0) v.failed_trial = failed - 1;
  v.failure = in.text();
  return v;
}

void pack(Packer& out, const Incomplete& incomplete) {
  out.number(incomplete.trials);
  out.number(incomplete.first ? *incomplete.first + 1 : 0);
  out.text(incomplete.missing);
}

Incomplete unpack_incomplete(Unpacker& in) {
  Incomplete incomplete{.trials = in.number(), .first = std::nullopt, .missing = {}};
  if (const std::uint64_t first = in.number(); first > 0) incomplete.first = first - 1;
  incomplete.missing = in.text();
  return incomplete;
}

/// Of a histogram most counts and steps from bin to bin are small: seven bits a byte, the eighth says that
/// there are more.
void pack_small(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

std::uint64_t unpack_small(std::string_view& rest) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest.empty()) throw Malformed{};
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  throw Malformed{};
}

void pack(Packer& out, const QuantileStore& store) {
  if (!store.counted()) {
    out.reals(store.values());
    return;
  }
  const QuantileStore::Histogram& histogram = store.histogram();
  out.number(histogram.infinite);
  for (const double value :
       {histogram.least, histogram.greatest, histogram.mean, histogram.square, histogram.cube})
    out.real(value);
  std::string bins;
  std::uint32_t before = 0;
  for (const auto& [bin, count] : histogram.bins) {
    pack_small(bins, bin - before);
    pack_small(bins, count);
    before = bin;
  }
  out.text(bins);
}

QuantileStore unpack_store(Unpacker& in, bool counted) {
  if (!counted) return QuantileStore(in.reals());
  QuantileStore::Histogram histogram;
  histogram.infinite = in.number();
  for (double* value :
       {&histogram.least, &histogram.greatest, &histogram.mean, &histogram.square, &histogram.cube})
    *value = in.real();
  const std::string bins = in.text();
  std::string_view rest = bins;
  std::uint64_t bin = 0;
  while (!rest.empty()) {
    bin += unpack_small(rest);
    if (bin > std::numeric_limits<std::uint32_t>::max()) throw Malformed{};
    histogram.finite += histogram.bins[static_cast<std::uint32_t>(bin)] = unpack_small(rest);
  }
  return QuantileStore(std::move(histogram));
}

}  // namespace

void pack(Packer& out, const Summary& summary) {
  for (const Moments& moments : summary.sums.tally) pack(out, moments, false);
  pack(out, summary.sums.paired, true);
  std::uint64_t others = 0;
  for (const auto& [which, store] : summary.others) others |= std::uint64_t{1} << static_cast<int>(which);
  out.number((summary.critical ? 1 : 0) + (summary.times.counted() ? 2 : 0) + (others << 8));
  if (summary.critical)
    for (const Moments& moments : summary.sums.critical) pack(out, moments, false);
  pack(out, summary.verification);
  pack(out, summary.incomplete);
  pack(out, summary.times);
  for (const auto& [which, store] : summary.others) pack(out, store);
}

Summary unpack_summary(Unpacker& in) {
  Summary summary;
  for (Moments& moments : summary.sums.tally) moments = unpack_moments(in, false);
  summary.sums.paired = unpack_moments(in, true);
  const std::uint64_t flags = in.number();
  summary.critical = flags & 1;
  const bool counted = flags & 2;
  if (summary.critical)
    for (Moments& moments : summary.sums.critical) moments = unpack_moments(in, false);
  summary.verification = unpack_verification(in);
  summary.incomplete = unpack_incomplete(in);
  summary.times = unpack_store(in, counted);
  for (const Tally which : all_tallies)
    if (flags >> 8 >> static_cast<int>(which) & 1)
      summary.others.emplace_back(which, unpack_store(in, counted));
  return summary;
}

void pack_trials(Packer& out, const Block& block) {
  for (const std::vector<double>& values : block.tally) out.reals(values);
  out.number(block.critical.size());
  for (const CriticalTimes& seconds : block.critical)
    for (const double value : seconds) out.real(value);
}

void unpack_trials(Unpacker& in, Block& block) {
  for (std::vector<double>& values : block.tally) values = in.reals();
  block.critical.resize(in.count(sizeof(double) * causes));
  for (CriticalTimes& seconds : block.critical)
    for (double& value : seconds) value = in.real();
}

void pack(Packer& out, const Block& block) {
  out.number(block.scheme);
  pack_trials(out, block);
  pack(out, block.verification);
  pack(out, block.incomplete);
}

Block unpack_block(Unpacker& in) {
  Block block;
  block.scheme = in.number();
  unpack_trials(in, block);
  block.verification = unpack_verification(in);
  block.incomplete = unpack_incomplete(in);
  return block;
}

}  // namespace straggle
