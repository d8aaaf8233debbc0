// Runs every net of a manifest once and reports what it computed.
#pragma once

#include "options.h"

namespace speed_benchmark {

// Events go to `out` as in manifest mode; instead of figures, `values` holds each output's bytes in hexadecimal.
int run_values_mode(const Options& options, int out);

}  // namespace speed_benchmark
