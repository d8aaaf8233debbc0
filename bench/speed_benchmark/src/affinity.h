// On which cores this process runs, and how fast they are clocked.
#pragma once

#include <cstdint>
#include <string>

namespace speed_benchmark {

// Binds the process to the cores of a hexadecimal mask ("0x3": cores 0 and 1) and reads the mask back.
// Must come before any thread is created: threads inherit it. Raises Refusal where it is not in force.
void pin_to(const std::string& mask);

// The mask in force, as "0x3".
std::string current_mask();

// The scaling frequency of the lowest core in force.
class Clock {
 public:
  Clock();
  ~Clock();
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  // In kHz; -1 where the system does not tell.
  int64_t khz() const;

 private:
  int fd_;
};

}  // namespace speed_benchmark
