// Writes one JSON object as one line. Knows what our events need and no more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace speed_benchmark {

// A JSON string, quotes included: valid UTF-8 whatever bytes came in.
std::string json_string(const std::string& bytes);

template <typename Number>
std::string json_numbers(const std::vector<Number>& values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(values[i]);
  return text + "]";
}

class JsonLine {
 public:
  explicit JsonLine(const std::string& event) : text_("{\"event\":" + json_string(event)) {}

  JsonLine& text(const char* key, const std::string& value) { return raw(key, json_string(value)); }
  JsonLine& number(const char* key, int64_t value) { return raw(key, std::to_string(value)); }
  // A negative value stands for "not known" and is written as null.
  JsonLine& known(const char* key, int64_t value) { return raw(key, value < 0 ? "null" : std::to_string(value)); }
  JsonLine& raw(const char* key, const std::string& json) {
    text_ += ",\"";
    text_ += key;
    text_ += "\":";
    text_ += json;
    return *this;
  }
  // With one write(), so that a crash right after can't take the line with it.
  void write_to(int fd) const;

 private:
  std::string text_;
};

}  // namespace speed_benchmark
