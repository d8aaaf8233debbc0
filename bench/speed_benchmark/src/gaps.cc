#include "gaps.h"

#include <algorithm>

#include "clock.h"

namespace speed_benchmark {
namespace {

constexpr size_t kSteps = 1001, kMostGaps = 20000;
constexpr int64_t kLeastNs = 1000;

// What one look at the clock usually takes: 30 ns, but a thousand where the processor is emulated.
int64_t measure_step() {
  std::vector<int64_t> steps(kSteps);
  int64_t before = now_ns();
  for (int64_t& step : steps) {
    const int64_t now = now_ns();
    step = now - before;
    before = now;
  }
  std::nth_element(steps.begin(), steps.begin() + kSteps / 2, steps.end());
  return steps[kSteps / 2];
}

}  // namespace

Gaps watch_for_gaps(int64_t span_ns) {
  Gaps gaps;
  const int64_t least = std::max(kLeastNs, 10 * measure_step());
  const int64_t start = now_ns();
  for (int64_t before = start; gaps.span_ns < span_ns && gaps.at_ns.size() < kMostGaps;) {
    const int64_t now = now_ns();
    if (now - before >= least) {
      gaps.at_ns.push_back(before - start);
      gaps.took_ns.push_back(now - before);
    }
    gaps.span_ns = now - start;
    before = now;
  }
  return gaps;
}

}  // namespace speed_benchmark
