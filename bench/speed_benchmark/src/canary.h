// Tells phases in which the processor is slow: other tenants, heat, a process started unluckily.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net.h"

namespace speed_benchmark {

// A short net that always takes the same time, run between the others. When it takes longer, so did they.
class Canary {
 public:
  // `share`: by how much of its reference it may be slower. `reference_ns`: what it took in earlier processes,
  // 0 where that is not known; then the first runs of this process decide.
  Canary(std::unique_ptr<Net> net, double share, int64_t reference_ns);

  // Runs it, and gives its time in nanoseconds: the best of a few runs, since the first finds cold caches. Mostly the
  // first that is not slow will do.
  int64_t run();

  // The same, but a time that was just taken is good enough.
  int64_t look();

  bool is_slow(int64_t ns) const { return static_cast<double>(ns) > static_cast<double>(reference_ns_) * (1 + share_); }

  // Runs it again and again, with short sleeps, until it is not slow or `patience_ns` have passed; gives the last time.
  int64_t wait_until_settled(int64_t patience_ns);

  int64_t reference_ns() const { return reference_ns_; }
  // What this process itself would call the reference: so fast it was in a fifth of its runs.
  int64_t usual_ns() const;

 private:
  void record(int64_t ns);

  std::unique_ptr<Net> net_;
  const double share_;
  int64_t reference_ns_;
  std::vector<int64_t> seen_ns_;  // the latest, as a ring
  size_t next_ = 0, count_ = 0;
  int64_t last_ns_ = 0, last_end_ns_ = 0;
};

}  // namespace speed_benchmark
