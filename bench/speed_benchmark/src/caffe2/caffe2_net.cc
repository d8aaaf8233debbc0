#include "net.h"

#include <set>

#include "caffe2/core/operator.h"
#include "caffe2/core/tensor_int8.h"
#include "caffe2/core/types.h"
#include "caffe2/core/workspace.h"
#include "caffe2/utils/proto_utils.h"
#include "clock.h"
#include "fills.h"
#include "json.h"

// libtorch hides its protobuf, and the headers declare these as instantiated elsewhere: instantiate the
// few that reading a list of names needs.
using Names = google::protobuf::RepeatedPtrField<std::string>;
template Names::const_iterator Names::begin() const;
template Names::const_iterator Names::end() const;
template int Names::size() const;

namespace speed_benchmark {
namespace {

// What the engine throws carries a backtrace, of many lines.
[[noreturn]] void rethrow_bare(const c10::Error& error) { throw std::runtime_error(error.what_without_backtrace()); }

caffe2::NetDef parse(const std::string& bytes, const char* which) {
  caffe2::NetDef def;
  if (!caffe2::ParseProtoFromLargeString(bytes, &def)) {
    throw NetError("parse", std::string("the ") + which + " net is no serialised NetDef");
  }
  return def;
}

std::set<std::string> list_used_blobs(const caffe2::NetDef& predict) {
  std::set<std::string> used(predict.external_output().begin(), predict.external_output().end());
  for (const auto& op : predict.op()) used.insert(op.input().begin(), op.input().end());
  return used;
}

void drop_unused_blobs(const std::set<std::string>& used, caffe2::Workspace* workspace) {
  for (const std::string& name : workspace->LocalBlobs()) {
    if (used.count(name) == 0) workspace->RemoveBlob(name);
  }
}

// The tensor in a blob, whether quantized or not; null where it holds something else.
const caffe2::Tensor* find_tensor(const caffe2::Blob& blob) {
  if (blob.IsType<caffe2::int8::Int8TensorCPU>()) return &blob.Get<caffe2::int8::Int8TensorCPU>().t;
  if (blob.IsType<caffe2::Tensor>()) return &blob.Get<caffe2::Tensor>();
  return nullptr;
}

std::string tensor_json(const std::string& name, const caffe2::Tensor* tensor) {
  const std::string head = "{\"name\":" + json_string(name) + ",\"shape\":";
  if (tensor == nullptr || !tensor->dtype_initialized()) return head + "null,\"dtype\":null}";
  const int dtype = caffe2::TypeMetaToDataType(tensor->dtype());
  return head + json_numbers(tensor->sizes().vec()) + ",\"dtype\":" + std::to_string(dtype) + "}";
}

class Caffe2Net : public Net {
 public:
  // Parses both nets, runs the init net, drops the blobs that the predict net does not use (a fill
  // operator's float original is four times its quantised copy) and creates the predict net.
  Caffe2Net(const ManifestNet& source, bool profiled);

  // A SimpleNet calls its operators one after the other. Only a false result or an exception tells of a failure.
  void run_once() override {
    try {
      if (!(profiled_ ? run_operators() : net_->Run())) {
        throw std::runtime_error("the engine reported a failed run and no reason");
      }
    } catch (const c10::Error& error) {
      rethrow_bare(error);
    }
  }

  // The inputs that the predict net lists in its argument "activations".
  const std::vector<Memory>& activations() const override { return activations_; }

  std::vector<Memory> outputs() const override;

  size_t bytes() const override;

  // Every external output, or the last operator's outputs where the net names none.
  std::string outputs_json() const override;

  NodeTimes node_times() const override { return times_; }
  int64_t resolution_ns() const override { return 1; }

 private:
  // As a SimpleNet does, with a look at the clock after each operator.
  bool run_operators() {
    int64_t before = now_ns();
    for (size_t index = 0; index < operators_.size(); ++index) {
      if (!operators_[index]->Run()) return false;
      const int64_t after = now_ns();
      times_.ns[index] = after - before;
      before = after;
    }
    return true;
  }

  struct Output {
    std::string name;
    const caffe2::Blob* blob;
  };
  std::unique_ptr<caffe2::Workspace> workspace_;
  caffe2::NetBase* net_ = nullptr;  // owned by the workspace
  std::vector<Output> outputs_;
  std::vector<Memory> activations_;
  const bool profiled_;
  std::vector<caffe2::OperatorBase*> operators_;  // where it is profiled; owned by the net
  NodeTimes times_;
};

void run_caffe2_stage(const char* stage, const std::function<void()>& step) {
  run_stage(stage, [&] {
    try {
      step();
    } catch (const c10::Error& error) {
      rethrow_bare(error);
    }
  });
}

Caffe2Net::Caffe2Net(const ManifestNet& source, bool profiled)
    : Net(source.id), workspace_(new caffe2::Workspace()), profiled_(profiled) {
  const caffe2::NetDef init = parse(source.init, "init");
  caffe2::NetDef predict = parse(source.predict, "predict");
  if (predict.op_size() == 0) throw NetError("parse", "the predict net holds no operator");
  if (!predict.has_name()) predict.set_name("predict");  // the workspace takes no nameless net
  predict.set_type("simple");                            // the schedulers for many cores would be timed along

  const std::set<std::string> used = list_used_blobs(predict);
  run_caffe2_stage("init", [&] { run_init_net(init, used, workspace_.get()); });
  run_caffe2_stage("create", [&] {
    drop_unused_blobs(used, workspace_.get());
    net_ = workspace_->CreateNet(predict);
    if (net_ == nullptr) throw NetError("create", "the engine created no net and gave no reason");
    if (profiled) operators_ = net_->GetOperators();
    times_.ns.resize(operators_.size());
    const auto& last = predict.op(predict.op_size() - 1);
    const auto& names = predict.external_output_size() != 0 ? predict.external_output() : last.output();
    for (const std::string& name : names) {
      const caffe2::Blob* blob = workspace_->GetBlob(name);
      if (blob == nullptr) throw NetError("create", "no operator writes the external output " + name);
      outputs_.push_back({name, blob});
    }
    for (const auto& argument : predict.arg()) {
      if (argument.name() != "activations") continue;
      for (const std::string& name : argument.strings()) {
        const caffe2::Blob* blob = workspace_->GetBlob(name);
        const caffe2::Tensor* tensor = blob == nullptr ? nullptr : find_tensor(*blob);
        if (tensor == nullptr) throw NetError("create", "the activation " + name + " is no tensor that the init net fills");
        activations_.push_back({const_cast<void*>(tensor->raw_data()), tensor->nbytes()});
      }
    }
  });
}

std::vector<Net::Memory> Caffe2Net::outputs() const {
  std::vector<Memory> found;
  for (const Output& output : outputs_) {
    const caffe2::Tensor* tensor = find_tensor(*output.blob);
    if (tensor == nullptr || !tensor->dtype_initialized()) throw NetError("run", "the output " + output.name + " is no tensor");
    found.push_back({const_cast<void*>(tensor->raw_data()), tensor->nbytes()});
  }
  return found;
}

size_t Caffe2Net::bytes() const {
  size_t sum = 0;
  for (const std::string& name : workspace_->LocalBlobs()) {
    const caffe2::Tensor* tensor = find_tensor(*workspace_->GetBlob(name));
    if (tensor != nullptr && tensor->dtype_initialized()) sum += tensor->nbytes();
  }
  return sum;
}

std::string Caffe2Net::outputs_json() const {
  std::string json = "[";
  for (const Output& output : outputs_) {
    const caffe2::Tensor* tensor = find_tensor(*output.blob);
    json += (json.size() == 1 ? "" : ",") + tensor_json(output.name, tensor);
  }
  return json + "]";
}

}  // namespace

std::unique_ptr<Net> load_net(const ManifestNet& source, bool profiled) {
  return std::unique_ptr<Net>(new Caffe2Net(source, profiled));
}

}  // namespace speed_benchmark
