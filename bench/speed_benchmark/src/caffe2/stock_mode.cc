#include "engine.h"

#include <algorithm>
#include <iostream>

#include "caffe2/core/blob_serialization.h"
#include "caffe2/core/net.h"
#include "caffe2/core/workspace.h"
#include "caffe2/utils/proto_utils.h"
#include "clock.h"
#include "preemption.h"
#include "refusal.h"
#include "engine.h"

namespace speed_benchmark {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t start = 0;;) {
    const size_t end = text.find(separator, start);
    parts.push_back(text.substr(start, end == std::string::npos ? end : end - start));
    if (end == std::string::npos) return parts;
    start = end + 1;
  }
}

std::vector<int64_t> parse_dims(const std::string& text) {
  std::vector<int64_t> dims;
  for (const std::string& word : split(text, ',')) {
    if (word.empty() || word.size() > 9 || word.find_first_not_of("0123456789") != std::string::npos) {
      throw Refusal(kUsage, "--input_dims: " + text + " is no list of dimensions such as 1,3,224,224.");
    }
    dims.push_back(std::stoll(word));
  }
  return dims;
}

caffe2::NetDef read_net(const char* flag, const std::string& path) {
  if (path.empty()) throw Refusal(kUsage, std::string("--") + flag + " is needed. --help lists the flags.");
  caffe2::NetDef net;
  try {
    if (caffe2::ReadProtoFromFile(path, &net)) return net;
  } catch (const std::exception&) {  // a missing file is thrown, a broken one returns false
  }
  throw Refusal(kUnreadable, std::string("--") + flag + "=" + path + " is no readable NetDef.");
}

// Upstream leaves the values uninitialised; here they are fixed, because denormal floats slow a net down.
void create_input(const std::string& name, const std::string& dims, const std::string& type,
                  caffe2::Workspace* workspace) {
  caffe2::Tensor* tensor = caffe2::BlobGetMutableTensor(workspace->CreateBlob(name), caffe2::CPU);
  tensor->Resize(parse_dims(dims));
  if (type == "float") {
    std::fill_n(tensor->mutable_data<float>(), tensor->numel(), 0.5f);
  } else if (type == "uint8_t") {
    std::fill_n(tensor->mutable_data<uint8_t>(), tensor->numel(), uint8_t{128});
  } else {
    throw Refusal(kUsage, "--input_type: " + type + " must be float or uint8_t.");
  }
}

void create_inputs(const Options& options, caffe2::Workspace* workspace) {
  if (options.input.empty()) return;
  const auto names = split(options.input, ',');
  const auto dims = split(options.input_dims, ';');
  const auto types = split(options.input_type, ';');
  if (dims.size() != names.size() || types.size() != names.size()) {
    throw Refusal(kUsage, "--input names " + std::to_string(names.size()) + " blobs, --input_dims " +
                              std::to_string(dims.size()) + " and --input_type " + std::to_string(types.size()) +
                              "; the last two are separated by ';'.");
  }
  for (size_t i = 0; i < names.size(); ++i) create_input(names[i], dims[i], types[i], workspace);
}

void write_outputs(const Options& options, const caffe2::Workspace& workspace) {
  if (options.output.empty()) return;
  const std::string folder = options.output_folder.empty() ? "" : options.output_folder + "/";
  for (const std::string& name : options.output == "*" ? workspace.Blobs() : split(options.output, ',')) {
    const caffe2::Blob* blob = workspace.GetBlob(name);
    if (blob == nullptr) throw Refusal(kUsage, "--output: the net has no blob " + name + ".");
    if (!caffe2::WriteStringToFile(caffe2::SerializeBlob(*blob, name), (folder + name).c_str())) {
      throw Refusal(kUnreadable, "the output " + folder + name + " can't be written; its folder must exist.");
    }
  }
}

void warn_of_others(const std::string& runs) {
  std::cerr << "warning: other programs had the processor in " << runs
            << ", and their time is in the figures. Measure again on a quiet machine." << std::endl;
}

// Times whole runs and prints what Caffe2's own TEST_Benchmark prints. A run in which something else had the
// processor is made again, as long as patience lasts.
void time_whole_runs(int64_t warmup, int64_t iter, int64_t threads, caffe2::NetBase* net) {
  std::cout << "Starting benchmark.\nRunning warmup runs.\n";
  for (int64_t run = 0; run < warmup; ++run) CAFFE_ENFORCE(net->Run(), "Warmup run ", run, " has failed.");
  std::cout << "Main runs." << std::endl;
  Preemption preemption(threads);
  Patience patience;
  preemption.start();
  int64_t fit = 0, fit_ns = 0, all = 0, all_ns = 0;
  while (fit < iter && (all < iter || patience.left_ns() > 0)) {
    preemption.lap();
    const int64_t start = now_ns();
    CAFFE_ENFORCE(net->Run(), "Main run ", all, " has failed.");
    const int64_t took = now_ns() - start;
    ++all;
    all_ns += took;
    if (preemption.spoils(preemption.lap(), took)) {
      patience.spend(took);
    } else {
      ++fit;
      fit_ns += took;
    }
  }
  const bool spoilt = 2 * fit < iter;
  const double ms = spoilt ? 1e-6 * all_ns / all : 1e-6 * fit_ns / fit;
  std::cout << "Main run finished. Milliseconds per iter: " << ms << ". Iters per second: " << 1000 / ms << std::endl;
  if (spoilt) warn_of_others(std::to_string(all - fit) + " of " + std::to_string(all) + " runs");
}

// Leaves the time of each operator to Caffe2, which makes its runs in one go.
void time_operators(int64_t warmup, int64_t iter, int64_t threads, caffe2::NetBase* net) {
  Preemption preemption(threads);
  preemption.start();
  const int64_t start = now_ns();
  net->TEST_Benchmark(static_cast<int>(warmup), static_cast<int>(iter), true);
  if (preemption.spoils(preemption.lap(), now_ns() - start)) warn_of_others("these runs");
}

}  // namespace

int run_stock_mode(const Options& options) {
  set_threads(static_cast<int>(options.threads));
  const caffe2::NetDef init = read_net("init_net", options.init_net);
  caffe2::NetDef predict = read_net("net", options.net);
  if (!predict.has_name()) predict.set_name("benchmark");
  caffe2::Workspace workspace;
  try {
    if (!workspace.RunNetOnce(init)) throw Refusal(kNetFailed, "the init net failed.");
    create_inputs(options, &workspace);
    caffe2::NetBase* net = workspace.CreateNet(predict);
    if (net == nullptr || !net->Run()) throw Refusal(kNetFailed, "the net failed.");
    const int64_t warmup = std::max<int64_t>(options.protocol.warmup, 0);
    const int64_t iter = options.protocol.iter < 0 ? 10 : options.protocol.iter;
    (options.run_individual ? time_operators : time_whole_runs)(warmup, iter, options.threads, net);
    write_outputs(options, workspace);
  } catch (const c10::Error& error) {
    throw Refusal(kNetFailed, error.what_without_backtrace());
  }
  return kDone;
}

}  // namespace speed_benchmark
