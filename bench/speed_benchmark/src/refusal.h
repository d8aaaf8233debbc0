// How this program says no: one sentence on stderr and an exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace speed_benchmark {

enum ExitCode {
  kDone = 0,       // also when single nets of a manifest failed: those are data
  kUsage = 2,      // a flag that is unknown, or a value that makes no sense
  kDevice = 3,     // this machine does not do what was asked: affinity, eager binding
  kUnreadable = 4, // a file that can't be read, or a manifest that is malformed
  kNetFailed = 6,  // stock mode only: the engine refused the net
};

class Refusal : public std::runtime_error {
 public:
  Refusal(ExitCode code, const std::string& sentence) : std::runtime_error(sentence), code(code) {}
  const ExitCode code;
};

}  // namespace speed_benchmark
