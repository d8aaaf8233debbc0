#include "options.h"

#include <errno.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>

#include "refusal.h"

namespace speed_benchmark {

const char kUsageText[] =
    R"(speed_benchmark: times Caffe2 nets on the QNNPACK engine.

One net, with the flags and the output of Caffe2's own speed_benchmark:
  --net FILE            the net to time (.pb or .pbtxt)
  --init_net FILE       the net that fills its parameters, run once
  --input NAME[,…]      blobs to create before the first run
  --input_dims D,D;…    their dimensions, one group per input
  --input_type T;…      float or uint8_t, one per input
  --warmup N            runs before the timed ones (0)
  --iter N              timed runs (10)
  --run_individual      also time every operator by itself
  --output NAME[,…]|*   blobs to write to --output_folder after the last run
  --output_folder DIR   must exist

Many nets in one process, one JSON line per net and pass on stdout:
  --manifest FILE       the nets; - is stdin
  --passes N            how often to go through all nets (1)
  --warmup N --iter N   per net and pass (5, 10)
  --warmup-share X      end the warm-up when its moving averages are within this share (0: never)
  --most-iter N         go on up to so many timed runs …
  --p50-share X         … until the median is known within this share of itself (0: never go on)
  --min-sample-us X     run shorter nets several times per sample (0: never)
  --turns N             let so many neighbours of the manifest take turns, one run each, and of the warm-up all
                        but the first; each pass then loads them anew (1)
  --thrash-bytes N      read so much other memory before each timed run (0)
  --fill-bytes N        a group too small reads at most so much other memory a round, as if it were full (0)
  --round-bytes N       whatever its size, a group reads so much other memory a round (0: as --fill-bytes says)
  --canary ID           this net of the manifest tells slow phases, in which no figure is taken
  --canary-share X      by how much the canary may be slower (0.1)
  --canary-ns N         what it takes in a fast phase (0: what it takes at first)
  --canary-memory-ns N  the same, of the memory that is read beside it (0)
  --gaps-ms N           watch for so long, at first and at last, when the system takes the processor away (0)
  --values              run every net once instead, and print the bytes of its outputs
  --operators           time what each net is made of inside its runs, and runs of it without that, in turns
  --seed S              visit the nets of each pass in an order drawn from S

Both:
  --threads N           threads of one operator (1)
  --cpus MASK           the cores to run on, as taskset writes them (0x1)
  --version --help

Example: speed_benchmark --manifest nets.bin --passes 3 --cpus 0x1
)";

namespace {

constexpr int64_t kMostBytes = int64_t{1} << 30;
constexpr int64_t kMostCanaryNs = 1000000000;

int64_t parse_count(const std::string& flag, const std::string& value, int64_t least, int64_t most) {
  errno = 0;
  char* end = nullptr;
  const long long number = strtoll(value.c_str(), &end, 10);
  if (value.empty() || *end != '\0' || errno != 0 || number < least || number > most) {
    throw Refusal(kUsage, "--" + flag + "=" + value + " must be a whole number from " + std::to_string(least) +
                              " to " + std::to_string(most) + ".");
  }
  return number;
}

double parse_share(const std::string& flag, const std::string& value) {
  char* end = nullptr;
  const double number = strtod(value.c_str(), &end);
  if (value.empty() || *end != '\0' || !std::isfinite(number) || number < 0 || number > 10) {
    throw Refusal(kUsage, "--" + flag + "=" + value + " must be a share from 0 to 10, such as 0.02.");
  }
  return number;
}

double parse_microseconds(const std::string& flag, const std::string& value) {
  char* end = nullptr;
  const double number = strtod(value.c_str(), &end);
  if (value.empty() || *end != '\0' || !std::isfinite(number) || number < 0 || number > 1e9) {
    throw Refusal(kUsage, "--" + flag + "=" + value + " must be a number of microseconds from 0 to 1e9.");
  }
  return number;
}

uint64_t parse_seed(const std::string& value) {
  errno = 0;
  char* end = nullptr;
  const unsigned long long number = strtoull(value.c_str(), &end, 10);
  if (value.empty() || value[0] == '-' || *end != '\0' || errno != 0) {
    throw Refusal(kUsage, "--seed=" + value + " must be a whole number from 0 to 2^64-1.");
  }
  return number;
}

bool is_switch_value(const std::string& word) {
  return word == "true" || word == "false" || word == "1" || word == "0";
}

using Setter = std::function<void(const std::string& value)>;

}  // namespace

Options parse_options(int argc, char** argv) {
  Options o;
  const auto text = [](std::string* field) { return [field](const std::string& value) { *field = value; }; };
  const auto count = [](const char* flag, int64_t* field, int64_t least) {
    return [=](const std::string& value) { *field = parse_count(flag, value, least, 1000000); };
  };
  const auto bytes = [](const char* flag, int64_t* field) {
    return [=](const std::string& value) { *field = parse_count(flag, value, 0, kMostBytes); };
  };
  const auto share = [](const char* flag, double* field) {
    return [=](const std::string& value) { *field = parse_share(flag, value); };
  };
  const auto yes = [](bool* field) { return [field](const std::string& v) { *field = v == "true" || v == "1"; }; };
  const std::map<std::string, Setter> switches = {
      {"run_individual", yes(&o.run_individual)}, {"values", yes(&o.values)}, {"operators", yes(&o.operators)},
      {"help", yes(&o.help)}, {"version", yes(&o.version)}};
  const std::map<std::string, Setter> flags = {
      {"net", text(&o.net)},
      {"init_net", text(&o.init_net)},
      {"input", text(&o.input)},
      {"input_dims", text(&o.input_dims)},
      {"input_type", text(&o.input_type)},
      {"output", text(&o.output)},
      {"output_folder", text(&o.output_folder)},
      {"manifest", text(&o.manifest)},
      {"cpus", text(&o.cpus)},
      {"warmup", count("warmup", &o.protocol.warmup, 0)},
      {"iter", count("iter", &o.protocol.iter, 1)},
      {"passes", count("passes", &o.passes, 1)},
      {"threads", [&](const std::string& v) { o.threads = parse_count("threads", v, 1, 256); }},
      {"min_sample_us", [&](const std::string& v) { o.protocol.min_sample_us = parse_microseconds("min-sample-us", v); }},
      {"most_iter", count("most-iter", &o.protocol.most_iter, 1)},
      {"warmup_share", share("warmup-share", &o.protocol.warmup_share)},
      {"p50_share", share("p50-share", &o.protocol.p50_share)},
      {"turns", count("turns", &o.protocol.turns, 1)},
      {"thrash_bytes", bytes("thrash-bytes", &o.protocol.thrash_bytes)},
      {"fill_bytes", bytes("fill-bytes", &o.protocol.fill_bytes)},
      {"round_bytes", bytes("round-bytes", &o.protocol.round_bytes)},
      {"canary", text(&o.canary)},
      {"canary_share", share("canary-share", &o.canary_share)},
      {"canary_ns", [&](const std::string& v) { o.canary_ns = parse_count("canary-ns", v, 0, kMostCanaryNs); }},
      {"canary_memory_ns",
       [&](const std::string& v) { o.canary_memory_ns = parse_count("canary-memory-ns", v, 0, kMostCanaryNs); }},
      {"gaps_ms", [&](const std::string& v) { o.gaps_ms = parse_count("gaps-ms", v, 0, 10000); }},
      {"seed",
       [&](const std::string& v) {
         o.seed = parse_seed(v);
         o.shuffled = true;
       }},
  };

  for (int at = 1; at < argc; ++at) {
    const std::string word = argv[at];
    const size_t dashes = word.compare(0, 2, "--") == 0 ? 2 : word.compare(0, 1, "-") == 0 ? 1 : 0;
    const size_t equals = word.find('=');
    std::string name = word.substr(dashes, equals == std::string::npos ? equals : equals - dashes);
    std::replace(name.begin(), name.end(), '-', '_');
    if (dashes == 0 || (switches.count(name) == 0 && flags.count(name) == 0)) {
      throw Refusal(kUsage, "unknown argument " + word + ". --help lists the flags.");
    }
    const bool is_switch = switches.count(name) != 0;
    std::string value = "true";
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
      if (is_switch && !is_switch_value(value)) throw Refusal(kUsage, word + " must be true or false.");
    } else if (!is_switch || (at + 1 < argc && is_switch_value(argv[at + 1]))) {
      if (at + 1 == argc) throw Refusal(kUsage, word + " needs a value.");
      value = argv[++at];
    }
    (is_switch ? switches : flags).at(name)(value);
  }
  return o;
}

}  // namespace speed_benchmark
