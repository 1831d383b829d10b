// straggle-mpi: straggle, with the processes of an MPI job as helpers. Rank 0 is the program and keeps the
// journal; the others wait for experiments and run the portions that rank 0 deals out as they ask. What comes
// out does not depend on how many there are.
#include <mpi.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "sim/base/error.h"
#include "sim/commands/campaign.h"
#include "sim/commands/program.h"
#include "sim/run/packing.h"
#include "sim/run/runner.h"

namespace straggle {
namespace {

// A message: what it is about, and the rest as a Packer has packed it.
enum Request : std::uint64_t { quit = 0, experiment = 1, portion = 2 };
enum Answer : std::uint64_t { blocks = 0, mistake = 1, failure = 2 };
constexpr int tag = 1;

/// Waits without keeping a core busy: more ranks than cores are no harm.
void wait_for(MPI_Request& request) {
  int done = 0;
  for (int polls = 0;; ++polls) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done != 0) return;
    if (polls > 50) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void send(int rank, const std::string& bytes) {
  const auto size = static_cast<std::uint64_t>(bytes.size());
  if (size > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
    throw std::length_error("a message between processes has more than two gigabytes");
  MPI_Request request{};
  MPI_Isend(bytes.data(), static_cast<int>(size), MPI_BYTE, rank, tag, MPI_COMM_WORLD, &request);
  wait_for(request);
}

std::string receive(int rank) {
  int there = 0;
  MPI_Status status{};
  for (int polls = 0; there == 0; ++polls) {
    MPI_Iprobe(rank, tag, MPI_COMM_WORLD, &there, &status);
    if (there == 0 && polls > 50) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  int size = 0;
  MPI_Get_count(&status, MPI_BYTE, &size);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  MPI_Request request{};
  MPI_Irecv(bytes.data(), size, MPI_BYTE, rank, tag, MPI_COMM_WORLD, &request);
  wait_for(request);
  return bytes;
}

/// Another rank, as rank 0 sees it.
class Rank final : public Helper {
 public:
  explicit Rank(int rank) : rank_(rank) {}
  ~Rank() override {
    Packer out;
    out.number(quit);
    send(rank_, out.bytes);
  }

  void begin(const Experiment& about) {
    experiment_ = &about;
    Packer out;
    out.number(experiment);
    out.text(about.file);
    out.text(about.resolved.dump());
    send(rank_, out.bytes);
  }

  void begin(const std::vector<const Point*>& points, Keep keep) override {
    for (std::size_t point = 0; point < points.size(); ++point)
      if (points[point] != &experiment_->points.at(point))
        throw std::logic_error("the other ranks have another experiment");
    keep_ = keep;
  }

  std::vector<Block> run(std::size_t point, std::uint64_t first, std::uint64_t last) override {
    Packer out;
    for (const std::uint64_t value : {std::uint64_t{portion}, std::uint64_t{point}, first, last})
      out.number(value);
    out.number(keep_.critical ? 1 : 0);
    send(rank_, out.bytes);
    const std::string bytes = receive(rank_);
    Unpacker in(bytes);
    const std::uint64_t answer = in.number();
    if (answer == mistake) throw ConfigError(in.text());
    if (answer == failure) throw std::runtime_error(in.text());
    std::vector<Block> result(experiment_->points[point].schemes.size());
    for (Block& block : result) block = unpack_block(in);
    return result;
  }

 private:
  int rank_;
  const Experiment* experiment_ = nullptr;
  Keep keep_;
};

/// What the others do until rank 0 has nothing more for them.
void serve() {
  // They are stopped by rank 0, which puts away first what is finished.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  std::optional<Experiment> current;
  std::unique_ptr<BlockRunner> runner;
  std::string mistaken;  // why the experiment could not be read here
  std::pair<std::uint64_t, std::uint64_t> runs;
  for (;;) {
    const std::string bytes = receive(0);
    Unpacker in(bytes);
    const std::uint64_t request = in.number();
    if (request == quit) return;
    if (request == experiment) {
      runner.reset();
      mistaken.clear();
      try {
        const std::string file = in.text();
        current = read_experiment(Json::parse(in.text()), file);
      } catch (const std::exception& error) {
        mistaken = error.what();
      }
      continue;
    }
    const std::uint64_t point = in.number(), first = in.number(), last = in.number(), critical = in.number();
    Packer out;
    try {
      if (!mistaken.empty()) throw ConfigError(mistaken);
      if (!runner || runs != std::pair(point, critical))
        runner = std::make_unique<BlockRunner>(current->points.at(point), Keep{.critical = critical == 1});
      runs = {point, critical};
      const std::vector<Block> result = runner->run(first, last);
      out.number(blocks);
      for (const Block& block : result) pack(out, block);
    } catch (const ConfigError& error) {
      out.number(mistake);
      out.text(error.what());
    } catch (const std::exception& error) {
      out.number(failure);
      out.text(error.what());
    }
    send(0, out.bytes);
  }
}

int run_as_rank_0(int ranks, const std::vector<std::string>& words) {
  std::vector<std::unique_ptr<Rank>> others;
  HelpersOfProcess& helpers = helpers_of_process();
  for (int rank = 1; rank < ranks; ++rank) {
    others.push_back(std::make_unique<Rank>(rank));
    helpers.helpers.push_back(others.back().get());
  }
  helpers.begin = [&](const Experiment& about) {
    for (const auto& other : others) other->begin(about);
  };
  return run_and_report(words);
}

}  // namespace
}  // namespace straggle

int main(int count, char** words) {
  int provided = 0;
  MPI_Init_thread(&count, &words, MPI_THREAD_MULTIPLE, &provided);
  int rank = 0, ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  int code = 0;
  if (provided < MPI_THREAD_MULTIPLE) {
    if (rank == 0) std::cerr << "straggle-mpi: this MPI does not let several threads of a process use it\n";
    code = 2;
  } else if (rank == 0) {
    code = straggle::run_as_rank_0(ranks, {words + 1, words + count});
  } else {
    straggle::serve();
  }
  MPI_Finalize();
  return code;
}
