// One net of a manifest, made ready to run.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "caffe2/core/workspace.h"
#include "manifest.h"

namespace speed_benchmark {

// What the engine says to a net it can't load or run. An expected result, reported as data.
class NetError : public std::runtime_error {
 public:
  NetError(const char* stage, const std::string& message) : std::runtime_error(message), stage(stage) {}
  const char* const stage;  // parse, init, create, warmup or run
};

// Calls `step`; whatever it throws becomes a NetError of that stage, one line of at most 600 bytes.
void run_stage(const char* stage, const std::function<void()>& step);

class LoadedNet {
 public:
  // Parses both nets, runs the init net, drops the blobs that the predict net does not use (a fill
  // operator's float original is four times its quantised copy) and creates the predict net.
  explicit LoadedNet(const ManifestNet& source);

  // The leanest way to run it once: a SimpleNet calls its operators one after the other. Only a false
  // result or an exception tells of a failure.
  void run_once() {
    if (!net_->Run()) throw std::runtime_error("the engine reported a failed run and no reason");
  }

  // Where the values lie that another operator would just have written: of the inputs that the predict net
  // lists in its argument "activations". Only meaningful after a run.
  struct Memory {
    void* start;
    size_t bytes;
  };
  const std::vector<Memory>& activations() const { return activations_; }

  // The bytes of all inputs and outputs. Only meaningful after a run.
  size_t bytes() const;

  // The event that names this net when the process crashes in a run of it.
  const char* crash_line() const { return crash_line_.c_str(); }

  // Name, shape and data type of every external output (of the last operator's outputs where the net
  // names none), as JSON. Only meaningful after a run.
  std::string outputs_json() const;

 private:
  struct Output {
    std::string name;
    const caffe2::Blob* blob;
  };
  const std::string crash_line_;
  std::unique_ptr<caffe2::Workspace> workspace_;
  caffe2::NetBase* net_ = nullptr;  // owned by the workspace
  std::vector<Output> outputs_;
  std::vector<Memory> activations_;
};

}  // namespace speed_benchmark
