// Orders drawn from a seed. Written out, because std::shuffle differs between standard libraries and a seed must
// mean the same order on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace speed_benchmark {

// The numbers from 0 to `count` - 1; `stream` tells the draws of one seed apart.
inline std::vector<size_t> draw_order(size_t count, uint64_t seed, int64_t stream) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  uint64_t state = seed + static_cast<uint64_t>(stream) * 0xD1B54A32D192ED03u;
  const auto next = [&state] {  // splitmix64
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  };
  for (size_t left = count; left > 1; --left) std::swap(order[left - 1], order[next() % left]);
  return order;
}

}  // namespace speed_benchmark
