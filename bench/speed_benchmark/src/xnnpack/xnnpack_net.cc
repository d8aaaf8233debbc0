#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>

#include "engine.h"
#include "graph.h"
#include "json.h"
#include "net.h"
#include "profile.h"
#include "refusal.h"
#include "repeat.h"

namespace speed_benchmark {
namespace {

pthreadpool_t shared_pool = nullptr;  // null: one thread

struct Free {
  void operator()(void* memory) const { free(memory); }
};
using Buffer = std::unique_ptr<unsigned char, Free>;

constexpr size_t kAlignment = 64;

Buffer allocate(size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignment, bytes + kExtraBytes) != 0) throw std::bad_alloc();
  memset(memory, 0, bytes + kExtraBytes);
  return Buffer(static_cast<unsigned char*>(memory));
}

// Where the activations of all nets lie. A network's runtime keeps them in one small arena, so that an operator finds
// its input where another has just written it, and writes its output over what is no longer needed. Operators that
// take turns do the same with these buffers, each run with others of them.
class Arena {
 public:
  void reserve(size_t count, size_t bytes) {
    if (count <= buffers_.size() && bytes <= bytes_) return;
    bytes_ = std::max(bytes, bytes_);
    count = std::max(std::max(count, buffers_.size()), size_t{3});
    buffers_.clear();
    for (size_t i = 0; i < count; ++i) buffers_.push_back(allocate(bytes_));
  }

  // The next so many buffers, none twice.
  unsigned char* take(size_t index) { return buffers_[(first_ + index) % buffers_.size()].get(); }
  void turn() { ++first_; }

 private:
  std::vector<Buffer> buffers_;
  size_t bytes_ = 0, first_ = 0;
};

Arena arena;

template <typename T, typename Draw>
std::vector<T> draw_values(Draw draw) {
  std::vector<T> values(kPeriod);
  std::minstd_rand random;
  std::generate(values.begin(), values.end(), [&] { return draw(random()); });
  return values;
}

// Values that neither slow an operator down nor grow out of range: random weights, biases of zero.
Buffer fill_parameter(const Value& value) {
  Buffer data = allocate(value.bytes());
  if (value.role == Role::kBias) return data;
  if (value.type == kFloat) {
    static const auto floats = draw_values<float>([](uint32_t drawn) { return static_cast<float>(drawn % 2048) / 1024 - 1; });
    repeat(floats, value.elements(), reinterpret_cast<float*>(data.get()));
  } else {
    static const auto bytes = draw_values<unsigned char>([](uint32_t drawn) { return static_cast<unsigned char>(drawn >> 8); });
    repeat(bytes, value.bytes(), data.get());
  }
  return data;
}

void fill_input(const Value& value, unsigned char* memory) {
  if (value.type == kFloat) {
    std::fill_n(reinterpret_cast<float*>(memory), value.elements(), 0.5f);
  } else {
    memset(memory, 3, value.bytes());
  }
}

void expect_success(int status, const char* what) {
  if (status != 0) throw NetError("create", std::string("XNNPACK refused ") + what + " with status " + std::to_string(status));
}

class XnnpackNet : public Net {
 public:
  XnnpackNet(const std::string& id, Graph graph, const std::string& outputs_json, bool profiled)
      : Net(id), graph_(std::move(graph)), outputs_json_(outputs_json) {
    xnn_subgraph_t subgraph = nullptr;
    expect_success(xnn_create_subgraph(static_cast<uint32_t>(graph_.externals), 0, &subgraph), "to make a subgraph");
    const std::unique_ptr<xnn_subgraph, int (*)(xnn_subgraph_t)> owned(subgraph, xnn_delete_subgraph);
    std::vector<uint32_t> ids;
    size_t largest = 0;
    for (size_t index = 0; index < graph_.values.size(); ++index) {
      ids.push_back(define_value(index, subgraph));
      if (index < graph_.externals) largest = std::max(largest, graph_.values[index].bytes());
    }
    for (const Node& node : graph_.nodes) expect_success(define_node(node, ids, subgraph), ("the node " + node.kind).c_str());
    expect_success(xnn_create_runtime_v2(subgraph, shared_pool, profiled ? kProfiling : 0, &runtime_), "to make a runtime");
    arena.reserve(graph_.externals, largest);
    prepare_run();
    check_outputs();
  }

  ~XnnpackNet() override {
    if (runtime_ != nullptr) xnn_delete_runtime(runtime_);
  }

  void run_once() override {
    const int status = xnn_invoke_runtime(runtime_);
    if (status != 0) throw std::runtime_error("the engine reported a failed run with status " + std::to_string(status));
  }

  // Inputs are written anew, as the operator before would have done.
  void prepare_run() override {
    std::vector<xnn_external_value> external;
    places_.clear();
    for (size_t index = 0; index < graph_.externals; ++index) {
      unsigned char* memory = arena.take(index);
      places_.push_back(memory);
      if (graph_.values[index].role == Role::kInput) write_input(index, memory);
      external.push_back({static_cast<uint32_t>(index), memory});
    }
    arena.turn();
    expect_success(xnn_setup_runtime(runtime_, external.size(), external.data()), "to set a runtime up");
  }

  const std::vector<Memory>& activations() const override { return none_; }

  std::vector<Memory> outputs() const override {
    std::vector<Memory> found;
    for (size_t index = 0; index < graph_.externals; ++index) {
      if (graph_.values[index].role == Role::kOutput) found.push_back({places_[index], graph_.values[index].bytes()});
    }
    return found;
  }

  size_t bytes() const override {
    size_t sum = 0;
    for (const Value& value : graph_.values) sum += value.role == Role::kInner ? 0 : value.bytes();
    return sum;
  }

  // As the manifest has it; that the engine's shapes are those declared was checked.
  std::string outputs_json() const override { return outputs_json_; }

  // Which kernels each node becomes is seen from a subgraph of this node alone.
  void match_kernels() {
    std::vector<std::vector<std::string>> alone;
    for (size_t index = 0; index < graph_.nodes.size(); ++index) {
      const XnnpackNet net(std::string(), isolate_node(graph_, index), std::string(), true);
      alone.push_back(read_kernel_names(net.runtime_));
    }
    matches_ = match_nodes(alone, read_kernel_names(runtime_));
  }

  NodeTimes node_times() const override { return sum_up(matches_, read_kernel_times(runtime_)); }

  int64_t resolution_ns() const override { return kKernelResolutionNs; }

 private:
  void write_input(size_t index, unsigned char* memory) const {
    const auto given = graph_.data.find(index);
    if (given == graph_.data.end()) return fill_input(graph_.values[index], memory);
    std::copy(given->second.begin(), given->second.end(), memory);
  }

  Buffer make_parameter(size_t index) const {
    const Value& value = graph_.values[index];
    const auto given = graph_.data.find(index);
    if (given == graph_.data.end()) return fill_parameter(value);
    Buffer data = allocate(value.bytes());
    std::copy(given->second.begin(), given->second.end(), data.get());
    return data;
  }

  uint32_t define_value(size_t index, xnn_subgraph_t subgraph) {
    const Value& value = graph_.values[index];
    const bool parameter = value.role == Role::kWeight || value.role == Role::kBias;
    if (parameter) parameters_.push_back(make_parameter(index));
    const void* data = parameter ? parameters_.back().get() : nullptr;
    const uint32_t external = index < graph_.externals ? static_cast<uint32_t>(index) : kNoValue;
    const uint32_t flags = external == kNoValue ? 0 : value.role == Role::kInput ? kExternalInput : kExternalOutput;
    uint32_t id = kNoValue;
    int status = 0;
    if (value.type == kFloat) {
      status = xnn_define_tensor_value(subgraph, kFloat, value.dims.size(), value.dims.data(), data, external, flags, &id);
    } else if (value.type == kChannelInt8 || value.type == kChannelInt32) {
      scales_.emplace_back(value.dims[value.channel_dim], value.scale);
      status = xnn_define_channelwise_quantized_tensor_value(subgraph, value.type, scales_.back().data(), value.dims.size(),
                                                             value.channel_dim, value.dims.data(), data, external, flags, &id);
    } else {
      status = xnn_define_quantized_tensor_value(subgraph, value.type, value.zero_point, value.scale, value.dims.size(),
                                                 value.dims.data(), data, external, flags, &id);
    }
    expect_success(status, ("the value " + std::to_string(index)).c_str());
    return id;
  }

  void check_outputs() const {
    for (size_t index = 0; index < graph_.externals; ++index) {
      const Value& value = graph_.values[index];
      if (value.role != Role::kOutput) continue;
      size_t rank = 0, dims[kMostDims] = {};
      expect_success(xnn_get_external_value_shape(runtime_, static_cast<uint32_t>(index), &rank, dims), "to tell a shape");
      const std::vector<size_t> seen(dims, dims + rank);
      if (seen != value.dims) throw NetError("create", "the engine's output " + std::to_string(index) + " has another shape than is declared");
    }
  }

  const Graph graph_;
  const std::string outputs_json_;
  std::vector<unsigned char*> places_;  // of the values from outside, in the arena
  std::vector<Buffer> parameters_;
  std::vector<std::vector<float>> scales_;
  const std::vector<Memory> none_;
  xnn_runtime_t runtime_ = nullptr;
  std::vector<Kernels> matches_;  // of each node, where the net is profiled
};

}  // namespace

std::unique_ptr<Net> load_net(const ManifestNet& source, bool profiled) {
  std::unique_ptr<XnnpackNet> net(new XnnpackNet(source.id, parse_graph(source.predict), source.init, profiled));
  if (profiled) net->match_kernels();
  return net;
}

void set_threads(int count) {
  if (xnn_initialize(nullptr) != 0) throw Refusal(kDevice, "XNNPACK does not support this processor.");
  if (count == 1) return;
  shared_pool = pthreadpool_create(static_cast<size_t>(count));
  if (shared_pool == nullptr || pthreadpool_get_threads_count(shared_pool) != static_cast<size_t>(count)) {
    throw Refusal(kDevice, "a pool of " + std::to_string(count) + " threads could not be created.");
  }
}

int run_stock_mode(const Options&) {
  throw Refusal(kUsage, "XNNPACK has no speed_benchmark of its own: give --manifest.");
}

}  // namespace speed_benchmark
