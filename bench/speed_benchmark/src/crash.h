// Names the net that was running when the engine takes the process down.
#pragma once

namespace speed_benchmark {

// From now on, a signal that ends the process because of a mistake first writes the current crash line to `out`.
void report_crashes_to(int out);

// The line to write, with its end; it must stay where it is. Null: none.
void set_crash_line(const char* line);

}  // namespace speed_benchmark
