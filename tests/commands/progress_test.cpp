// The progress line: what it says of a point, of verification and of a trial that takes long.
#include <catch2/catch.hpp>

#include "sim/commands/progress.h"

using namespace straggle;

TEST_CASE("the progress line says how far it is, what it does, and moves inside a long trial") {
  Point point;
  point.trials = 1000;
  CHECK(progress_line(0, 3, 0, nullptr, 0, 0) == "  0 %, 3 s");
  CHECK(progress_line(0.25, 10, 250, &point, 100, 0) == " 25 %, 30 s left; trial 250 of 1000");
  CHECK(progress_line(0.08, 8, 80, &point, 100, 0) == "  8 %, 92 s left; verifying, trial 80 of 1000");
  CHECK(progress_line(0, 12, 0, &point, 0, 12) ==
        "  0 %, 12 s; trial 0 of 1000, the next ones have taken 12 s so far");
  CHECK(progress_line(1, 12, 1000, &point, 100, 5) == "100 %, 0 s left; comparing with theory");
  point.axes = {{"/workers", 5}};
  point.index = 3;
  CHECK(progress_line(0.5, 1, 500, &point, 0, 0) == " 50 %, 1 s left; point 3; trial 500 of 1000");
}

TEST_CASE(
    "a terminal shows the heading, the last rows that fit and the progress line, drawn over what was there") {
  const std::string table = "scheme  time\na        1\nb        2\nc        3\n";
  std::size_t above = 0;
  CHECK(live_picture(table, " 10 %", 20, 24, above) ==
        "\r\x1b[Jscheme  time\na        1\nb        2\nc        3\n 10 %");
  CHECK(above == 4);
  CHECK(live_picture(table, " 20 %", 20, 5, above) ==
        "\r\x1b[4A\x1b[Jscheme  time\nb        2\nc        3\n 20 %");
  CHECK(above == 3);
  CHECK(live_picture(table, " 30 % of what there is", 11, 3, above) ==
        "\r\x1b[3A\x1b[J 30 % o...");  // no room for rows
  CHECK(above == 0);
  CHECK(live_picture(table, "", 10, 24, above) == "\r\x1b[Jscheme ...\na        1\nb        2\nc        3\n");
  CHECK(live_picture("", "", 80, 24, above) == "\r\x1b[4A\x1b[J");  // nothing stays
  CHECK(above == 0);
}
