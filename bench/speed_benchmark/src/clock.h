// The clock that everything is timed by.
#pragma once

#include <time.h>

#include <cstdint>

namespace speed_benchmark {

inline int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{1000000000} * t.tv_sec + t.tv_nsec;
}

}  // namespace speed_benchmark
