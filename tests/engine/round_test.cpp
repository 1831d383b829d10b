// Rounds by hand: programs of two or three workers with times that can be checked on paper.
#include "sim/engine/round.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace straggle;

namespace {

/// Server-dependent conditions: worker i takes x[i] seconds a mini-batch.
struct Times {
  std::vector<double> offset, slope;
  explicit Times(std::vector<double> x) : offset(x.size(), 0), slope(std::move(x)) {}
  operator Conditions() const { return {.offset = offset, .slope = slope, .workers = slope.size()}; }
};

using Fate = Arrival::Fate;

}  // namespace

TEST_CASE("any two of three workers: the second to finish completes the round") {
  Program program({.need = 2, .full = {2}});
  for (int w = 0; w < 3; ++w) program.add({{.work = 2, .covers = 2}});
  Workspace workspace;
  const RoundResult result = run_round(program, Times({3, 1, 2}), workspace);
  CHECK(result.complete);
  CHECK(result[Tally::time] == 4);  // worker 2 at 2, worker 3 at 4, worker 1 at 6
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::useful_messages] == 2);
  CHECK(result[Tally::work] == 1 + 2 + 2);  // worker 1 has finished one mini-batch at 3
  CHECK(result[Tally::wasted] == 1);
  REQUIRE(result.taken.size() == 2);
  CHECK(result.taken[0].from == 2);
  CHECK(result.taken[1].from == 3);
}

TEST_CASE("messages of the instant of completion are received but not useful") {
  Program program({.need = 1, .full = {1}});
  for (int w = 0; w < 3; ++w) program.add({{.work = 1, .covers = 1}});
  Workspace workspace;
  workspace.keep_all = true;
  const RoundResult result = run_round(program, Times({1, 1, 2}), workspace);
  CHECK(result[Tally::time] == 1);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::useful_messages] == 1);
  CHECK(result.taken[0].from == 1);  // ties go to the smaller node
  REQUIRE(workspace.all().size() == 2);
  CHECK(workspace.all()[1].fate == Fate::late);
  CHECK(result[Tally::work] == 2);
  CHECK(result[Tally::wasted] == 1);
}

TEST_CASE("a second copy of an item and a message to a full group are received but not useful") {
  // Two groups of one worker's worth each; items 0 and 1 are in group 0, item 2 in group 1.
  Program program({.need = 2, .full = {1, 1}, .items = 3});
  program.add(
      {{.work = 1, .covers = 1, .item = 0, .group = 0}, {.work = 1, .covers = 1, .item = 1, .group = 0}});
  program.add(
      {{.work = 1, .covers = 1, .item = 0, .group = 0}, {.work = 9, .covers = 9, .item = 2, .group = 1}});
  Workspace workspace;
  workspace.keep_all = true;
  const RoundResult result = run_round(program, Times({1, 1.5}), workspace);
  REQUIRE(workspace.all().size() == 4);
  CHECK(workspace.all()[0].fate == Fate::useful);      // 1.0: item 0
  CHECK(workspace.all()[1].fate == Fate::group_full);  // 1.5: item 0 again, but the group is already full
  CHECK(workspace.all()[2].fate == Fate::group_full);  // 2.0: item 1
  CHECK(workspace.all()[3].fate == Fate::useful);
  CHECK(result[Tally::time] == 15);
  CHECK(result[Tally::messages] == 4);
  CHECK(result[Tally::work] == 2 + 10);
  CHECK(result[Tally::wasted] == 2);  // the second mini-batch of worker 1, the first of worker 2

  Program roomy({.need = 3, .full = {2, 1}, .items = 3});
  roomy.add({{.work = 1, .covers = 1, .item = 0}, {.work = 2, .covers = 1, .item = 1}});
  roomy.add({{.work = 1, .covers = 1, .item = 0}, {.work = 9, .covers = 9, .item = 2, .group = 1}});
  run_round(roomy, Times({1, 1.5}), workspace);
  CHECK(workspace.all()[1].fate == Fate::duplicate);
}

TEST_CASE("a heavy message counts for no more than the room left in its group") {
  Program program({.need = 4, .full = {3, 1}});
  program.add({{.work = 1, .covers = 1, .group = 0}, {.work = 1, .covers = 2, .group = 0, .weight = 3}});
  program.add({{.work = 5, .covers = 5, .group = 1}});
  Workspace workspace;
  const RoundResult result = run_round(program, Times({1, 1}), workspace);
  CHECK(result[Tally::time] == 5);  // 1 + min(3, 2) fill group 0; they must not pay for group 1
  CHECK(result[Tally::useful_messages] == 3);
}

TEST_CASE("waste counts what no useful message covers, with overlapping messages counted once") {
  // Windows [0,2], [1,3], [2,4] of one worker's four mini-batches.
  Program program({.need = 2, .full = {2}, .items = 4});
  program.add({{.work = 2, .covers = 2, .item = 0},
               {.work = 1, .covers = 2, .item = 1},
               {.work = 1, .covers = 2, .item = 2}});
  program.add({{.work = 3, .covers = 3, .item = 1}});
  Workspace workspace;
  // Worker 2 sends item 1 at 0.3; worker 1 sends item 0 at 2: complete. Worker 1's two mini-batches are
  // covered.
  RoundResult result = run_round(program, Times({1, 0.1}), workspace);
  CHECK(result[Tally::time] == 2);
  CHECK(result[Tally::work] == 5);
  CHECK(result[Tally::wasted] == 0);
  // Alone, worker 1 sends items 0 and 1: three mini-batches, all covered, the second of them twice.
  result = run_round(program, Times({1, 100}), workspace);
  CHECK(result[Tally::time] == 3);
  CHECK(result[Tally::work] == 3);
  CHECK(result[Tally::wasted] == 0);
}

TEST_CASE("a goal that cannot be reached ends the round incomplete") {
  Program program({.need = 2, .full = {2}});
  program.add({{.work = 1, .covers = 1}});
  program.add({{.work = 1, .covers = 1}});
  Workspace workspace;
  const RoundResult result =
      run_round(program, Times({1, std::numeric_limits<double>::infinity()}), workspace);
  CHECK_FALSE(result.complete);
  CHECK(result[Tally::messages] == 1);
}

TEST_CASE("data-dependent conditions shift by the load, additive ones sum the draws") {
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 2.5, .covers = 2.5}});
  Workspace workspace;
  const std::vector<double> x = {3}, c = {0.5};
  RoundResult result = run_round(program, {.offset = x, .slope = c, .workers = 1}, workspace);
  CHECK(result[Tally::time] == 3 + 2.5 * 0.5);
  CHECK(result[Tally::work] == 2.5);
  const std::vector<double> prefix = {0, 1, 3, 7};  // draws 1, 2, 4
  const std::vector<double> at_once = {0};
  result = run_round(program, {.offset = at_once, .prefix = prefix, .workers = 1}, workspace);
  CHECK(result[Tally::time] == 3 + 0.5 * 4);
  CHECK(result[Tally::work] == 2.5);
}

TEST_CASE("a fractional step counts its whole mini-batches one by one and the rest when it ends") {
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 0.8, .covers = 0.8}});
  program.add({{.work = 0.6, .covers = 0.6}, {.work = 2.2, .covers = 2.2}});
  Workspace workspace;
  // Worker 1 ends at 8. Worker 2 takes 4 a mini-batch: 0.6 by 2.4, 1.6 by 6.4, 2.6 only by 10.4.
  RoundResult result = run_round(program, Times({10, 10}), workspace);
  CHECK(result[Tally::time] == 6);
  CHECK(result[Tally::work] == Approx(0.6));
  Program later({.need = 1, .full = {1}});
  later.add({{.work = 0.8, .covers = 0.8}});
  later.add({{.work = 2.8, .covers = 2.8}});
  result = run_round(later, Times({10, 4}), workspace);
  CHECK(result[Tally::time] == 8);
  CHECK(result[Tally::work] == Approx(0.8 + 2));
}

TEST_CASE("work done is decided by the same product as arrivals, at every load") {
  // 0.1 and its kin are no binary fractions: a quotient alone would lose or gain a mini-batch.
  Workspace workspace;
  for (int load = 1; load <= 200; ++load) {
    for (const double x : {0.1, 0.3, 1.0 / 3, 0.7, 1e-3, 123.456}) {
      Program program({.need = 1, .full = {1}});
      program.add({{.work = double(load), .covers = double(load)}});
      program.add({{.work = 1000, .covers = 1000}});
      const RoundResult result = run_round(program, Times({x, x}), workspace);
      CHECK(result[Tally::work] == 2 * load);
    }
  }
}

TEST_CASE("a workspace can go from large programs to small ones and back") {
  Workspace workspace;
  const auto any = [&](std::uint32_t workers, std::uint32_t need) {
    Program program({.need = need, .full = {need}, .items = workers});
    std::vector<double> x;
    for (std::uint32_t w = 0; w < workers; ++w) {
      program.add({{.work = 1, .covers = 1, .item = w}});
      x.push_back(w + 1);
    }
    return run_round(program, Times(x), workspace)[Tally::time];
  };
  CHECK(any(100, 60) == 60);
  CHECK(any(3, 3) == 3);
  CHECK(any(1, 1) == 1);
  CHECK(any(100, 100) == 100);
}

TEST_CASE("a program refuses steps its goal does not know") {
  Program program({.need = 1, .full = {1}, .items = 2});
  CHECK_THROWS_AS(program.add({{.work = 1, .item = 2}}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = 1, .group = 1}}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = -1}}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = 1, .covers = 2}}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = 1, .weight = 0}}), std::logic_error);
}
