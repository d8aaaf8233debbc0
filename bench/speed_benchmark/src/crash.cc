#include "crash.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <initializer_list>

namespace speed_benchmark {
namespace {

const char* volatile crash_line = nullptr;
int crash_out = -1;

// Only what a signal handler may call. The default action, restored by SA_RESETHAND, ends the process as it would
// have ended.
void report(int signal) {
  if (const char* line = crash_line) {
    if (write(crash_out, line, strlen(line)) < 0) crash_line = nullptr;
  }
  raise(signal);
}

}  // namespace

void report_crashes_to(int out) {
  crash_out = out;
  struct sigaction action = {};
  action.sa_handler = report;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(signal, &action, nullptr);
}

CrashLine::CrashLine(const char* line) { crash_line = line; }

CrashLine::~CrashLine() { crash_line = nullptr; }

}  // namespace speed_benchmark
