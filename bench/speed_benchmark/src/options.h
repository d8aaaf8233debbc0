// The command line.
#pragma once

#include <cstdint>
#include <string>

#include "timing.h"

namespace speed_benchmark {

inline Protocol unset_protocol() {
  Protocol protocol;
  protocol.warmup = protocol.iter = -1;
  return protocol;
}

struct Options {
  // Stock mode, upstream's names.
  std::string net, init_net, input, input_dims, input_type, output, output_folder;
  bool run_individual = false;

  // Manifest mode.
  std::string manifest;
  int64_t passes = 1;
  bool values = false;    // run each net once and report what it computed
  bool operators = false;  // time the nodes of each net inside its runs
  bool shuffled = false;  // true when --seed was given
  uint64_t seed = 0;
  std::string canary;  // a net's id
  double canary_share = 0.1;
  int64_t canary_ns = 0;
  int64_t canary_memory_ns = 0;
  int64_t gaps_ms = 0;

  // Both. Unset warm-up and iterations (-1) become the mode's own defaults; stock mode knows nothing else of it.
  Protocol protocol = unset_protocol();
  int64_t threads = 1;
  std::string cpus;

  bool help = false;
  bool version = false;
};

extern const char kUsageText[];

// Takes `--flag=value`, `--flag value` and, for the switches, a bare `--flag`; one dash or two, and
// '-' and '_' within a name are the same. Raises Refusal naming the flag.
Options parse_options(int argc, char** argv);

}  // namespace speed_benchmark
