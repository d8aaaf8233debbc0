#include "affinity.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <cstdlib>

#include "refusal.h"

namespace speed_benchmark {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

cpu_set_t parse_mask(const std::string& mask) {
  const size_t start = mask.compare(0, 2, "0x") == 0 || mask.compare(0, 2, "0X") == 0 ? 2 : 0;
  cpu_set_t set;
  CPU_ZERO(&set);
  int cpu = 0;
  for (size_t at = mask.size(); at-- > start; cpu += 4) {
    const int digit = hex_digit(mask[at]);
    if (digit < 0) throw Refusal(kUsage, "--cpus=" + mask + " is no hexadecimal mask such as 0x3.");
    for (int bit = 0; bit < 4; ++bit) {
      if ((digit >> bit & 1) == 0) continue;
      if (cpu + bit >= CPU_SETSIZE) throw Refusal(kUsage, "--cpus=" + mask + " names a core beyond 1023.");
      CPU_SET(cpu + bit, &set);
    }
  }
  if (CPU_COUNT(&set) == 0) throw Refusal(kUsage, "--cpus=" + mask + " names no core.");
  return set;
}

cpu_set_t mask_in_force() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    throw Refusal(kDevice, std::string("the affinity of this process can't be read: ") + strerror(errno) + ".");
  }
  return set;
}

std::string format_mask(const cpu_set_t& set) {
  std::string digits;
  for (int cpu = CPU_SETSIZE - 4; cpu >= 0; cpu -= 4) {
    int digit = 0;
    for (int bit = 0; bit < 4; ++bit) digit |= CPU_ISSET(cpu + bit, &set) ? 1 << bit : 0;
    if (digit != 0 || !digits.empty()) digits += "0123456789abcdef"[digit];
  }
  return "0x" + digits;
}

}  // namespace

void pin_to(const std::string& mask) {
  const cpu_set_t wanted = parse_mask(mask);
  if (sched_setaffinity(0, sizeof wanted, &wanted) != 0) {
    throw Refusal(kDevice, "--cpus=" + mask + " can't be set here: " + strerror(errno) + "; in force is " +
                               current_mask() + ".");
  }
  // The kernel silently drops cores that are offline or that a cpuset forbids.
  const cpu_set_t got = mask_in_force();
  if (!CPU_EQUAL(&wanted, &got)) {
    throw Refusal(kDevice, "asked for --cpus=" + format_mask(wanted) + ", in force is " + format_mask(got) +
                               ": some of these cores are offline or not allowed.");
  }
}

std::string current_mask() { return format_mask(mask_in_force()); }

Clock::Clock() : fd_(-1) {
  const cpu_set_t set = mask_in_force();
  int cpu = 0;
  while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &set)) ++cpu;
  const std::string path = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/scaling_cur_freq";
  fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

Clock::~Clock() {
  if (fd_ >= 0) close(fd_);
}

int64_t Clock::khz() const {
  char text[32];
  const ssize_t size = fd_ < 0 ? -1 : pread(fd_, text, sizeof text - 1, 0);
  if (size <= 0) return -1;
  text[size] = '\0';
  const long long value = strtoll(text, nullptr, 10);  // "<unknown>" gives 0
  return value > 0 ? value : -1;
}

}  // namespace speed_benchmark
