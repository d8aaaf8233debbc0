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

}  // namespace

Canary::Canary(std::unique_ptr<Net> net, double share, int64_t reference_ns)
    : net_(std::move(net)), share_(share), reference_ns_(reference_ns) {
  while (count_ < kFirstRuns) run();
  if (reference_ns_ == 0) reference_ns_ = usual_ns();
}

int64_t Canary::look() { return now_ns() - last_end_ns_ < kFreshNs ? last_ns_ : run(); }

int64_t Canary::run() {
  const size_t number = count_++;
  const bool recorded = number < kFirstRuns || number % kRecorded == 0;
  int64_t best = INT64_MAX;
  net_->prepare_run();
  for (int i = 0; i < kRuns; ++i) {
    const int64_t start = now_ns();
    net_->run_once();
    best = std::min(best, now_ns() - start);
    if (!recorded && !is_slow(best)) break;
  }
  if (recorded) record(best);
  last_ns_ = best;
  last_end_ns_ = now_ns();
  return best;
}

void Canary::record(int64_t ns) {
  if (seen_ns_.size() < kMostSeen) {
    seen_ns_.push_back(ns);
  } else {
    seen_ns_[next_++ % kMostSeen] = ns;
  }
}

int64_t Canary::wait_until_settled(int64_t patience_ns) {
  const int64_t deadline = now_ns() + patience_ns;
  int64_t took = run();
  while (is_slow(took) && now_ns() < deadline) {
    nanosleep(&kNap, nullptr);
    took = run();
  }
  return took;
}

int64_t Canary::usual_ns() const {
  std::vector<int64_t> sorted = seen_ns_;
  const auto fifth = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 5);
  std::nth_element(sorted.begin(), fifth, sorted.end());
  return *fifth;
}

}  // namespace speed_benchmark
