#include "canary.h"

#include <time.h>

#include <algorithm>

#include "clock.h"

namespace speed_benchmark {
namespace {

constexpr int kRuns = 3;
constexpr size_t kRecorded = 8;  // each so-manieth time is taken from all runs, whatever the first says
constexpr size_t kFirstRuns = 200;
constexpr size_t kMostSeen = 4096;
constexpr int64_t kFreshNs = 200000;
constexpr timespec kNap = {0, 1000000};

// Who has the other half of the core leaves it now and then for less than a millisecond. And the first runs after a
// sleep find a processor that has gone to sleep too.
constexpr int64_t kSettledNs = 2000000;

// Twice what the first-level cache of any core holds, and a part of every second-level one. It is read once to be there
// and then as often as makes a time that the clock resolves well.
constexpr size_t kMemoryBytes = 128 << 10;
constexpr size_t kLineBytes = 64;
constexpr int kReads = 4;

void read_lines(const std::vector<uint64_t>& memory) {
  static volatile uint64_t result;  // or the compiler would leave the reading out
  uint64_t sum = 0;
  for (size_t at = 0; at < memory.size(); at += kLineBytes / sizeof(uint64_t)) sum += memory[at];
  result = sum;
}

}  // namespace

Canary::Canary(std::unique_ptr<Net> net, double share, CanaryTimes usual)
    : net_(std::move(net)), memory_(kMemoryBytes / sizeof(uint64_t), 1), share_(share), reference_(usual) {
  while (count_ < kFirstRuns) run();
  const CanaryTimes here = this->usual();
  if (reference_.net_ns == 0) reference_.net_ns = here.net_ns;
  if (reference_.memory_ns == 0) reference_.memory_ns = here.memory_ns;
}

bool Canary::is_slow(const CanaryTimes& took) const {
  const auto beyond = [this](int64_t ns, int64_t usual_ns) {
    return static_cast<double>(ns) > static_cast<double>(usual_ns) * (1 + share_);
  };
  return beyond(took.net_ns, reference_.net_ns) || beyond(took.memory_ns, reference_.memory_ns);
}

CanaryTimes Canary::look() { return now_ns() - last_end_ns_ < kFreshNs ? last_ : run(); }

CanaryTimes Canary::run() {
  const size_t number = count_++;
  const bool recorded = number < kFirstRuns || number % kRecorded == 0;
  CanaryTimes best = {INT64_MAX, INT64_MAX};
  net_->prepare_run();
  for (int i = 0; i < kRuns; ++i) {
    best.net_ns = std::min(best.net_ns, time_net());
    best.memory_ns = std::min(best.memory_ns, time_memory());
    if (!recorded && !is_slow(best)) break;
  }
  if (recorded) record(best);
  last_ = best;
  last_end_ns_ = now_ns();
  return best;
}

int64_t Canary::time_net() {
  const int64_t start = now_ns();
  net_->run_once();
  return now_ns() - start;
}

int64_t Canary::time_memory() {
  read_lines(memory_);
  const int64_t start = now_ns();
  for (int i = 0; i < kReads; ++i) read_lines(memory_);
  return now_ns() - start;
}

void Canary::record(const CanaryTimes& times) {
  if (seen_.size() < kMostSeen) {
    seen_.push_back(times);
  } else {
    seen_[next_++ % kMostSeen] = times;
  }
}

CanaryTimes Canary::wait_until_settled(int64_t patience_ns) {
  const int64_t deadline = now_ns() + patience_ns;
  CanaryTimes took = run();
  int64_t fast_since = now_ns();
  for (int64_t now = fast_since; now < deadline; now = now_ns()) {
    if (is_slow(took)) {
      nanosleep(&kNap, nullptr);
      fast_since = now_ns();
    } else if (now - fast_since >= kSettledNs) {
      break;
    }
    took = run();
  }
  return took;
}

CanaryTimes Canary::usual() const {
  const auto fast = [this](int64_t CanaryTimes::* part) {
    std::vector<int64_t> sorted;
    sorted.reserve(seen_.size());
    for (const CanaryTimes& times : seen_) sorted.push_back(times.*part);
    const auto tenth = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 10);
    std::nth_element(sorted.begin(), tenth, sorted.end());
    return *tenth;
  };
  return {fast(&CanaryTimes::net_ns), fast(&CanaryTimes::memory_ns)};
}

}  // namespace speed_benchmark
