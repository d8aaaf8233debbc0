#include "manifest_mode.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "affinity.h"
#include "json.h"
#include "loaded_net.h"
#include "refusal.h"
#include "threads.h"

namespace speed_benchmark {
namespace {

constexpr int64_t kMostRepeats = 1000000;

int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{1000000000} * t.tv_sec + t.tv_nsec;
}

// The order of one pass. Written out, because std::shuffle differs between standard libraries and a seed
// must mean the same order on every machine.
std::vector<size_t> draw_order(size_t count, uint64_t seed, int64_t pass) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  uint64_t state = seed + static_cast<uint64_t>(pass) * 0xD1B54A32D192ED03u;
  const auto next = [&state] {  // splitmix64
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  };
  for (size_t left = count; left > 1; --left) std::swap(order[left - 1], order[next() % left]);
  return order;
}

struct Timing {
  std::vector<int64_t> warmup_ns, samples_ns;
  int64_t repeats = 1;
  int64_t engine_ns = 0;
};

// Every vector has its room before the first run: nothing but the runs happens between two readings of
// the clock, and next to nothing between two samples.
Timing time_net(LoadedNet* net, const Options& options) {
  Timing timing;
  timing.warmup_ns.assign(static_cast<size_t>(options.warmup), 0);
  timing.samples_ns.assign(static_cast<size_t>(options.iter), 0);
  run_stage("warmup", [&] {
    for (int64_t& sample : timing.warmup_ns) {
      const int64_t start = now_ns();
      net->run_once();
      sample = now_ns() - start;
      timing.engine_ns += sample;
    }
  });
  const double enough_ns = options.min_sample_us * 1000;
  if (enough_ns > 0) {
    const int64_t one = std::max<int64_t>(1, *std::min_element(timing.warmup_ns.begin(), timing.warmup_ns.end()));
    const auto wanted = static_cast<int64_t>(std::min(enough_ns / static_cast<double>(one), 1e9)) + 1;
    if (static_cast<double>(one) < enough_ns) timing.repeats = std::min(wanted, kMostRepeats);
  }
  run_stage("run", [&] {
    const int64_t repeats = timing.repeats;
    for (int64_t& sample : timing.samples_ns) {
      const int64_t start = now_ns();
      for (int64_t i = 0; i < repeats; ++i) net->run_once();
      const int64_t total = now_ns() - start;
      sample = total / repeats;
      timing.engine_ns += total;
    }
  });
  return timing;
}

class Run {
 public:
  Run(const Options& options, std::vector<ManifestNet> nets, int out)
      : options_(options), nets_(std::move(nets)), loaded_(nets_.size()), failed_(nets_.size()), out_(out) {}

  void all_passes() {
    for (int64_t pass = 0; pass < options_.passes; ++pass) {
      std::vector<size_t> order(nets_.size());
      std::iota(order.begin(), order.end(), size_t{0});
      if (options_.shuffled) order = draw_order(nets_.size(), options_.seed, pass);
      for (const size_t index : order) {
        if (!failed_[index]) visit(index, pass);
      }
    }
  }

  int64_t engine_ns() const { return engine_ns_; }
  int64_t load_ns() const { return load_ns_; }

 private:
  void visit(size_t index, int64_t pass) {
    const std::string& id = nets_[index].id;
    try {
      const int64_t load_ns = loaded_[index] ? 0 : load(index);
      JsonLine("begin").text("id", id).number("pass", pass).write_to(out_);
      const int64_t khz_before = clock_.khz();
      const Timing timing = time_net(loaded_[index].get(), options_);
      const int64_t khz_after = clock_.khz();
      engine_ns_ += timing.engine_ns;
      JsonLine("net")
          .text("id", id)
          .number("pass", pass)
          .raw("warmup_ns", json_numbers(timing.warmup_ns))
          .raw("samples_ns", json_numbers(timing.samples_ns))
          .number("repeats", timing.repeats)
          .raw("outputs", loaded_[index]->outputs_json())
          .known("khz_before", khz_before)
          .known("khz_after", khz_after)
          .number("load_ns", load_ns)
          .number("engine_ns", timing.engine_ns)
          .write_to(out_);
    } catch (const NetError& error) {
      failed_[index] = true;
      loaded_[index].reset();
      JsonLine("error")
          .text("id", id)
          .number("pass", pass)
          .text("stage", error.stage)
          .text("message", error.what())
          .write_to(out_);
    }
  }

  int64_t load(size_t index) {
    JsonLine("load").text("id", nets_[index].id).write_to(out_);
    const int64_t start = now_ns();
    loaded_[index].reset(new LoadedNet(nets_[index]));
    const int64_t took = now_ns() - start;
    load_ns_ += took;
    return took;
  }

  const Options& options_;
  const std::vector<ManifestNet> nets_;
  std::vector<std::unique_ptr<LoadedNet>> loaded_;
  std::vector<bool> failed_;
  const int out_;
  const Clock clock_;
  int64_t engine_ns_ = 0;
  int64_t load_ns_ = 0;
};

}  // namespace

int run_manifest_mode(const Options& given, int out) {
  const int64_t start = now_ns();
  Options options = given;
  if (options.warmup < 0) options.warmup = 5;
  if (options.iter < 0) options.iter = 10;
  if (options.min_sample_us > 0 && options.warmup == 0) {
    throw Refusal(kUsage, "--min-sample-us is calibrated from the warm-up: it needs --warmup of at least 1.");
  }
  std::vector<ManifestNet> nets = read_manifest(options.manifest);
  const size_t count = nets.size();
  set_threads(static_cast<int>(options.threads));
  JsonLine("start")
      .number("version", 1)
      .number("nets", static_cast<int64_t>(count))
      .number("passes", options.passes)
      .number("iter", options.iter)
      .number("warmup", options.warmup)
      .number("threads", options.threads)
      .text("cpus", current_mask())
      .number("pid", getpid())
      .text("engine", SPEED_BENCHMARK_ENGINE)
      .write_to(out);
  // Never destroyed: tearing hundreds of nets down takes time and the process ends anyway.
  Run& run = *new Run(options, std::move(nets), out);
  run.all_passes();
  JsonLine("end")
      .number("engine_ns", run.engine_ns())
      .number("load_ns", run.load_ns())
      .number("wall_ns", now_ns() - start)
      .write_to(out);
  return kDone;
}

}  // namespace speed_benchmark
