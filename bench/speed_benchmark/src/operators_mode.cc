#include "operators_mode.h"

#include <unistd.h>

#include "affinity.h"
#include "clock.h"
#include "crash.h"
#include "engine.h"
#include "json.h"
#include "net.h"
#include "preemption.h"
#include "refusal.h"

namespace speed_benchmark {
namespace {

// So many times as many runs are made at most, since some are preempted.
constexpr int64_t kMostTries = 3;

struct Runs {
  std::vector<int64_t> plain_ns, profiled_ns, unmatched_ns;
  std::vector<std::vector<int64_t>> nodes_ns;  // by node, then by run; of a node that is unknown, none
  int64_t preempted = 0;
};

class Visit {
 public:
  Visit(const Protocol& protocol, Preemption* preemption, Net* plain, Net* profiled)
      : protocol_(protocol), preemption_(*preemption), plain_(*plain), profiled_(*profiled) {}

  Runs make() {
    for (int64_t run = 0; run < protocol_.warmup; ++run) {
      time_run(&plain_);
      time_run(&profiled_);
    }
    Runs runs;
    preemption_.start();
    const auto enough = static_cast<size_t>(protocol_.iter);
    for (int64_t tries = 0; tries < kMostTries * protocol_.iter; ++tries) {
      if (runs.plain_ns.size() < enough) keep(&plain_, &runs.plain_ns, &runs);
      if (runs.profiled_ns.size() < enough && keep(&profiled_, &runs.profiled_ns, &runs)) keep_nodes(&runs);
      if (runs.plain_ns.size() >= enough && runs.profiled_ns.size() >= enough) break;
    }
    if (runs.plain_ns.empty() || runs.profiled_ns.empty()) {
      throw NetError("run", "something else had the processor in every run");
    }
    return runs;
  }

 private:
  int64_t time_run(Net* net) {
    const CrashLine named(net->crash_line());
    int64_t took = 0;
    run_stage("run", [&] {
      net->prepare_run();
      const int64_t start = now_ns();
      net->run_once();
      took = now_ns() - start;
    });
    return took;
  }

  // Each run that counts follows another one of the same net, and finds the caches as that left them.
  bool keep(Net* net, std::vector<int64_t>* kept, Runs* runs) {
    time_run(net);
    preemption_.lap();
    const int64_t took = time_run(net);
    const bool preempted = preemption_.spoils(preemption_.lap(), took);
    if (preempted) ++runs->preempted;
    else kept->push_back(took);
    return !preempted;
  }

  void keep_nodes(Runs* runs) const {
    const NodeTimes times = profiled_.node_times();
    runs->nodes_ns.resize(times.ns.size());
    for (size_t node = 0; node < times.ns.size(); ++node) {
      if (times.ns[node] >= 0) runs->nodes_ns[node].push_back(times.ns[node]);
    }
    runs->unmatched_ns.push_back(times.unmatched_ns);
  }

  const Protocol& protocol_;
  Preemption& preemption_;
  Net& plain_;
  Net& profiled_;
};

void report(const ManifestNet& source, const Protocol& protocol, int64_t pass, Preemption* preemption, int out) {
  try {
    JsonLine("load").text("id", source.id).write_to(out);
    const std::unique_ptr<Net> plain = load_net(source), profiled = load_net(source, true);
    JsonLine("begin").text("id", source.id).number("pass", pass).write_to(out);
    const Runs runs = Visit(protocol, preemption, plain.get(), profiled.get()).make();
    std::string nodes;
    for (const auto& times : runs.nodes_ns) {
      nodes += (nodes.empty() ? "" : ",") + (times.empty() ? "null" : json_numbers(times));
    }
    JsonLine("operators")
        .text("id", source.id)
        .number("pass", pass)
        .number("resolution_ns", profiled->resolution_ns())
        .raw("plain_ns", json_numbers(runs.plain_ns))
        .raw("profiled_ns", json_numbers(runs.profiled_ns))
        .raw("unmatched_ns", json_numbers(runs.unmatched_ns))
        .raw("nodes_ns", "[" + nodes + "]")
        .number("preempted", runs.preempted)
        .write_to(out);
  } catch (const NetError& error) {
    JsonLine("error").text("id", source.id).number("pass", pass).text("stage", error.stage).text("message", error.what()).write_to(out);
  }
}

}  // namespace

int run_operators_mode(const Options& options, int out) {
  const int64_t start = now_ns();
  Protocol protocol = options.protocol;
  if (protocol.warmup < 0) protocol.warmup = 5;
  if (protocol.iter < 0) protocol.iter = 10;
  const std::vector<ManifestNet> nets = read_manifest(options.manifest);
  set_threads(static_cast<int>(options.threads));
  Preemption preemption(options.threads);
  report_crashes_to(out);
  JsonLine("start")
      .number("version", 1)
      .number("nets", static_cast<int64_t>(nets.size()))
      .number("threads", options.threads)
      .text("cpus", current_mask())
      .number("pid", getpid())
      .text("engine", SPEED_BENCHMARK_ENGINE)
      .write_to(out);
  for (int64_t pass = 0; pass < options.passes; ++pass) {
    for (const ManifestNet& net : nets) report(net, protocol, pass, &preemption, out);
  }
  JsonLine("end").number("wall_ns", now_ns() - start).write_to(out);
  return kDone;
}

}  // namespace speed_benchmark
