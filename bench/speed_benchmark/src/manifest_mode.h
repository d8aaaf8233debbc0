// Times every net of a manifest and reports each as one JSON line.
#pragma once

#include "options.h"

namespace speed_benchmark {

// Events go to `out`, one line each, written at once. For each net and pass, in this order:
//   load   before the net is created, at its first visit
//   begin  before it runs
//   net    its figures, or
//   error  why it has none; it is not visited again
// with `start` before the first and `end` behind the last. So when the engine takes the process down, the
// last line names the net and whether it was being loaded or run.
int run_manifest_mode(const Options& options, int out);

}  // namespace speed_benchmark
