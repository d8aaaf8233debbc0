#include "graph.h"

#include <map>
#include <sstream>

#include "net.h"

namespace speed_benchmark {
namespace {

const std::map<std::string, Role> kRoles = {{"input", Role::kInput},
                                            {"output", Role::kOutput},
                                            {"inner", Role::kInner},
                                            {"weight", Role::kWeight},
                                            {"bias", Role::kBias}};

const std::map<std::string, Datatype> kTypes = {{"f32", kFloat},       {"qs8", kInt8},   {"qu8", kUint8},
                                                {"qc8", kChannelInt8}, {"q32", kInt32}, {"qc32", kChannelInt32}};

template <typename Meaning>
Meaning look_up(const std::map<std::string, Meaning>& known, const std::string& word, const std::string& line) {
  const auto found = known.find(word);
  if (found == known.end()) throw NetError("parse", "\"" + word + "\" is unknown in the line \"" + line + "\"");
  return found->second;
}

template <typename Number>
std::vector<Number> read_list(std::istringstream* words) {
  size_t count = 0;
  *words >> count;
  std::vector<Number> numbers;
  for (size_t i = 0; i < count && *words; ++i) {
    Number number{};
    *words >> number;
    numbers.push_back(number);
  }
  return numbers;
}

bool read_hexadecimal(const std::string& digits, std::vector<unsigned char>* bytes) {
  if (digits.size() % 2 != 0 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  for (size_t at = 0; at < digits.size(); at += 2) {
    bytes->push_back(static_cast<unsigned char>(std::stoi(digits.substr(at, 2), nullptr, 16)));
  }
  return true;
}

}  // namespace

size_t Value::elements() const {
  size_t product = 1;
  for (const size_t dim : dims) product *= dim;
  return product;
}

size_t Value::bytes() const {
  const bool wide = type == kFloat || type == kInt32 || type == kChannelInt32;
  return elements() * (wide ? 4 : 1);
}

Graph parse_graph(const std::string& text) {
  std::istringstream lines(text);
  std::string line, word;
  Graph graph;
  int version = 0;
  std::getline(lines, line);
  std::istringstream first(line);
  if (!(first >> word >> version >> graph.externals) || word != "xnnpack" || version != 1) {
    throw NetError("parse", "the first line must be \"xnnpack 1 <external values>\"");
  }
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    words >> word;
    if (word == "value") {
      Value value{};
      std::string role, type;
      words >> role >> type >> value.scale >> value.zero_point >> value.channel_dim;
      value.dims = read_list<size_t>(&words);
      value.role = look_up(kRoles, role, line);
      value.type = look_up(kTypes, type, line);
      if (value.dims.size() > kMostDims || value.channel_dim > kMostDims) words.setstate(std::ios::failbit);
      graph.values.push_back(value);
    } else if (word == "data") {
      size_t index = 0;
      std::string digits;
      words >> index >> digits;
      if (index >= graph.values.size() || !read_hexadecimal(digits, &graph.data[index]) ||
          graph.data[index].size() != graph.values[index].bytes()) {
        throw NetError("parse", "the data of value " + std::to_string(index) + " do not fit it");
      }
    } else if (word == "node") {
      Node node;
      words >> node.kind;
      node.ints = read_list<int64_t>(&words);
      node.floats = read_list<float>(&words);
      node.values = read_list<int64_t>(&words);
      graph.nodes.push_back(node);
    } else {
      words.setstate(std::ios::failbit);
    }
    if (words.fail()) throw NetError("parse", "the line \"" + line + "\" can't be understood");
  }
  if (graph.externals > graph.values.size() || graph.nodes.empty()) {
    throw NetError("parse", "the net holds no node, or fewer values than come from outside");
  }
  return graph;
}

}  // namespace speed_benchmark
