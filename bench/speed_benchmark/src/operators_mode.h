// Times what each net of a manifest is made of, inside its runs.
#pragma once

#include "options.h"

namespace speed_benchmark {

// Events go to `out` as in manifest mode; instead of figures of the net, `operators` holds those of its nodes in every
// profiled run, and the times of these runs and of plain ones, which alternate with them.
int run_operators_mode(const Options& options, int out);

}  // namespace speed_benchmark
