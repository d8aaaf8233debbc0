// One function for each kind of node: what its numbers mean to XNNPACK.
#include <limits>
#include <map>

#include "graph.h"
#include "net.h"

namespace speed_benchmark {
namespace {

// A node's numbers, taken one after the other as the engine's functions list them.
class Reader {
 public:
  Reader(const Node& node, const std::vector<uint32_t>& ids) : node_(node), ids_(ids) {}

  uint32_t integer() {
    if (int_ >= node_.ints.size()) fail("numbers");
    return static_cast<uint32_t>(node_.ints[int_++]);
  }

  float real() {
    if (float_ >= node_.floats.size()) fail("fractions");
    return node_.floats[float_++];
  }

  float least() { return float_ < node_.floats.size() ? real() : -std::numeric_limits<float>::infinity(); }
  float most() { return float_ < node_.floats.size() ? real() : std::numeric_limits<float>::infinity(); }

  uint32_t value() {
    if (value_ >= node_.values.size()) fail("values");
    const int64_t index = node_.values[value_++];
    if (index == -1) return kNoValue;
    if (index < 0 || static_cast<size_t>(index) >= ids_.size()) fail("values in range");
    return ids_[static_cast<size_t>(index)];
  }

  std::vector<size_t> rest() {
    std::vector<size_t> numbers;
    while (int_ < node_.ints.size()) numbers.push_back(integer());
    return numbers;
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw NetError("create", "the node " + node_.kind + " has too few " + what);
  }

  const Node& node_;
  const std::vector<uint32_t>& ids_;
  size_t int_ = 0, float_ = 0, value_ = 0;
};

using Define = int (*)(xnn_subgraph_t, Reader&);

// The arguments of a call are evaluated in no fixed order, so they are read into variables first.
int convolution(xnn_subgraph_t graph, Reader& in) {
  uint32_t n[11];
  for (uint32_t& number : n) number = in.integer();
  const size_t inputs = in.integer(), outputs = in.integer();
  const float least = in.least(), most = in.most();
  const uint32_t x = in.value(), w = in.value(), b = in.value(), y = in.value();
  return xnn_define_convolution_2d(graph, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], inputs,
                                   outputs, least, most, x, w, b, y, 0);
}

int depthwise(xnn_subgraph_t graph, Reader& in) {
  uint32_t n[11];
  for (uint32_t& number : n) number = in.integer();
  const size_t channels = in.integer();
  const float least = in.least(), most = in.most();
  const uint32_t x = in.value(), w = in.value(), b = in.value(), y = in.value();
  return xnn_define_depthwise_convolution_2d(graph, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10],
                                             channels, least, most, x, w, b, y, 0);
}

int deconvolution(xnn_subgraph_t graph, Reader& in) {
  uint32_t n[13];
  for (uint32_t& number : n) number = in.integer();
  const size_t inputs = in.integer(), outputs = in.integer();
  const float least = in.least(), most = in.most();
  const uint32_t x = in.value(), w = in.value(), b = in.value(), y = in.value();
  return xnn_define_deconvolution_2d(graph, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11],
                                     n[12], inputs, outputs, least, most, x, w, b, y, 0);
}

int fully_connected(xnn_subgraph_t graph, Reader& in) {
  const float least = in.least(), most = in.most();
  const uint32_t x = in.value(), w = in.value(), b = in.value(), y = in.value();
  return xnn_define_fully_connected(graph, least, most, x, w, b, y, 0);
}

int average_pooling(xnn_subgraph_t graph, Reader& in) {
  uint32_t n[8];
  for (uint32_t& number : n) number = in.integer();
  const float least = in.least(), most = in.most();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_average_pooling_2d(graph, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], least, most, x, y, 0);
}

int max_pooling(xnn_subgraph_t graph, Reader& in) {
  uint32_t n[10];
  for (uint32_t& number : n) number = in.integer();
  const float least = in.least(), most = in.most();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_max_pooling_2d(graph, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], least, most, x,
                                   y, 0);
}

using Binary = int (*)(xnn_subgraph_t, float, float, uint32_t, uint32_t, uint32_t, uint32_t);
using Unary = int (*)(xnn_subgraph_t, uint32_t, uint32_t, uint32_t);

template <Binary define>
int binary(xnn_subgraph_t graph, Reader& in) {
  const float least = in.least(), most = in.most();
  const uint32_t first = in.value(), second = in.value(), y = in.value();
  return define(graph, least, most, first, second, y, 0);
}

template <Unary define>
int unary(xnn_subgraph_t graph, Reader& in) {
  const uint32_t x = in.value(), y = in.value();
  return define(graph, x, y, 0);
}

template <int type>
int function(xnn_subgraph_t graph, Reader& in) {
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_unary(graph, type, nullptr, x, y, 0);
}

int batch_matrix_multiply(xnn_subgraph_t graph, Reader& in) {
  const uint32_t flags = in.integer() != 0 ? kTransposeB : 0;
  const uint32_t first = in.value(), second = in.value(), y = in.value();
  return xnn_define_batch_matrix_multiply(graph, first, second, y, flags);
}

int clamp(xnn_subgraph_t graph, Reader& in) {
  const float least = in.least(), most = in.most();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_clamp(graph, least, most, x, y, 0);
}

int leaky_relu(xnn_subgraph_t graph, Reader& in) {
  const float slope = in.real();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_leaky_relu(graph, slope, x, y, 0);
}

int prelu(xnn_subgraph_t graph, Reader& in) {
  const uint32_t x = in.value(), slope = in.value(), y = in.value();
  return xnn_define_prelu(graph, x, slope, y, 0);
}

int global_average(xnn_subgraph_t graph, Reader& in) {
  const float least = in.least(), most = in.most();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_global_average_pooling_2d(graph, least, most, x, y, kKeepDims);
}

int mean(xnn_subgraph_t graph, Reader& in) {
  const std::vector<size_t> axes = in.rest();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_static_mean(graph, axes.size(), axes.data(), x, y, kKeepDims);
}

int sum(xnn_subgraph_t graph, Reader& in) {
  const std::vector<size_t> axes = in.rest();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_static_reduce(graph, kReduceSum, axes.size(), axes.data(), x, y, kKeepDims);
}

int broadcast(xnn_subgraph_t graph, Reader& in) {
  const std::vector<size_t> dims = in.rest();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_static_broadcast(graph, dims.size(), dims.data(), x, y, 0);
}

int reshape(xnn_subgraph_t graph, Reader& in) {
  const std::vector<size_t> dims = in.rest();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_static_reshape(graph, dims.size(), dims.data(), x, y, 0);
}

int transpose(xnn_subgraph_t graph, Reader& in) {
  const std::vector<size_t> order = in.rest();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_static_transpose(graph, order.size(), order.data(), x, y, 0);
}

int slice(xnn_subgraph_t graph, Reader& in) {
  const std::vector<size_t> numbers = in.rest();
  const size_t rank = numbers.size() / 2;
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_static_slice(graph, rank, numbers.data(), numbers.data() + rank, x, y, 0);
}

int pad(xnn_subgraph_t graph, Reader& in) {
  const std::vector<size_t> numbers = in.rest();
  const float fill = in.real();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_static_constant_pad(graph, numbers.data(), numbers.data() + numbers.size() / 2, fill, x, y, 0);
}

int resize(xnn_subgraph_t graph, Reader& in) {
  const size_t height = in.integer(), width = in.integer();
  const uint32_t x = in.value(), y = in.value();
  return xnn_define_static_resize_bilinear_2d(graph, height, width, x, y, 0);
}

int depth_to_space(xnn_subgraph_t graph, Reader& in) {
  const uint32_t block = in.integer(), x = in.value(), y = in.value();
  return xnn_define_depth_to_space_2d(graph, block, x, y, 0);
}

int concatenate(xnn_subgraph_t graph, Reader& in) {
  const auto axis = static_cast<int32_t>(in.integer());
  const uint32_t count = in.integer();
  uint32_t v[6] = {};
  for (uint32_t i = 0; i <= count && i < 6; ++i) v[i] = in.value();
  switch (count) {
    case 2: return xnn_define_concatenate2(graph, axis, v[0], v[1], v[2], 0);
    case 3: return xnn_define_concatenate3(graph, axis, v[0], v[1], v[2], v[3], 0);
    case 4: return xnn_define_concatenate4(graph, axis, v[0], v[1], v[2], v[3], v[4], 0);
    case 5: return xnn_define_concatenate5(graph, axis, v[0], v[1], v[2], v[3], v[4], v[5], 0);
    default: throw NetError("create", "a concatenation takes 2 to 5 inputs");
  }
}

const std::map<std::string, Define> kDefines = {
    {"abs", unary<xnn_define_abs>},
    {"add", binary<xnn_define_add2>},
    {"average_pooling", average_pooling},
    {"batch_matrix_multiply", batch_matrix_multiply},
    {"broadcast", broadcast},
    {"clamp", clamp},
    {"concatenate", concatenate},
    {"convert", unary<xnn_define_convert>},
    {"convolution", convolution},
    {"copy", unary<xnn_define_copy>},
    {"deconvolution", deconvolution},
    {"depth_to_space", depth_to_space},
    {"depthwise", depthwise},
    {"divide", binary<xnn_define_divide>},
    {"exp", unary<xnn_define_exp>},
    {"fast_gelu", function<kFastGelu>},
    {"fully_connected", fully_connected},
    {"gelu", unary<xnn_define_gelu>},
    {"global_average", global_average},
    {"hard_swish", unary<xnn_define_hardswish>},
    {"leaky_relu", leaky_relu},
    {"max_pooling", max_pooling},
    {"mean", mean},
    {"multiply", binary<xnn_define_multiply2>},
    {"negate", unary<xnn_define_negate>},
    {"pad", pad},
    {"prelu", prelu},
    {"reciprocal_square_root", unary<xnn_define_reciprocal_square_root>},
    {"reshape", reshape},
    {"resize_bilinear", resize},
    {"sigmoid", unary<xnn_define_sigmoid>},
    {"slice", slice},
    {"softmax", unary<xnn_define_softmax>},
    {"square", unary<xnn_define_square>},
    {"square_root", unary<xnn_define_square_root>},
    {"subtract", binary<xnn_define_subtract>},
    {"sum", sum},
    {"tanh", unary<xnn_define_tanh>},
    {"transpose", transpose},
};

}  // namespace

int define_node(const Node& node, const std::vector<uint32_t>& ids, xnn_subgraph_t subgraph) {
  const auto found = kDefines.find(node.kind);
  if (found == kDefines.end()) throw NetError("create", "there is no node of the kind " + node.kind);
  Reader reader(node, ids);
  return found->second(subgraph, reader);
}

}  // namespace speed_benchmark
