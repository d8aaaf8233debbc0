// How nets are timed: each by itself, or in turns like the operators of one network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "canary.h"
#include "net.h"
#include "preemption.h"

namespace speed_benchmark {

struct Protocol {
  int64_t warmup = 5;        // runs before the timed ones, at most
  double warmup_share = 0;   // they end when fast and slow moving averages are so close; 0: never before `warmup`
  int64_t iter = 10;         // timed runs, at least
  int64_t most_iter = 0;     // timed runs, at most
  double p50_share = 0;      // they end when the medians are known so well; 0: always after `iter`
  double min_sample_us = 0;  // runs shorter than this are timed several at once
  int64_t turns = 1;         // so many nets take turns
  int64_t thrash_bytes = 0;  // so much other memory is read before each timed run
  int64_t fill_bytes = 0;    // a group too small reads at most so much a round in place of the nets it lacks
  int64_t round_bytes = 0;   // where it is set, any group reads just so much a round
};

struct Timing {
  std::vector<int64_t> warmup_ns, samples_ns;
  int64_t repeats = 1;
  int64_t engine_ns = 0;
  CanaryTimes canary_before = {-1, -1}, canary_after = {-1, -1};  // -1: there is no canary

  // Timed runs that are no samples: made while the canary was slow, or while something else had the processor.
  std::vector<int64_t> slow_ns, preempted_ns;
  const char* spoilt_by = nullptr;  // "canary" or "preempted": too few runs were fit, and the samples are not sure
};

// Bounds what a process spends on waiting for slow phases to end, and on making runs again.
class Patience {
 public:
  Patience();
  int64_t left_ns() const;
  void spend(int64_t ns) { spent_ns_ += ns; }

 private:
  const int64_t start_ns_;
  int64_t spent_ns_ = 0;
};

// A net of a group, and where its figures go.
struct Member {
  Net* net;
  std::string error;  // not empty: a run failed, and it takes no more turns
  Timing timing;
};

// Runs a net until it is warm, or once where it is to be warmed up in turns with others. Raises NetError.
void warm_up(const Protocol& protocol, Net* net, Timing* timing);

// Lets the members take turns, in an order drawn anew for each round from `seed`, until each has its samples.
// A member whose run fails is given its error and left out. A run that was preempted, or that a slow canary
// spoilt, is made again as long as patience lasts. The canary may be null.
void time_group(const Protocol& protocol, uint64_t seed, std::vector<Member>* members, Canary* canary,
                Preemption* preemption, Patience* patience);

// Whether the median is known within a share of itself: half the width of its 95 % confidence interval, taken
// from the order of the samples and thus for any distribution.
bool is_median_known(std::vector<int64_t> samples, double share);

}  // namespace speed_benchmark
