// Quantiles of values that are kept, and of values that are counted in a histogram, against sorted values.
#include "sim/run/quantiles.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "sim/run/campaign.h"
#include "sim/run/columns.h"
#include "sim/run/experiment.h"
#include "sim/run/packing.h"
#include "sim/run/rows.h"
#include "sim/run/statistics.h"

using namespace straggle;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

QuantileStore store_of(bool counted, const std::vector<double>& values) {
  QuantileStore store(counted);
  for (const double value : values) store.add(value);
  return store;
}

/// Values of laws of very different width, of sizes from 1e-70 to 1e70.
std::vector<std::vector<double>> many_values() {
  std::mt19937_64 random(5);
  std::vector<std::vector<double>> all;
  for (const double scale : {1e-70, 1.0, 1e70}) {
    std::vector<double> exponential, heavy, narrow, few;
    for (int i = 0; i < 5000; ++i) {
      exponential.push_back(scale * std::exponential_distribution(1.0)(random));
      heavy.push_back(scale * std::pow(std::uniform_real_distribution(1e-9, 1.0)(random), -0.9));
      narrow.push_back(scale * (1 + 1e-6 * std::uniform_real_distribution(0.0, 1.0)(random)));
      few.push_back(scale * static_cast<double>(random() % 3));  // 0 too
    }
    for (auto& values : {exponential, heavy, narrow, few}) all.push_back(values);
  }
  return all;
}

Experiment experiment_of(std::uint64_t trials, const std::string& more = "") {
  return read_experiment(
      parse_json(R"({"workers": 6, "verify": {"trials": 0}, "gradient": {"bytes": 1000}, "compute":
                     {"model": "shifted-exponential", "shift": 0.1, "rate": 2)" +
                     more + R"(}, "schemes": [{"scheme": "uncoded"}, {"scheme": "uc-mmc", "load": 3}],
                     "trials": )" +
                     std::to_string(trials) + "}",
                 "test"),
      "test");
}

std::vector<Row> rows_of(const Experiment& experiment, Keep keep, unsigned threads = 1) {
  std::vector<Row> rows;
  RowSink sink(
      experiment.points, [&](const Row& row) { rows.push_back(row); }, keep);
  Plan plan = Plan::of(experiment.points, threads, keep);
  plan.until([&](std::size_t point) { return sink.end(point); });
  run_campaign(plan, sink);
  return rows;
}

}  // namespace

TEST_CASE(
    "a value of a rank is exact where values are kept, and within its stated error where they are counted") {
  for (std::vector<double> values : many_values()) {
    QuantileStore kept = store_of(false, values), counted = store_of(true, values);
    std::sort(values.begin(), values.end());
    CHECK(kept.finite() == values.size());
    CHECK(counted.finite() == values.size());
    for (const QuantileStore* store : {&kept, &counted}) {
      CHECK(store->least() == values.front());
      CHECK(store->greatest() == values.back());
    }
    const std::vector<std::uint64_t> ranks = {1, 2, 17, 2500, 4750, 4999, 5000};
    const auto exact = kept.of_ranks(ranks), near = counted.of_ranks(ranks);
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      const double right = values[ranks[i] - 1];
      CHECK(exact[i].value == right);
      CHECK(exact[i].low == right);
      CHECK(exact[i].high == right);
      CHECK(near[i].low <= right);
      CHECK(near[i].high >= right);
      CHECK(std::abs(near[i].value - right) <= QuantileStore::bin_error * right);
    }
  }
}

TEST_CASE("a histogram knows the skewness of its values, however narrow they are") {
  for (const std::vector<double>& values : many_values()) {
    const double right = skewness(values);
    // The sums of a histogram go value by value and lose the square root of their number of roundings; of
    // values that differ by 1e-6 of their size that is 1e-10 of the spread each.
    CHECK(store_of(true, values).skewness() == Approx(right).margin(1e-6 * (1 + std::abs(right))));
    CHECK(store_of(false, values).skewness() == right);
  }
  CHECK(std::isnan(store_of(true, {3, 3, 3, 3}).skewness()));
  CHECK(std::isnan(store_of(true, {1, 2}).skewness()));
  CHECK(
      std::isinf(store_of(true, {0, 1e150, 0, 1e150, 3}).skewness()));  // its cubes cannot be calculated with
}

TEST_CASE("infinite values are counted, and in nothing else") {
  for (const bool counted : {false, true}) {
    QuantileStore store = store_of(counted, {3, infinity, 1, infinity, 2});
    CHECK(store.size() == 5);
    CHECK(store.finite() == 3);
    CHECK(store.least() == 1);
    CHECK(store.greatest() == 3);
    CHECK(store.of_ranks({2})[0].value == Approx(2).epsilon(QuantileStore::bin_error));
    CHECK(store.unlike_the_most_frequent() == 2);
    store.drop_infinite();
    CHECK(store.size() == 3);
    QuantileStore none = store_of(counted, {infinity});
    CHECK(none.finite() == 0);
    CHECK(std::isnan(none.least()));
    CHECK(std::isnan(none.greatest()));
    CHECK(std::isnan(none.skewness()));
    CHECK(none.unlike_the_most_frequent() == 0);
  }
  CHECK_THROWS_AS(
      [] {
        QuantileStore one = store_of(true, {1});
        one.append(store_of(false, {1}));
      }(),
      std::logic_error);
}

TEST_CASE("the values unlike the most frequent one are counted exactly, or with a histogram not too many") {
  std::vector<double> values(1000, 2.0);
  for (int i = 0; i < 40; ++i) values.push_back(3 + i);
  values.push_back(2.0001);  // in the bin of 2
  CHECK(store_of(false, values).unlike_the_most_frequent() == 41);
  CHECK(store_of(true, values).unlike_the_most_frequent() == 40);
}

TEST_CASE(
    "histograms of parts, joined in their order, are packed to the same bytes however they were handed on") {
  const std::vector<double> values = many_values()[1];
  const auto part = [&](std::size_t first, std::size_t last) {
    return store_of(true, {values.begin() + static_cast<std::ptrdiff_t>(first),
                           values.begin() + static_cast<std::ptrdiff_t>(last)});
  };
  QuantileStore whole;
  std::uint64_t bytes = 0;
  for (std::size_t first = 0; first < values.size(); first += 1000) {
    Summary summary;
    summary.times = part(first, first + 1000);
    Packer out;
    pack(out, summary);
    bytes = std::max<std::uint64_t>(bytes, out.bytes.size());
    Unpacker in(out.bytes);
    const Summary again = unpack_summary(in);
    in.end();
    CHECK(again.times == summary.times);
    whole.append(again.times);
  }
  QuantileStore other;
  for (std::size_t first = 0; first < values.size(); first += 1000) other.append(part(first, first + 1000));
  CHECK(other == whole);
  CHECK(other.finite() == values.size());
  CHECK(other.histogram().mean == Approx(store_of(true, values).histogram().mean).epsilon(1e-13));
  CHECK(bytes <= 3000);  // of 1,000 times; kept they are 8,000
}

TEST_CASE("a histogram in a record that is cut or no histogram is malformed") {
  Summary summary;
  summary.times = store_of(true, {1, 2, 3, 1000});
  Packer out;
  pack(out, summary);
  const std::string bytes = out.bytes;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Unpacker in(std::string_view(bytes).substr(0, size));
    CHECK_THROWS_AS(unpack_summary(in), Malformed);
  }
  std::string wrong = bytes;
  wrong.back() = '\xff';  // says that more bytes follow
  Unpacker in(wrong);
  CHECK_THROWS_AS(unpack_summary(in), Malformed);
}

TEST_CASE("a run with a histogram has the means of one without, and quantiles within the stated error") {
  const Experiment experiment = experiment_of(5000);
  Keep kept, counted;
  for (const Tally which : all_tallies)
    kept.quantiles[which] = counted.quantiles[which] = which != Tally::time;
  counted.histogram = true;
  const std::vector<Row> exact = rows_of(experiment, kept), near = rows_of(experiment, counted, 2);
  REQUIRE(exact.size() == near.size());
  for (std::size_t r = 0; r < exact.size(); ++r) {
    CHECK(near[r].counted);
    CHECK_FALSE(exact[r].counted);
    for (const Tally which : all_tallies) {
      CHECK(exact[r][which].mean == near[r][which].mean);
      CHECK(exact[r][which].std_error == near[r][which].std_error);
    }
    CHECK(exact[r].min == near[r].min);
    CHECK(exact[r].max == near[r].max);
    CHECK(exact[r].trials_needed == near[r].trials_needed);
    const auto check = [](const QuantileEstimate& right, const QuantileEstimate& found) {
      CHECK(std::abs(found.value - right.value) <= QuantileStore::bin_error * right.value);
      CHECK(found.around.confidence.low <= right.around.confidence.low);
      CHECK(found.around.confidence.high >= right.around.confidence.high);
    };
    for (const RowQuantile& quantile : row_quantiles())
      check({exact[r].*quantile.value, exact[r].*quantile.around},
            {near[r].*quantile.value, near[r].*quantile.around});
    REQUIRE(exact[r].other_quantiles.size() == tally_count - 1);
    for (std::size_t t = 0; t < exact[r].other_quantiles.size(); ++t)
      for (std::size_t q = 0; q < 3; ++q)
        check(exact[r].other_quantiles[t].second[q], near[r].other_quantiles[t].second[q]);
  }
}

TEST_CASE("quantiles of other tallies are those of the trials, bytes in bytes") {
  const Experiment experiment = experiment_of(1500, R"(, "failure": {"probability": 0.3})");
  Keep keep;
  keep.quantiles[Tally::bytes_into_busiest] = true;
  const Row row = rows_of(experiment, keep)[1];
  REQUIRE(row.other_quantiles.size() == 1);
  CHECK(row.other_quantiles[0].first == Tally::bytes_into_busiest);
  const Block block = run_blocks(experiment.points[0], 0, 1500, 1)[1];
  std::vector<double> bytes;
  for (std::size_t trial = 0; trial < block.trials(); ++trial)
    if (block.complete(trial)) bytes.push_back(1000 * block[Tally::bytes_into_busiest][trial]);
  CHECK(bytes.size() == 1500 - row.incomplete.trials);
  CHECK(row.incomplete.trials > 0);
  for (std::size_t q = 0; q < 3; ++q)
    CHECK(row.other_quantiles[0].second[q].value == nearest_rank(bytes, row_quantiles()[q].share));
}
