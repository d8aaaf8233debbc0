// How many threads an operator may use.
#pragma once

namespace speed_benchmark {

// Must come before the first net is created. Raises Refusal where the threads can't be had.
void set_threads(int count);

}  // namespace speed_benchmark
