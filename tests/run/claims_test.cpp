// Claims: what passes and what does not, ratios trial by trial, and a ledger's mistakes.
#include "sim/run/claims.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "sim/run/campaign.h"
#include "tests/temporary_folder.h"

using namespace straggle;

namespace {

Claim claim_of(double value, double within, Range says, Finding verdict) {
  Claim claim;
  claim.value = value;
  claim.within = within;
  claim.says = says;
  claim.verdict = verdict;
  return claim;
}

const Json configuration = Json::parse(R"({
  "trials": 400, "workers": 6,
  "compute": {"model": "shifted-exponential", "shift": 0.1, "rate": 2},
  "schemes": [{"scheme": "gc", "load": 3, "label": "GC"},
              {"scheme": "gc", "load": 3, "code": "fractional-repetition", "label": "repetition"}],
  "sweep": [{"path": "/compute/rate", "values": [1, 2]}]
})");

/// A folder with the configuration, and a ledger in it.
class Folder {
 public:
  Folder() { std::ofstream(folder_.path / "one.json") << configuration; }

  ClaimLedger read(const Json& claims) const {
    return read_claims({{"papers", {{"paper", "A paper"}}}, {"claims", claims}},
                       (folder_.path / "claims.json").string());
  }

 private:
  TemporaryFolder folder_;
};

Json row(const std::string& sentence, const Json& changes = Json::object()) {
  Json claim = {{"paper", "paper"},
                {"where", "I"},
                {"claim", sentence},
                {"verdict", "reproduced"},
                {"configuration", "one.json"},
                {"scheme", "GC"},
                {"at", {{"/compute/rate", 2}}},
                {"metric", "messages"},
                {"value", 4},
                {"source", "K - r + 1"}};
  for (const auto& [key, value] : changes.items())
    if (value.is_null())
      claim.erase(key);
    else
      claim[key] = value;
  return claim;
}

std::string mistakes_of(const Folder& folder, const Json& claims) {
  try {
    folder.read(claims);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE(
    "a claim passes at its number and fails where the number is changed by 5 %, whatever its tolerance") {
  for (const double found : {1.0, 0.0731, 1413.0, -2.5}) {
    for (const double within : {0.0, 1e-6, 0.005, 0.01, 0.02}) {
      // The number stated may itself be off by all of the tolerance.
      for (const double off : {-within, 0.0, within}) {
        const double value = found / (1 + off);
        CHECK(judge(claim_of(value, within, {}, Finding::reproduced), found, 0).pass);
        for (const double changed : {0.95 * value, 1.05 * value})
          CHECK_FALSE(judge(claim_of(changed, within, {}, Finding::reproduced), found, 0).pass);
      }
    }
  }
}

TEST_CASE(
    "the verdict of a claim is what its number says of the sentence, four standard errors to either side") {
  const Range below_one{.high = 1};
  CHECK(judge(claim_of(0.9, 0.02, below_one, Finding::reproduced), 0.9, 0.001).verdict ==
        Finding::reproduced);
  CHECK(judge(claim_of(1.1, 0.02, below_one, Finding::refuted), 1.1, 0.001).verdict == Finding::refuted);
  CHECK(judge(claim_of(0.99, 0.02, below_one, Finding::reproduced), 0.999, 0.001).verdict ==
        Finding::undetermined);
  // An equality that rounding disturbs.
  CHECK(judge(claim_of(1, 0.01, below_one, Finding::reproduced), 1 + 1e-15, 0).pass);

  SECTION("a verdict that the number does not bear out fails, and says what it would be") {
    const ClaimResult result = judge(claim_of(1.1, 0.02, below_one, Finding::reproduced), 1.1, 0.001);
    CHECK_FALSE(result.pass);
    CHECK(result.problem == "the number says refuted");
  }
  SECTION("undetermined is always allowed, but the number has to come out") {
    CHECK(judge(claim_of(1.1, 0.02, below_one, Finding::undetermined), 1.1, 0).pass);
    CHECK_FALSE(judge(claim_of(1.1, 0.02, below_one, Finding::undetermined), 1.2, 0).pass);
  }
}

TEST_CASE("a claim whose trials do not tell its number to the tolerance fails, however near it is") {
  const Range any{};
  CHECK(judge(claim_of(1, 0.02, any, Finding::reproduced), 1, 0.0049).pass);
  CHECK_FALSE(judge(claim_of(1, 0.02, any, Finding::reproduced), 1, 0.0051).pass);
  CHECK_FALSE(judge(claim_of(1, 0.02, any, Finding::reproduced), std::nan(""), 0).pass);
  CHECK_FALSE(judge(claim_of(1, 0.02, any, Finding::reproduced), 1, std::nan("")).pass);
}

TEST_CASE("claims compare schemes and points trial by trial, and run a configuration once") {
  const Folder folder;
  const Json over_repetition = {{"metric", "time"}, {"over", {{"scheme", "repetition"}}}};
  Json least = over_repetition, greatest = over_repetition;
  least["statistic"] = "minimum";
  greatest["statistic"] = "maximum";
  const ClaimLedger ledger = folder.read(Json::array(
      {row("messages"), row("ratio", over_repetition), row("least", least), row("greatest", greatest),
       row("points", {{"metric", "time"}, {"over", {{"at", {{"/compute/rate", 1}}}}}}),
       row("changed", {{"set", {{"/trials", 500}}}})}));
  CHECK(ledger.experiments.size() == 2);  // the last one is another
  CHECK(trials_of(ledger) == 400 + 400 + 500);
  CHECK(number_text(ledger, ledger.claims[3]) == "greatest time: GC / repetition");
  CHECK(place_text(ledger, ledger.claims[4]) == "/compute/rate = 2 / /compute/rate = 1");

  // By hand from the trials' own records.
  const Experiment& experiment = ledger.experiments[0];
  std::vector<std::vector<Block>> results;
  for (const Point& point : experiment.points) results.push_back(run_blocks(point, 0, point.trials, 1));
  double gc = 0, repetition = 0, other = 0, low = 1e9, high = 0;
  for (std::size_t trial = 0; trial < 400; ++trial) {
    const double a = results[1][0][Tally::time][trial], b = results[1][1][Tally::time][trial];
    gc += a;
    repetition += b;
    other += results[0][0][Tally::time][trial];
    low = std::min(low, a / b);
    high = std::max(high, a / b);
  }
  double residuals = 0;
  for (std::size_t trial = 0; trial < 400; ++trial)
    residuals +=
        std::pow(results[1][0][Tally::time][trial] - gc / repetition * results[1][1][Tally::time][trial], 2);
  for (const unsigned threads : {1u, 3u}) {
    const std::vector<ClaimResult> found = check_claims(ledger, threads);
    REQUIRE(found.size() == 6);
    CHECK(found[0].pass);
    CHECK(found[0].found == 4);
    CHECK(found[1].found == Approx(gc / repetition).epsilon(1e-12));
    // The delta method on paired trials: the standard deviation of a - (ratio) b over sqrt(n) mean(b).
    CHECK(found[1].std_error == Approx(std::sqrt(residuals / 399 / 400) / (repetition / 400)).epsilon(1e-9));
    CHECK(found[2].found == low);
    CHECK(found[3].found == high);
    CHECK(low >= 1);  // any K - r + 1 workers contain one of each group
    CHECK(found[4].found == Approx(gc / other).epsilon(1e-12));
    CHECK(found[5].found == 4);
  }
}

TEST_CASE("a ledger of claims names its mistakes, where they are and what would be right") {
  const Folder folder;
  const auto says = [&](const Json& changes) {
    return mistakes_of(folder, Json::array({row("one", changes)}));
  };
  CHECK(says(Json::object()).empty());
  CHECK_THAT(says({{"within", 0.03}}), Catch::Contains("/claims/0/within") && Catch::Contains("0.02"));
  CHECK_THAT(says({{"value", 0}}), Catch::Contains("must not be 0"));
  CHECK_THAT(says({{"verdict", "true"}}), Catch::Contains(R"("reproduced", "refuted" or "undetermined")"));
  CHECK_THAT(says({{"verdict", "undetermined"}}), Catch::Contains("/claims/0/why"));
  CHECK_THAT(says({{"paper", "pape"}}), Catch::Contains("did you mean \"paper\"?"));
  CHECK_THAT(says({{"scheme", "GD"}}), Catch::Contains("did you mean \"GC\"?"));
  CHECK_THAT(says({{"metric", "speedup"}}), Catch::Contains("/claims/0/metric"));
  CHECK_THAT(says({{"metric", "bytes_in_all"}}), Catch::Contains("\"gradient\""));
  CHECK_THAT(says({{"at", Json::object()}}), Catch::Contains("exactly one point"));
  CHECK_THAT(says({{"at", {{"/workers", 6}}}}), Catch::Contains("which is not swept"));
  CHECK_THAT(says({{"configuration", "two.json"}}), Catch::Contains("/claims/0/configuration"));
  CHECK_THAT(says({{"set", {{"/schemes/5/load", 2}}}}), Catch::Contains("leads nowhere"));
  CHECK_THAT(says({{"set", "trials=5"}}), Catch::Contains("must be an object"));
  CHECK_THAT(says({{"says", Json::object()}}), Catch::Contains("at_least"));
  CHECK_THAT(says({{"says", {{"about", 4}}}}), Catch::Contains("/claims/0/says/within"));
  CHECK_THAT(says({{"says", {{"at_least", 2}, {"at_most", 1}}}}), Catch::Contains("/claims/0/says/at_most"));
  CHECK_THAT(says({{"over", {{"scheme", "GC"}, {"at", Json::object()}}}}),
             Catch::Contains("/claims/0/over/at"));
  CHECK_THAT(says({{"clame", 1}}), Catch::Contains("did you mean \"claim\"?"));
  CHECK_THAT(says({{"source", nullptr}}), Catch::Contains("/claims/0/source"));
  CHECK_THAT(mistakes_of(folder, Json::array({row("one"), row("one")})),
             Catch::Contains("/claims/1/claim") && Catch::Contains("a second time"));
  CHECK_THAT(mistakes_of(folder, Json::array()), Catch::Contains("/claims"));
}
