#include "preemption.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "clock.h"

namespace speed_benchmark {
namespace {

// A stretch is spoilt by the loss of so much of it, and of more than what clocks and wake-ups cost.
constexpr double kLostShare = 0.02;
constexpr int64_t kLeastNs = 5000;
constexpr int64_t kLeastOfThreadsNs = 30000;

constexpr int64_t kSwitchNs = 1000000;  // a time slice is a few of these

int64_t processor_time_ns() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return int64_t{1000000000} * t.tv_sec + t.tv_nsec;
}

int64_t involuntary_switches() {
  rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nivcsw : 0;
}

}  // namespace

// How long each thread of this process was ready and did not run.
class Preemption::Threads {
 public:
  ~Threads() { forget(); }

  void find() {
    forget();
    DIR* tasks = opendir("/proc/self/task");
    if (tasks == nullptr) return;
    while (const dirent* entry = readdir(tasks)) {
      if (entry->d_name[0] == '.') continue;
      const std::string path = std::string("/proc/self/task/") + entry->d_name + "/schedstat";
      const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd >= 0) threads_.push_back({fd, read_ns(fd)});
    }
    closedir(tasks);
    switches_ = involuntary_switches();
  }

  // The most that one of them waited since the last call.
  int64_t waited_ns() {
    if (threads_.empty()) {
      const int64_t before = switches_;
      switches_ = involuntary_switches();
      return (switches_ - before) * kSwitchNs;
    }
    int64_t most = 0;
    for (Thread& thread : threads_) {
      const int64_t before = thread.waited_ns;
      thread.waited_ns = read_ns(thread.fd);
      most = std::max(most, thread.waited_ns - before);
    }
    return most;
  }

 private:
  struct Thread {
    int fd;
    int64_t waited_ns;
  };

  // The second of schedstat's three numbers: nanoseconds spent in a run queue.
  static int64_t read_ns(int fd) {
    char text[96];
    const ssize_t size = pread(fd, text, sizeof text - 1, 0);
    if (size <= 0) return 0;
    text[size] = '\0';
    char* end = nullptr;
    strtoll(text, &end, 10);
    return strtoll(end, nullptr, 10);
  }

  void forget() {
    for (const Thread& thread : threads_) close(thread.fd);
    threads_.clear();
  }

  std::vector<Thread> threads_;
  int64_t switches_ = 0;
};

Preemption::Preemption(int64_t threads) : single_(threads == 1), threads_(single_ ? nullptr : new Threads()) {}

Preemption::~Preemption() = default;

void Preemption::start() {
  if (!single_) {
    threads_->find();
    return;
  }
  // Where system calls are traced or emulated, the look itself loses time.
  own_ns_ = 0;
  lap();
  std::array<int64_t, 9> looks;
  for (int64_t& look : looks) look = lap();
  std::sort(looks.begin(), looks.end());
  own_ns_ = looks[looks.size() / 2];
}

int64_t Preemption::lap() {
  if (!single_) return threads_->waited_ns();
  const int64_t wall_before = wall_ns_, processor_before = processor_ns_;
  processor_ns_ = processor_time_ns();
  wall_ns_ = now_ns();
  return std::max<int64_t>(0, (wall_ns_ - wall_before) - (processor_ns_ - processor_before) - own_ns_);
}

bool Preemption::spoils(int64_t lost_ns, int64_t took_ns) const {
  return lost_ns > (single_ ? kLeastNs + 2 * own_ns_ : kLeastOfThreadsNs) &&
         static_cast<double>(lost_ns) > kLostShare * static_cast<double>(took_ns);
}

}  // namespace speed_benchmark
