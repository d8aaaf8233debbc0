// What an engine gives besides its nets (see net.h). One of the folders here is linked to the rest.
#pragma once

#include "options.h"

namespace speed_benchmark {

// Says how many threads an operator may use. Must come before the first net is made. Raises Refusal where the
// threads can't be had.
void set_threads(int count);

// One net, timed and told as the engine's own program does it. Raises Refusal where the engine has none.
int run_stock_mode(const Options& options);

}  // namespace speed_benchmark
