#include "profile.h"

#include <algorithm>
#include <numeric>

namespace speed_benchmark {
namespace {

void expect_answer(int status) {
  if (status != 0) throw NetError("run", "XNNPACK refused to tell its profile with status " + std::to_string(status));
}

template <typename Item>
std::vector<Item> ask(xnn_runtime_t runtime, ProfileInfo info) {
  size_t bytes = 0;
  const int status = xnn_get_runtime_profiling_info(runtime, info, 0, nullptr, &bytes);
  if (status != kOutOfMemory) expect_answer(status);
  std::vector<Item> answer(bytes / sizeof(Item));
  if (!answer.empty()) expect_answer(xnn_get_runtime_profiling_info(runtime, info, bytes, answer.data(), &bytes));
  return answer;
}

}  // namespace

std::vector<std::string> read_kernel_names(xnn_runtime_t runtime) {
  const std::vector<char> text = ask<char>(runtime, kProfileNames);
  std::vector<std::string> names;
  for (auto at = text.begin(); at != text.end();) {
    const auto end = std::find(at, text.end(), '\0');
    names.emplace_back(at, end);
    at = end == text.end() ? end : end + 1;
  }
  return names;
}

std::vector<int64_t> read_kernel_times(xnn_runtime_t runtime) {
  std::vector<int64_t> times;
  for (const uint64_t us : ask<uint64_t>(runtime, kProfileTimes)) {
    times.push_back(static_cast<int64_t>(us) * kKernelResolutionNs + kKernelResolutionNs / 2);
  }
  return times;
}

Graph isolate_node(const Graph& graph, size_t index) {
  Node node = graph.nodes[index];
  std::vector<int64_t> externals, parameters;
  for (const int64_t value : node.values) {
    if (value < 0) continue;
    const Role role = graph.values[static_cast<size_t>(value)].role;
    std::vector<int64_t>& list = role == Role::kWeight || role == Role::kBias ? parameters : externals;
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
  }
  Graph alone;
  alone.externals = externals.size();
  const int64_t output = node.values.back();
  std::map<int64_t, int64_t> places;
  externals.insert(externals.end(), parameters.begin(), parameters.end());
  for (const int64_t value : externals) {
    const auto place = alone.values.size();
    places[value] = static_cast<int64_t>(place);
    alone.values.push_back(graph.values[static_cast<size_t>(value)]);
    if (place < alone.externals) alone.values.back().role = value == output ? Role::kOutput : Role::kInput;
    const auto given = graph.data.find(static_cast<size_t>(value));
    if (given != graph.data.end()) alone.data[place] = given->second;
  }
  for (int64_t& value : node.values) value = value < 0 ? value : places[value];
  alone.nodes.push_back(node);
  return alone;
}

std::vector<Kernels> match_nodes(const std::vector<std::vector<std::string>>& alone, const std::vector<std::string>& whole) {
  const auto equal = [&](const std::vector<std::string>& names, size_t at) {
    return std::equal(names.begin(), names.end(), whole.begin() + static_cast<std::ptrdiff_t>(at));
  };
  std::vector<Kernels> nodes(alone.size());
  const auto fits = [&](size_t node, size_t first, size_t end) { return alone[node].size() <= end - first; };
  size_t front = 0, back = whole.size();
  size_t before = 0, behind = alone.size();  // nodes matched from the front, and from where on from the back
  for (; before < alone.size() && fits(before, front, whole.size()) && equal(alone[before], front); ++before) {
    front += alone[before].size();
  }
  for (; behind > 0 && fits(behind - 1, 0, back) && equal(alone[behind - 1], back - alone[behind - 1].size()); --behind) {
    back -= alone[behind - 1].size();
  }
  // Where the engine kept all, both ways tell the same. Else kernels that both ways claim for different nodes are
  // nobody's, and a node is known that only one way claims kernels for.
  const bool kept = before == alone.size() && front == whole.size();
  const size_t least = kept ? whole.size() : back, most = kept ? 0 : front;
  size_t at = 0;
  for (size_t node = 0; node < before && at + alone[node].size() <= least; ++node) {
    nodes[node] = {true, at, alone[node].size()};
    at += alone[node].size();
  }
  if (kept) return nodes;
  at = whole.size();
  for (size_t node = alone.size(); node > behind && at >= most + alone[node - 1].size(); --node) {
    at -= alone[node - 1].size();
    nodes[node - 1] = {true, at, alone[node - 1].size()};
  }
  return nodes;
}

NodeTimes sum_up(const std::vector<Kernels>& nodes, const std::vector<int64_t>& kernels_ns) {
  NodeTimes times;
  times.unmatched_ns = std::accumulate(kernels_ns.begin(), kernels_ns.end(), int64_t{0});
  for (const Kernels& node : nodes) {
    const auto first = kernels_ns.begin() + static_cast<std::ptrdiff_t>(node.first);
    times.ns.push_back(node.known ? std::accumulate(first, first + static_cast<std::ptrdiff_t>(node.count), int64_t{0}) : -1);
    if (node.known) times.unmatched_ns -= times.ns.back();
  }
  return times;
}

}  // namespace speed_benchmark
