// A net as a description in text, of which XNNPACK makes a subgraph.
//
//   xnnpack 1 <external values>\n
//   value <role> <type> <scale> <zero point> <channel dimension> <rank> <dims …>\n
//   data <value> <hexadecimal bytes>\n
//   node <kind> <ints> <int …> <floats> <float …> <values> <value …>\n
//
// Values are numbered in their order, those from outside first. A role is input, output, inner, weight or bias; a
// type f32, qs8, qu8, qc8 (a scale for each channel), q32 or qc32. Data are what a value holds at the beginning; others
// are filled by the program. In a node, value -1 is one that is not there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "xnnpack_api.h"

namespace speed_benchmark {

enum class Role { kInput, kOutput, kInner, kWeight, kBias };

struct Value {
  Role role;
  Datatype type;
  float scale;
  int32_t zero_point;
  size_t channel_dim;
  std::vector<size_t> dims;

  size_t elements() const;
  size_t bytes() const;
};

struct Node {
  std::string kind;
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::vector<int64_t> values;
};

struct Graph {
  size_t externals = 0;
  std::vector<Value> values;
  std::map<size_t, std::vector<unsigned char>> data;
  std::vector<Node> nodes;
};

// Raises NetError (parse) naming the line.
Graph parse_graph(const std::string& text);

// Adds a node to a subgraph; `ids` are XNNPACK's own of the values. Gives XNNPACK's status. Raises NetError (create)
// for a kind that is unknown or told too little.
int define_node(const Node& node, const std::vector<uint32_t>& ids, xnn_subgraph_t subgraph);

}  // namespace speed_benchmark
