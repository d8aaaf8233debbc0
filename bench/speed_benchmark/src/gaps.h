// Gaps: moments in which the processor serves the system (timers, devices, a hypervisor) instead of this thread.
#pragma once

#include <cstdint>
#include <vector>

namespace speed_benchmark {

struct Gaps {
  int64_t span_ns = 0;  // how long was watched
  std::vector<int64_t> at_ns, took_ns;
};

// Watches the clock for so long. No counter of the system shows all gaps: a hypervisor's are in none of them.
Gaps watch_for_gaps(int64_t span_ns);

}  // namespace speed_benchmark
