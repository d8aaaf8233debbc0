// Tells phases in which the processor is slow: other tenants, heat, a process started unluckily.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "net.h"

namespace speed_benchmark {

// What the canary's two parts took, in nanoseconds.
struct CanaryTimes {
  int64_t net_ns;
  int64_t memory_ns;
};

// Work that always takes the same time, done between the nets that are timed. When it takes longer, so did they.
// One part is a short net. The other reads memory that the first-level cache can't hold: who shares a core with others
// may find its arithmetic as fast as ever, and its caches half as fast.
class Canary {
 public:
  // `share`: by how much either part may be slower. `usual`: what they took in earlier processes, 0 where that is not
  // known; then the first runs of this process decide.
  Canary(std::unique_ptr<Net> net, double share, CanaryTimes usual);

  // Runs it, and gives its times: the best of a few runs, since the first finds cold caches. Mostly the first that is
  // not slow will do.
  CanaryTimes run();

  // The same, but times that were just taken are good enough.
  CanaryTimes look();

  bool is_slow(const CanaryTimes& took) const;

  // Runs it again and again, with short sleeps while it is slow, until it was not slow for a while or `patience_ns` have
  // passed; gives the last times.
  CanaryTimes wait_until_settled(int64_t patience_ns);

  // What this process itself would call usual: so fast each part was in a tenth of its runs.
  CanaryTimes usual() const;

 private:
  int64_t time_net();
  int64_t time_memory();
  void record(const CanaryTimes& times);

  std::unique_ptr<Net> net_;
  const std::vector<uint64_t> memory_;
  const double share_;
  CanaryTimes reference_;
  std::vector<CanaryTimes> seen_;  // the latest, as a ring
  size_t next_ = 0, count_ = 0;
  CanaryTimes last_ = {0, 0};
  int64_t last_end_ns_ = 0;
};

}  // namespace speed_benchmark
