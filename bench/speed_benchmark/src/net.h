// One net of a manifest, made ready to run by an engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

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

// What the nodes of a net took in one run of it.
struct NodeTimes {
  std::vector<int64_t> ns;   // of each node in the net's order; -1: the engine's figures can't be matched to it
  int64_t unmatched_ns = 0;  // what the engine tells of no node that is known
};

class Net {
 public:
  explicit Net(const std::string& id);
  virtual ~Net() = default;

  // Runs it once, in the leanest way that the engine has. Throws what tells of a failure.
  virtual void run_once() = 0;

  // Called before each run that is timed, outside its time.
  virtual void prepare_run() {}

  // Where the values lie that another operator would just have written. Only meaningful after a run.
  struct Memory {
    void* start;
    size_t bytes;
  };
  virtual const std::vector<Memory>& activations() const = 0;

  // What it has computed. Only meaningful after a run, and until the next of any net.
  virtual std::vector<Memory> outputs() const = 0;

  // The bytes of all inputs and outputs. Only meaningful after a run.
  virtual size_t bytes() const = 0;

  // Name, shape and data type of every output, as JSON. Only meaningful after a run.
  virtual std::string outputs_json() const = 0;

  // What its nodes took in the last run. Only of a net that was loaded to be profiled.
  virtual NodeTimes node_times() const = 0;

  // How finely the engine tells these times.
  virtual int64_t resolution_ns() const = 0;

  // The event that names this net when the process crashes in a run of it.
  const char* crash_line() const { return crash_line_.c_str(); }

 private:
  const std::string crash_line_;
};

// Makes a net ready to run: reads its two parts, fills its parameters and inputs. One that is profiled takes the time
// of its nodes in every run, and is slower for it. Raises NetError.
std::unique_ptr<Net> load_net(const ManifestNet& source, bool profiled = false);

}  // namespace speed_benchmark
