// One net, timed by Caffe2's own TEST_Benchmark: what the upstream program of this name does.
#pragma once

#include "options.h"

namespace speed_benchmark {

// Prints what TEST_Benchmark prints, on stdout; writes the blobs that --output asks for.
int run_stock_mode(const Options& options);

}  // namespace speed_benchmark
