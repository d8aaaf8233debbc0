#include "fills.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "caffe2/core/tensor_int8.h"
#include "repeat.h"

// As in caffe2_net.cc: libtorch hides its protobuf.
template const std::string& google::protobuf::RepeatedPtrField<std::string>::Get(int) const;

namespace speed_benchmark {
namespace {

// A tensor of values between two bounds that nothing has needed yet.
struct Uniform {
  std::vector<int64_t> shape;
  float min, max;
};

const caffe2::Argument* find_argument(const caffe2::OperatorDef& op, const char* name) {
  for (const auto& argument : op.arg()) {
    if (argument.name() == name) return &argument;
  }
  return nullptr;
}

// Reads a fill that needs no more than its three arguments; tells whether it is one.
bool read_uniform(const caffe2::OperatorDef& op, Uniform* uniform) {
  if (op.type() != "UniformFill" || op.input_size() != 0 || op.output_size() != 1 || op.arg_size() != 3) return false;
  const auto* shape = find_argument(op, "shape");
  const auto* min = find_argument(op, "min");
  const auto* max = find_argument(op, "max");
  if (shape == nullptr || min == nullptr || max == nullptr || !(min->f() < max->f())) return false;
  uniform->shape.assign(shape->ints().begin(), shape->ints().end());
  uniform->min = min->f();
  uniform->max = max->f();
  return std::all_of(uniform->shape.begin(), uniform->shape.end(), [](int64_t size) { return size > 0; });
}

bool tile(const caffe2::OperatorDef& op, Uniform* uniform) {
  const auto* tiles = find_argument(op, "tiles");
  const auto* axis = find_argument(op, "axis");
  if (tiles == nullptr || axis == nullptr || tiles->i() < 1 || axis->i() < 0) return false;
  if (static_cast<size_t>(axis->i()) >= uniform->shape.size()) return false;
  uniform->shape[static_cast<size_t>(axis->i())] *= tiles->i();
  return true;
}

std::vector<float> draw_values(const Uniform& uniform) {
  std::vector<float> values(kPeriod);
  uint32_t state = 2463534242u;  // xorshift32
  for (float& value : values) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    value = uniform.min + (uniform.max - uniform.min) * (static_cast<float>(state >> 8) / 16777216.0f);
  }
  return values;
}

void make_floats(const Uniform& uniform, caffe2::Blob* blob) {
  caffe2::Tensor* tensor = caffe2::BlobGetMutableTensor(blob, caffe2::CPU);
  tensor->Resize(uniform.shape);
  repeat(draw_values(uniform), static_cast<size_t>(tensor->numel()), tensor->mutable_data<float>());
}

void make_quantized(const Uniform& uniform, float scale, int32_t zero_point, caffe2::Blob* blob) {
  auto* quantized = blob->GetMutable<caffe2::int8::Int8TensorCPU>();
  quantized->scale = scale;
  quantized->zero_point = zero_point;
  quantized->t.Resize(uniform.shape);
  std::vector<uint8_t> bytes;
  bytes.reserve(kPeriod);
  for (const float value : draw_values(uniform)) {
    const float level = std::nearbyint(value / scale) + static_cast<float>(zero_point);
    bytes.push_back(static_cast<uint8_t>(std::min(255.0f, std::max(0.0f, level))));
  }
  repeat(bytes, static_cast<size_t>(quantized->t.numel()), quantized->t.mutable_data<uint8_t>());
}

}  // namespace

void run_init_net(const caffe2::NetDef& init, const std::set<std::string>& used, caffe2::Workspace* workspace) {
  std::map<std::string, Uniform> pending;
  for (const auto& op : init.op()) {
    Uniform uniform;
    if (read_uniform(op, &uniform)) {
      pending[op.output(0)] = uniform;
      continue;
    }
    const auto source = op.input_size() == 1 ? pending.find(op.input(0)) : pending.end();
    if (source != pending.end() && op.output_size() == 1) {
      uniform = source->second;
      if (op.type() == "Tile" && tile(op, &uniform)) {
        pending[op.output(0)] = uniform;
        continue;
      }
      const auto* scale = find_argument(op, "Y_scale");
      const auto* zero_point = find_argument(op, "Y_zero_point");
      if (op.type() == "Int8Quantize" && scale != nullptr && zero_point != nullptr && scale->f() > 0) {
        make_quantized(uniform, scale->f(), static_cast<int32_t>(zero_point->i()), workspace->CreateBlob(op.output(0)));
        pending.erase(op.output(0));
        continue;
      }
    }
    for (const std::string& name : op.input()) {
      const auto needed = pending.find(name);
      if (needed == pending.end()) continue;
      make_floats(needed->second, workspace->CreateBlob(name));
      pending.erase(needed);
    }
    for (const std::string& name : op.output()) pending.erase(name);
    CAFFE_ENFORCE(workspace->RunOperatorOnce(op), "the init net's operator ", op.type(), " failed");
  }
  for (const auto& left : pending) {
    if (used.count(left.first) != 0) make_floats(left.second, workspace->CreateBlob(left.first));
  }
}

}  // namespace speed_benchmark
