#include "json.h"

#include <errno.h>
#include <unistd.h>

namespace speed_benchmark {
namespace {

bool is_tail(unsigned char c) { return (c & 0xC0) == 0x80; }

// The length of the well-formed UTF-8 character at `at` (RFC 3629), or 0.
size_t character_length(const std::string& s, size_t at) {
  const auto byte = [&](size_t i) { return at + i < s.size() ? static_cast<unsigned char>(s[at + i]) : 0u; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return is_tail(second) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && second < 0xA0, surrogate = first == 0xED && second > 0x9F;
    return is_tail(second) && !overlong && !surrogate && is_tail(byte(2)) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && second < 0x90, too_big = first == 0xF4 && second > 0x8F;
    return is_tail(second) && !overlong && !too_big && is_tail(byte(2)) && is_tail(byte(3)) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string json_string(const std::string& bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = character_length(bytes, at);
    const unsigned char c = static_cast<unsigned char>(bytes[at]);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', static_cast<char>(c)};
    } else if (c < 0x20 || c == 0x7F) {
      out += {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    } else {
      out.append(bytes, at, length);
    }
    at += length == 0 ? 1 : length;
  }
  return out + "\"";
}

void JsonLine::write_to(int fd) const {
  const std::string line = text_ + "}\n";
  for (size_t done = 0; done < line.size();) {
    const ssize_t wrote = write(fd, line.data() + done, line.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) _exit(1);  // nobody can read what we measure, nor why we stop
    done += static_cast<size_t>(wrote);
  }
}

}  // namespace speed_benchmark
