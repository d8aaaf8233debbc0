#include "values_mode.h"

#include <unistd.h>

#include "affinity.h"
#include "clock.h"
#include "crash.h"
#include "engine.h"
#include "json.h"
#include "net.h"
#include "refusal.h"

namespace speed_benchmark {
namespace {

std::string to_hexadecimal(const Net::Memory& memory) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  const auto* bytes = static_cast<const unsigned char*>(memory.start);
  for (size_t at = 0; at < memory.bytes; ++at) {
    text += digits[bytes[at] >> 4];
    text += digits[bytes[at] & 15];
  }
  return text;
}

void report(const ManifestNet& source, int out) {
  try {
    JsonLine("load").text("id", source.id).write_to(out);
    const std::unique_ptr<Net> net = load_net(source);
    JsonLine("begin").text("id", source.id).number("pass", 0).write_to(out);
    const CrashLine named(net->crash_line());
    run_stage("run", [&] {
      net->prepare_run();
      net->run_once();
    });
    std::string values;
    for (const Net::Memory& output : net->outputs()) values += (values.empty() ? "" : ",") + json_string(to_hexadecimal(output));
    JsonLine("values").text("id", source.id).raw("values", "[" + values + "]").write_to(out);
  } catch (const NetError& error) {
    JsonLine("error").text("id", source.id).number("pass", 0).text("stage", error.stage).text("message", error.what()).write_to(out);
  }
}

}  // namespace

int run_values_mode(const Options& options, int out) {
  const int64_t start = now_ns();
  const std::vector<ManifestNet> nets = read_manifest(options.manifest);
  set_threads(static_cast<int>(options.threads));
  report_crashes_to(out);
  JsonLine("start")
      .number("version", 1)
      .number("nets", static_cast<int64_t>(nets.size()))
      .number("threads", options.threads)
      .text("cpus", current_mask())
      .number("pid", getpid())
      .text("engine", SPEED_BENCHMARK_ENGINE)
      .write_to(out);
  for (const ManifestNet& net : nets) report(net, out);
  JsonLine("end").number("wall_ns", now_ns() - start).write_to(out);
  return kDone;
}

}  // namespace speed_benchmark
