// The engine's own profile: what each kernel took in the last run of a runtime, and whose kernels these are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph.h"
#include "net.h"

namespace speed_benchmark {

constexpr int64_t kKernelResolutionNs = 1000;

// The kernels of one node among those of the runtime. A node that is fused or reshaped away has none of its own.
struct Kernels {
  bool known = false;
  size_t first = 0, count = 0;
};

// Of a runtime that was created with kProfiling, in the order in which the kernels run.
std::vector<std::string> read_kernel_names(xnn_runtime_t runtime);

// In nanoseconds. The engine rounds microseconds down, so that half of one is added to each.
std::vector<int64_t> read_kernel_times(xnn_runtime_t runtime);

// A graph of one node, whose activations all come from outside.
Graph isolate_node(const Graph& graph, size_t index);

// Finds each node's kernels by place: `alone` are those that each node becomes by itself. Where the engine has made
// others of the whole, only nodes before and behind that are known.
std::vector<Kernels> match_nodes(const std::vector<std::vector<std::string>>& alone, const std::vector<std::string>& whole);

NodeTimes sum_up(const std::vector<Kernels>& nodes, const std::vector<int64_t>& kernels_ns);

}  // namespace speed_benchmark
