// Uncoded computation with multi-message communication: by hand, against a kernel that finds the first copy
// of every partial gradient, the tolerance in whole numbers, and that what is left out is left out of the
// sum.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// In clusters of n, worker i computes and sends partitions i, i + 1, … (modulo n); `need` distinct ones of
/// all K.
auto first_copies(std::size_t n, std::size_t load, std::size_t need) {
  return [=](const DrawnTimes& times) {
    Counted tally;
    std::vector<double> earliest;
    std::vector<Sent> source;
    for (std::size_t partition = 0; partition < times.workers(); ++partition) {
      const std::size_t first = partition / n * n;
      double best = never;
      Sent by{};
      for (std::size_t j = 0; j < load; ++j) {
        const std::size_t w = first + (partition - first + n - j) % n;
        const double end = times.end(w, static_cast<double>(j + 1));
        if (end < best) {
          best = end;
          by = {static_cast<NodeId>(w + 1), static_cast<std::uint32_t>(j)};
        }
      }
      earliest.push_back(best);
      source.push_back(by);
    }
    tally.time = kth_smallest(earliest, need);
    for (std::size_t partition = 0; partition < earliest.size(); ++partition)
      if (earliest[partition] <= tally.time) tally.useful.insert(source[partition]);
    std::vector<int> work(load);
    std::iota(work.begin(), work.end(), 1);
    count(tally, times, work, std::vector<int>(load, 1));
    return tally;
  };
}

}  // namespace

TEST_CASE("uc-mmc: the first copy of each partial gradient counts") {
  const auto scheme = scheme_of(3, R"({"scheme": "uc-mmc", "load": 2})");
  Workspace workspace;
  const RoundResult result = run_round(scheme->next_round({}), Times({1, 1.5, 10}), workspace);
  CHECK(result[Tally::time] == 3);  // B1 at 1, B2 at 1.5, B2 again at 2, B3 at 3
  CHECK(result[Tally::messages] == 4);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::work] == 4);
  CHECK(result[Tally::wasted] == 1);
  CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {2, 0}, {2, 1}});
}

TEST_CASE("uc-mmc in clusters: a worker goes round its own cluster's mini-batches") {
  const auto scheme = scheme_of(4, R"({"scheme": "uc-mmc", "load": 2, "clusters": 2})");
  Workspace workspace;
  // Worker 2 sends B2 at 3 and worker 1 has done so at 2; worker 4 sends B4 at 2, B3 at 4.
  const RoundResult result = run_round(scheme->next_round({}), Times({1, 3, 9, 2}), workspace);
  CHECK(result[Tally::time] == 4);
  CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {1, 1}, {4, 0}, {4, 1}});
  CHECK(result[Tally::messages] == 5);
  CHECK(scheme->codebook().contents(2, 1) == std::vector<std::size_t>{0});
  CHECK(scheme->codebook().contents(4, 1) == std::vector<std::size_t>{2});
}

TEST_CASE("uc-mmc with a tolerance: K - floor(q K) partial gradients are enough, whatever q is in binary") {
  const auto need = [](int workers, double tolerance) {
    const auto scheme =
        scheme_of(workers, fmt::format(R"({{"scheme": "uc-mmc", "load": 2, "tolerance": {}}})", tolerance));
    return scheme->next_round({}).goal().need;
  };
  CHECK(need(40, 0) == 40);
  CHECK(need(40, 0.15) == 34);
  CHECK(need(40, 0.3) == 28);
  CHECK(need(100, 0.29) == 71);  // 0.29 · 100 is 28.999999999999996 in doubles
  CHECK(need(10, 0.7) == 3);     // 0.7 · 10 is 7 in doubles, 0.7 is below seven tenths
  CHECK(need(10, 0.09) == 10);
  CHECK(need(10, 0.99) == 1);

  const auto scheme = scheme_of(3, R"({"scheme": "uc-mmc", "load": 2, "tolerance": 0.4})");
  Workspace workspace;
  const RoundResult result = run_round(scheme->next_round({}), Times({1, 1.5, 10}), workspace);
  CHECK(result[Tally::time] == 1.5);
  CHECK(result[Tally::messages] == 2);
}

TEST_CASE("uc-mmc: every trial is what the first copies give, with clusters, tolerance and all scalings") {
  for (const Scaling scaling : all_scalings) {
    const Point point = point_of(12,
                                 {R"({"scheme": "uc-mmc", "load": 4})", R"({"scheme": "uc-mmc", "load": 12})",
                                  R"({"scheme": "uc-mmc", "load": 3, "clusters": 3})",
                                  R"({"scheme": "uc-mmc", "load": 4, "tolerance": 0.25})",
                                  R"({"scheme": "uc-mmc", "load": 3, "clusters": 4, "tolerance": 0.17})",
                                  R"({"scheme": "uc-mmc", "load": 1})"},
                                 scaling);
    compare(point, 0, 2000, first_copies(12, 4, 12));
    compare(point, 1, 1000, first_copies(12, 12, 12));
    compare(point, 2, 2000, first_copies(4, 3, 12));
    compare(point, 3, 2000, first_copies(12, 4, 9));
    compare(point, 4, 2000, first_copies(3, 3, 10));
    compare(point, 5, 500, first_copies(12, 1, 12));
  }
}

TEST_CASE("uc-mmc with load K and one cluster's minimum: the mean time of two workers in closed form") {
  // K = 2, load 2: worker i sends its own at x_i and the other's at 2·x_i, so T = min(max, 2·min).
  // With E1 <= E2 the spacings of two exponentials are E(2µ) and E(µ), independent: T − a = A + min(B, A + a)
  // for A ~ E(2µ), B ~ E(µ), and E min(B, A + a) = (1 − e^{−µa}·2µ/(2µ + µ))/µ.
  const Point point = point_of(2, {R"({"scheme": "uc-mmc", "load": 2})"});
  const Moments found = simulate(point, 0, 20000)[Tally::time];
  const double mean = shift + 1 / (2 * rate) + (1 - std::exp(-rate * shift) * 2.0 / 3) / rate;
  const Estimate time = estimate(found);
  CAPTURE(time.mean, time.std_error, mean);  // standard error 0.0004
  CHECK(std::abs(z_score(time, mean)) < 4.5);
  CHECK(std::abs(z_score(time, shift + 1.5 / rate)) > 20);    // were every worker to send one message
  CHECK(std::abs(z_score(time, 2 * shift + 1 / rate)) > 20);  // were the fastest to send all
}

TEST_CASE("uc-mmc: with a tolerance need partial gradients are enough and one less is not") {
  const auto scheme = scheme_of(5, R"({"scheme": "uc-mmc", "load": 2, "tolerance": 0.4})");
  Prover prover(*scheme);  // any three of five
  const std::vector<Sent> all = all_messages(5, 1);
  for_each_subset(all, 3, [&](const std::vector<Sent>& some) { CHECK(prover.decodes(some)); });
  for_each_subset(all, 2, [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(some)); });
  const auto exact = scheme_of(5, R"({"scheme": "uc-mmc", "load": 2})");
  Prover all_needed(*exact);
  CHECK(all_needed.decodes({{1, 0}, {1, 1}, {3, 0}, {3, 1}, {5, 0}}));
  for_each_subset(all, 4, [&](const std::vector<Sent>& some) { CHECK_FALSE(all_needed.decodes(some)); });
}
