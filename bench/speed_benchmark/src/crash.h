// Names the net that was running when the engine takes the process down.
#pragma once

namespace speed_benchmark {

// From now on, a signal that ends the process because of a mistake first writes the current crash line to `out`.
void report_crashes_to(int out);

// The line to write while this lives, with its end. The line must outlive it.
class CrashLine {
 public:
  explicit CrashLine(const char* line);
  ~CrashLine();
  CrashLine(const CrashLine&) = delete;
  CrashLine& operator=(const CrashLine&) = delete;
};

}  // namespace speed_benchmark
