#include "net.h"

#include "json.h"

namespace speed_benchmark {
namespace {

constexpr size_t kLongestMessage = 600;

std::string one_line(const std::string& message) {
  std::string line;
  for (const char c : message) {
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.size() > kLongestMessage) {
    line.resize(kLongestMessage);
    // Never end within a character.
    while (!line.empty() && (line.back() & 0x80) != 0) line.pop_back();
    line += " …";
  }
  return line;
}

}  // namespace

Net::Net(const std::string& id) : crash_line_("{\"event\":\"begin\",\"id\":" + json_string(id) + "}\n") {}

void run_stage(const char* stage, const std::function<void()>& step) {
  try {
    step();
  } catch (const NetError&) {
    throw;
  } catch (const std::exception& error) {
    throw NetError(stage, one_line(error.what()));
  }
}

}  // namespace speed_benchmark
