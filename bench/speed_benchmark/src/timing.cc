#include "timing.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "caches.h"
#include "clock.h"
#include "crash.h"
#include "order.h"

namespace speed_benchmark {
namespace {

constexpr int64_t kMostRepeats = 1000000;

// So long the processor is trusted between two looks at the canary. Slow phases last from milliseconds to minutes.
constexpr int64_t kChunkNs = 2000000;

// Who shares a processor finds other branch predictions and caches each time it comes back. Of nets that take turns, a
// run as short as this may then differ by more than a tenth though it was not interrupted itself.
constexpr int64_t kShortNs = 100000;
constexpr double kSharedTime = 0.02;  // of the time lost to others, and not at one time only: the processor is shared
constexpr int64_t kSharedRuns = 3;

// With every round nets that take turns get a little quicker, as branch predictors learn: more rounds than so many
// times those asked for would time another state than that of a network.
constexpr int64_t kMostRounds = 2;

constexpr int64_t kFirstPatienceNs = 500000000;
constexpr double kPatientShare = 0.75;  // of a process's time
constexpr int64_t kWaitNs = 50000000;

// So many members of a group need not be steady: a few never are, and all would wait for them.
constexpr double kOtherShare = 0.1;

bool averages_agree(const std::vector<int64_t>& runs, double share) {
  if (runs.size() < 3) return false;
  // The first run is left out: it allocates what the others reuse.
  double fast = static_cast<double>(runs[1]);
  double slow = fast;
  for (size_t i = 2; i < runs.size(); ++i) {
    fast += 0.7 * (static_cast<double>(runs[i]) - fast);
    slow += 0.4 * (static_cast<double>(runs[i]) - slow);
  }
  return std::abs(fast - slow) <= share * slow;
}

int64_t choose_repeats(const Protocol& protocol, const Timing& timing) {
  // In turns, and with other memory read before, a run is as asked for only once.
  if (protocol.min_sample_us <= 0 || protocol.turns > 1 || protocol.thrash_bytes > 0) return 1;
  const double enough_ns = protocol.min_sample_us * 1000;
  const int64_t one = std::max<int64_t>(1, *std::min_element(timing.warmup_ns.begin(), timing.warmup_ns.end()));
  if (static_cast<double>(one) >= enough_ns) return 1;
  return std::min(static_cast<int64_t>(std::min(enough_ns / static_cast<double>(one), 1e9)) + 1, kMostRepeats);
}

class GroupTiming {
 public:
  GroupTiming(const Protocol& protocol, uint64_t seed, std::vector<Member>* members, Canary* canary,
              Preemption* preemption, Patience* patience)
      : protocol_(protocol),
        seed_(seed),
        members_(*members),
        canary_(canary),
        preemption_(*preemption),
        patience_(*patience),
        fill_(choose_fill()),
        other_memory_(static_cast<size_t>(protocol.thrash_bytes) + fill_),
        touched_(protocol.turns > 1 || protocol.thrash_bytes > 0),
        most_samples_(static_cast<size_t>(
            protocol.p50_share > 0 ? std::max(protocol.iter, protocol.most_iter) : protocol.iter)) {}

  void make() {
    // Every vector has its room before the first run: next to nothing happens between two samples.
    for (Member& member : members_) {
      member.timing.samples_ns.reserve(most_samples_);
      member.timing.repeats = choose_repeats(protocol_, member.timing);
    }
    chunk_.reserve(members_.size());
    if (protocol_.turns > 1) warm_up_in_turns();
    if (canary_ != nullptr) canary_before_ = canary_->look();
    preemption_.start();
    start_ns_ = now_ns();
    for (int64_t round = 0; !is_enough(round); ++round) {
      const int64_t start = now_ns();
      order_ = draw_order(members_.size(), seed_, round);
      for (size_t next = 0; next < order_.size();) next = run_chunk(next);
      if (round >= protocol_.iter && !goes_on(round)) patience_.spend(now_ns() - start);
    }
    for (Member& member : members_) conclude(&member.timing);
  }

 private:
  struct Run {
    size_t member;
    int64_t ns;
    bool preempted;
  };

  // What the nets that a full group would have besides these would read between two runs of one of these.
  size_t choose_fill() const {
    if (protocol_.round_bytes > 0) return static_cast<size_t>(protocol_.round_bytes);
    if (protocol_.fill_bytes == 0 || members_.empty()) return 0;
    double bytes = 0;
    for (const Member& member : members_) bytes += static_cast<double>(member.net->bytes());
    const auto count = static_cast<double>(members_.size());
    const double lacking = std::max(0.0, static_cast<double>(protocol_.turns) - count);
    return static_cast<size_t>(std::min(bytes / count * lacking, static_cast<double>(protocol_.fill_bytes)));
  }

  // Rounds beyond those asked for replace runs that were thrown away.
  bool is_enough(int64_t rounds) const {
    if (rounds < protocol_.iter || goes_on(rounds)) return false;
    if (patience_.left_ns() <= 0 || (protocol_.turns > 1 && rounds >= kMostRounds * protocol_.iter)) return true;
    return std::all_of(members_.begin(), members_.end(), [&](const Member& member) {
      return !member.error.empty() || static_cast<int64_t>(member.timing.samples_ns.size()) >= protocol_.iter;
    });
  }

  // Whether the protocol itself asks for more rounds, until medians are known.
  bool goes_on(int64_t rounds) const {
    if (protocol_.p50_share <= 0 || rounds >= protocol_.most_iter) return false;
    return !are_nearly_all([&](const Member& member) {
      return is_median_known(member.timing.samples_ns, protocol_.p50_share);
    });
  }

  // Every member has run once by itself. The other runs of the warm-up are made in turns too: from runs of one
  // net alone a processor learns what it does not know in turns.
  void warm_up_in_turns() {
    preemption_.start();
    for (int64_t round = 1; round < protocol_.warmup && !are_warm(); ++round) {
      chunk_.clear();
      for (const size_t index : draw_order(members_.size(), seed_, -round)) run_member(index);
      for (const Run& run : chunk_) members_[run.member].timing.warmup_ns.push_back(run.ns);
    }
  }

  bool are_warm() const {
    if (protocol_.warmup_share <= 0) return false;
    return are_nearly_all([&](const Member& member) {
      return averages_agree(member.timing.warmup_ns, protocol_.warmup_share);
    });
  }

  // Whether something holds for all members that still run but a few.
  template <typename Condition>
  bool are_nearly_all(const Condition& holds) const {
    const auto others = std::count_if(members_.begin(), members_.end(), [&](const Member& member) {
      return member.error.empty() && !holds(member);
    });
    return static_cast<double>(others) <= kOtherShare * static_cast<double>(members_.size());
  }

  // Runs members from a place in the order on, until the canary is due; gives the place behind the last. What a
  // slow canary spoilt is run again at once; what was preempted, in another round.
  size_t run_chunk(size_t first) {
    for (;;) {
      const bool settled = canary_ == nullptr || wait_for_canary();
      chunk_.clear();
      const int64_t start = now_ns();
      preemption_.lap();
      size_t next = first;
      do {
        run_member(order_[next++]);
      } while (next < order_.size() && (canary_ == nullptr || now_ns() - start < kChunkNs));
      if (canary_ == nullptr) return keep_chunk(next, true);
      const CanaryTimes after = canary_->run();
      const bool good = settled && !canary_->is_slow(after);
      const bool last = good || patience_.left_ns() <= 0;
      if (last) canary_after_ = after;
      keep_chunk(next, good);
      if (last) return next;
      patience_.spend(now_ns() - start);
    }
  }

  void run_member(size_t index) {
    Member& member = members_[index];
    if (!member.error.empty()) return;
    const CrashLine named(member.net->crash_line());
    other_memory_.read(static_cast<size_t>(protocol_.thrash_bytes) + fill_ / members_.size());
    member.net->prepare_run();
    if (touched_) touch(member.net->activations());
    try {
      run_stage("run", [&] {
        const int64_t repeats = member.timing.repeats;
        const int64_t start = now_ns();
        for (int64_t run = 0; run < repeats; ++run) member.net->run_once();
        const int64_t took = now_ns() - start;
        member.timing.engine_ns += took;
        const int64_t lost = preemption_.lap();
        lost_ns_ += lost;
        const bool preempted = preemption_.spoils(lost, took);
        preempted_runs_ += preempted ? 1 : 0;
        chunk_.push_back({index, took / repeats, preempted});
      });
    } catch (const NetError& error) {
      member.error = error.what();
    }
  }

  size_t keep_chunk(size_t next, bool settled) {
    for (const Run& run : chunk_) {
      Timing& timing = members_[run.member].timing;
      if (run.preempted) {
        timing.preempted_ns.push_back(run.ns);
      } else if (!settled) {
        timing.slow_ns.push_back(run.ns);
      } else if (timing.samples_ns.size() < most_samples_) {  // else it only took its turn for the others' sake
        timing.samples_ns.push_back(run.ns);
      }
    }
    return next;
  }

  bool wait_for_canary() {
    if (!canary_->is_slow(canary_->look())) return true;
    const int64_t start = now_ns();
    const CanaryTimes took = canary_->wait_until_settled(std::min(kWaitNs, patience_.left_ns()));
    patience_.spend(now_ns() - start);
    return !canary_->is_slow(took);
  }

  bool is_shared() const {
    if (protocol_.turns <= 1 || preempted_runs_ < kSharedRuns) return false;
    return static_cast<double>(lost_ns_) > kSharedTime * static_cast<double>(now_ns() - start_ns_);
  }

  // Where half of the runs asked for are fit, they are the figures. Else those that there are, or at worst the
  // latest spoilt ones, and that is said.
  void conclude(Timing* timing) const {
    timing->canary_before = canary_before_;
    timing->canary_after = canary_after_;
    const auto fit = static_cast<int64_t>(timing->samples_ns.size());
    if (is_shared() && fit > 0 && timing->samples_ns[0] < kShortNs) timing->spoilt_by = "preempted";
    if (2 * fit >= protocol_.iter) return;
    const bool slow = timing->slow_ns.size() > timing->preempted_ns.size();
    timing->spoilt_by = slow ? "canary" : "preempted";
    if (!timing->samples_ns.empty()) return;
    std::vector<int64_t>& spoilt = slow ? timing->slow_ns : timing->preempted_ns;
    const auto latest = spoilt.end() - std::min<std::ptrdiff_t>(protocol_.iter, spoilt.end() - spoilt.begin());
    timing->samples_ns.assign(latest, spoilt.end());
    spoilt.erase(latest, spoilt.end());
  }

  const Protocol& protocol_;
  const uint64_t seed_;
  std::vector<Member>& members_;
  Canary* const canary_;
  Preemption& preemption_;
  Patience& patience_;
  const size_t fill_;
  OtherMemory other_memory_;
  const bool touched_;
  const size_t most_samples_;
  std::vector<size_t> order_;
  std::vector<Run> chunk_;
  CanaryTimes canary_before_ = {-1, -1}, canary_after_ = {-1, -1};
  int64_t start_ns_ = 0, lost_ns_ = 0;  // when timed runs began, and how much of the time since went to others
  int64_t preempted_runs_ = 0;
};

}  // namespace

Patience::Patience() : start_ns_(now_ns()) {}

int64_t Patience::left_ns() const {
  return kFirstPatienceNs + static_cast<int64_t>(kPatientShare * static_cast<double>(now_ns() - start_ns_)) - spent_ns_;
}

void warm_up(const Protocol& protocol, Net* net, Timing* timing) {
  timing->warmup_ns.reserve(static_cast<size_t>(protocol.warmup));
  const int64_t most = protocol.turns > 1 ? std::min<int64_t>(protocol.warmup, 1) : protocol.warmup;
  const CrashLine named(net->crash_line());
  run_stage("warmup", [&] {
    for (int64_t i = 0; i < most; ++i) {
      net->prepare_run();
      const int64_t start = now_ns();
      net->run_once();
      timing->warmup_ns.push_back(now_ns() - start);
      timing->engine_ns += timing->warmup_ns.back();
      if (protocol.warmup_share > 0 && averages_agree(timing->warmup_ns, protocol.warmup_share)) return;
    }
  });
}

void time_group(const Protocol& protocol, uint64_t seed, std::vector<Member>* members, Canary* canary,
                Preemption* preemption, Patience* patience) {
  GroupTiming(protocol, seed, members, canary, preemption, patience).make();
}

bool is_median_known(std::vector<int64_t> samples, double share) {
  std::sort(samples.begin(), samples.end());
  const auto count = static_cast<double>(samples.size());
  const double reach = 0.98 * std::sqrt(count);  // 1.96 standard deviations of a binomial count with p = 1/2
  const double last = count - 1;
  const auto at = [&](double rank) {
    return static_cast<double>(samples[static_cast<size_t>(std::min(last, std::max(0.0, std::round(rank))))]);
  };
  return at(last / 2 + reach) - at(last / 2 - reach) <= 2 * share * at(last / 2);
}

}  // namespace speed_benchmark
