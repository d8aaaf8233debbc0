// speed_benchmark: times Caffe2 nets with the real engine. bind_now.cc has run before this.
#include <stdio.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>

#include "affinity.h"
#include "manifest_mode.h"
#include "operators_mode.h"
#include "options.h"
#include "refusal.h"
#include "values_mode.h"
#include "engine.h"

namespace speed_benchmark {
namespace {

// Gives our lines a descriptor of their own and lets whatever libtorch prints go to stderr.
int take_stdout() {
  fflush(stdout);
  const int out = dup(STDOUT_FILENO);
  if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) throw Refusal(kDevice, "stdout or stderr is closed.");
  return out;
}

int run(const Options& options) {
  if (options.help) return fputs(kUsageText, stdout) < 0 ? 1 : kDone;
  if (options.version) return puts("speed_benchmark 1, " SPEED_BENCHMARK_ENGINE) < 0 ? 1 : kDone;
  const char* bound = getenv("LD_BIND_NOW");
  if (bound == nullptr || *bound == '\0') throw Refusal(kDevice, "LD_BIND_NOW=1 is not in force; set it and start again.");
  if (options.manifest.empty() && options.net.empty()) throw Refusal(kUsage, "--manifest or --net is needed. --help lists the flags.");
  if (!options.manifest.empty() && !options.net.empty()) throw Refusal(kUsage, "--manifest and --net exclude each other.");
  if (!options.cpus.empty()) pin_to(options.cpus);
  if (options.manifest.empty()) return run_stock_mode(options);
  if (options.values && options.operators) throw Refusal(kUsage, "--values and --operators exclude each other.");
  const auto run_mode = options.values ? run_values_mode : options.operators ? run_operators_mode : run_manifest_mode;
  return run_mode(options, take_stdout());
}

}  // namespace
}  // namespace speed_benchmark

int main(int argc, char** argv) {
  int code = 1;
  try {
    code = speed_benchmark::run(speed_benchmark::parse_options(argc, argv));
  } catch (const speed_benchmark::Refusal& refusal) {
    std::cerr << "speed_benchmark: " << refusal.what() << std::endl;
    code = refusal.code;
  } catch (const std::exception& error) {
    std::cerr << "speed_benchmark: " << error.what() << std::endl;
  }
  std::cout.flush();
  fflush(nullptr);
  _exit(code);  // without libtorch's own tear-down, which takes longer than many a run
}
