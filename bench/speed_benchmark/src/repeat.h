#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace speed_benchmark {

// Random values repeat after so many: to draw each anew would take longer than all else in loading a net. A prime, so
// that no row of a tensor is like the one above it.
constexpr size_t kPeriod = 4099;

template <typename T>
void repeat(const std::vector<T>& values, size_t count, T* out) {
  for (size_t at = 0; at < count; at += values.size()) {
    std::memcpy(out + at, values.data(), std::min(values.size(), count - at) * sizeof(T));
  }
}

}  // namespace speed_benchmark
