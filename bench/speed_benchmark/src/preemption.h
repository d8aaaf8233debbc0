// Tells when something else had the processor while a net ran: another process, or another tenant of the machine.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace speed_benchmark {

// Watches stretches of time, from one `lap` to the next.
//
// With one thread, what is lost is the time that passed less the processor time of this thread: a net never sleeps.
// With several, threads sleep while they wait for each other; there it is the longest that a thread of this process
// was ready to run and did not (the kernel's schedstat). Where the kernel does not tell, each involuntary switch of
// a thread counts for kSwitchNs.
class Preemption {
 public:
  explicit Preemption(int64_t threads);
  ~Preemption();
  Preemption(const Preemption&) = delete;
  Preemption& operator=(const Preemption&) = delete;

  // Begins a stretch. Threads that are created later are seen from the next call on.
  void start();

  // Ends a stretch and begins the next one; gives the nanoseconds lost in it.
  int64_t lap();

  // Whether so much lost falsifies a stretch that took so long.
  bool spoils(int64_t lost_ns, int64_t took_ns) const;

 private:
  class Threads;

  const bool single_;
  std::unique_ptr<Threads> threads_;
  int64_t wall_ns_ = 0, processor_ns_ = 0;
  int64_t own_ns_ = 0;  // what a look loses by itself
};

}  // namespace speed_benchmark
