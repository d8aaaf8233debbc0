#include "manifest_mode.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "affinity.h"
#include "canary.h"
#include "clock.h"
#include "crash.h"
#include "gaps.h"
#include "json.h"
#include "net.h"
#include "order.h"
#include "preemption.h"
#include "refusal.h"
#include "engine.h"
#include "timing.h"

namespace speed_benchmark {
namespace {

// Takes the canary's net out of the others; null where none was asked for.
std::unique_ptr<Canary> take_canary(const Options& options, std::vector<ManifestNet>* nets) {
  if (options.canary.empty()) return nullptr;
  const auto found = std::find_if(nets->begin(), nets->end(), [&](const auto& net) { return net.id == options.canary; });
  if (found == nets->end()) throw Refusal(kUsage, "--canary=" + options.canary + " is no net of the manifest.");
  const ManifestNet net = std::move(*found);
  nets->erase(found);
  try {
    std::unique_ptr<Net> loaded = load_net(net);
    loaded->prepare_run();
    loaded->run_once();
    return std::unique_ptr<Canary>(new Canary(
        std::move(loaded), options.canary_share, {options.canary_ns, options.canary_memory_ns}));
  } catch (const std::exception& error) {
    throw Refusal(kDevice, std::string("the canary can't be run: ") + error.what());
  }
}

class Run {
 public:
  Run(const Options& options, std::vector<ManifestNet> nets, Canary* canary, int out)
      : options_(options),
        nets_(std::move(nets)),
        loaded_(nets_.size()),
        failed_(nets_.size()),
        canary_(canary),
        preemption_(options.threads),
        out_(out) {}

  void all_passes() {
    for (int64_t pass = 0; pass < options_.passes; ++pass) {
      // Groups hold neighbours of the manifest, as many as is asked for or nearly, all alike.
      const size_t groups = std::max<size_t>(1, (nets_.size() + group_size() / 2) / group_size());
      for (const size_t group : draw(groups, pass)) {
        visit(nets_.size() * group / groups, nets_.size() * (group + 1) / groups, pass);
      }
    }
  }

  int64_t engine_ns() const { return engine_ns_; }
  int64_t load_ns() const { return load_ns_; }

 private:
  size_t group_size() const { return static_cast<size_t>(options_.protocol.turns); }

  std::vector<size_t> draw(size_t count, int64_t pass) const {
    if (options_.shuffled) return draw_order(count, options_.seed, pass);
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    return order;
  }

  // Visits the nets from `first` to before `last`, which take turns.
  void visit(size_t first, size_t last, int64_t pass) {
    std::vector<size_t> indices;
    std::vector<Member> members;
    for (size_t index = first; index < last; ++index) {
      if (failed_[index]) continue;
      try {
        if (!loaded_[index]) load(index);
        JsonLine("begin").text("id", nets_[index].id).number("pass", pass).write_to(out_);
        Member member = {loaded_[index].get(), "", {}};
        warm_up(options_.protocol, member.net, &member.timing);
        indices.push_back(index);
        members.push_back(std::move(member));
      } catch (const NetError& error) {
        fail(index, pass, error.stage, error.what());
      }
    }
    if (members.empty()) return;
    if (members.size() > 1) JsonLine("turns").number("nets", static_cast<int64_t>(members.size())).write_to(out_);
    const int64_t khz_before = clock_.khz();
    time_group(options_.protocol, options_.seed ^ static_cast<uint64_t>(pass << 32 | static_cast<int64_t>(first)),
               &members, canary_, &preemption_, &patience_);
    const int64_t khz_after = clock_.khz();
    for (size_t i = 0; i < members.size(); ++i) {
      if (members[i].error.empty()) {
        report(indices[i], pass, members[i].timing, khz_before, khz_after);
      } else {
        fail(indices[i], pass, "run", members[i].error);
      }
    }
    // Made anew for the next pass, nets lie elsewhere in memory, on which the time of small ones depends.
    if (options_.protocol.turns > 1) {
      for (const size_t index : indices) loaded_[index].reset();
    }
  }

  void report(size_t index, int64_t pass, const Timing& timing, int64_t khz_before, int64_t khz_after) {
    engine_ns_ += timing.engine_ns;
    JsonLine("net")
        .text("id", nets_[index].id)
        .number("pass", pass)
        .raw("warmup_ns", json_numbers(timing.warmup_ns))
        .raw("samples_ns", json_numbers(timing.samples_ns))
        .number("repeats", timing.repeats)
        .raw("outputs", loaded_[index]->outputs_json())
        .known("khz_before", khz_before)
        .known("khz_after", khz_after)
        .known("canary_before_ns", timing.canary_before.net_ns)
        .known("canary_after_ns", timing.canary_after.net_ns)
        .known("memory_before_ns", timing.canary_before.memory_ns)
        .known("memory_after_ns", timing.canary_after.memory_ns)
        .raw("settled", timing.spoilt_by == nullptr ? "true" : "false")
        .raw("spoilt_by", timing.spoilt_by == nullptr ? "null" : json_string(timing.spoilt_by))
        .raw("discarded", "{\"canary\":" + json_numbers(timing.slow_ns) + ",\"preempted\":" +
                              json_numbers(timing.preempted_ns) + "}")
        .number("load_ns", std::exchange(loaded_ns_[index], 0))
        .number("engine_ns", timing.engine_ns)
        .write_to(out_);
  }

  void fail(size_t index, int64_t pass, const char* stage, const std::string& message) {
    failed_[index] = true;
    loaded_[index].reset();
    JsonLine("error")
        .text("id", nets_[index].id)
        .number("pass", pass)
        .text("stage", stage)
        .text("message", message)
        .write_to(out_);
  }

  void load(size_t index) {
    JsonLine("load").text("id", nets_[index].id).write_to(out_);
    const int64_t start = now_ns();
    loaded_[index] = load_net(nets_[index]);
    loaded_ns_[index] = now_ns() - start;
    load_ns_ += loaded_ns_[index];
  }

  const Options& options_;
  const std::vector<ManifestNet> nets_;
  std::map<size_t, int64_t> loaded_ns_;
  std::vector<std::unique_ptr<Net>> loaded_;
  std::vector<bool> failed_;
  Canary* const canary_;
  Preemption preemption_;
  Patience patience_;
  const int out_;
  const Clock clock_;
  int64_t engine_ns_ = 0;
  int64_t load_ns_ = 0;
};

void report_gaps(int64_t span_ms, int out) {
  if (span_ms == 0) return;
  const Gaps gaps = watch_for_gaps(1000000 * span_ms);
  JsonLine("gaps")
      .number("span_ns", gaps.span_ns)
      .raw("at_ns", json_numbers(gaps.at_ns))
      .raw("took_ns", json_numbers(gaps.took_ns))
      .write_to(out);
}

}  // namespace

int run_manifest_mode(const Options& given, int out) {
  const int64_t start = now_ns();
  Options options = given;
  if (options.protocol.warmup < 0) options.protocol.warmup = 5;
  if (options.protocol.iter < 0) options.protocol.iter = 10;
  if (options.protocol.min_sample_us > 0 && options.protocol.warmup == 0) {
    throw Refusal(kUsage, "--min-sample-us is calibrated from the warm-up: it needs --warmup of at least 1.");
  }
  std::vector<ManifestNet> nets = read_manifest(options.manifest);
  set_threads(static_cast<int>(options.threads));
  report_crashes_to(out);
  const std::unique_ptr<Canary> canary = take_canary(options, &nets);
  const auto usual = [&canary] { return canary ? canary->usual() : CanaryTimes{-1, -1}; };
  const CanaryTimes at_first = usual();
  JsonLine("start")
      .number("version", 1)
      .number("nets", static_cast<int64_t>(nets.size()))
      .number("passes", options.passes)
      .number("iter", options.protocol.iter)
      .number("warmup", options.protocol.warmup)
      .number("threads", options.threads)
      .text("cpus", current_mask())
      .known("canary_ns", at_first.net_ns)
      .known("canary_memory_ns", at_first.memory_ns)
      .number("pid", getpid())
      .text("engine", SPEED_BENCHMARK_ENGINE)
      .write_to(out);
  report_gaps(options.gaps_ms, out);
  // Never destroyed: tearing hundreds of nets down takes time and the process ends anyway.
  Run& run = *new Run(options, std::move(nets), canary.get(), out);
  run.all_passes();
  report_gaps(options.gaps_ms, out);
  const CanaryTimes in_all = usual();
  JsonLine("end")
      .number("engine_ns", run.engine_ns())
      .number("load_ns", run.load_ns())
      .known("canary_ns", in_all.net_ns)
      .known("canary_memory_ns", in_all.memory_ns)
      .number("wall_ns", now_ns() - start)
      .write_to(out);
  return kDone;
}

}  // namespace speed_benchmark
