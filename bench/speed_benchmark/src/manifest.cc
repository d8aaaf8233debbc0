#include "manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <set>

#include "refusal.h"

namespace speed_benchmark {
namespace {

constexpr char kFirstLine[] = "speed_benchmark manifest 1";
constexpr size_t kLongestHeader = 256;
constexpr size_t kMostBytes = (1u << 31) - 1;  // what protobuf parses at most

std::string read_all(const std::string& path) {
  const int fd = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string content;
  char chunk[1 << 16];
  ssize_t got = fd < 0 ? -1 : 0;
  while (fd >= 0 && ((got = read(fd, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR))) {
    if (got > 0) content.append(chunk, static_cast<size_t>(got));
  }
  if (got < 0) throw Refusal(kUnreadable, "the manifest " + path + " can't be read: " + strerror(errno) + ".");
  if (fd > STDIN_FILENO) close(fd);
  return content;
}

class Reader {
 public:
  Reader(const std::string& path, const std::string& content) : path_(path), content_(content) {}

  bool at_end() const { return at_ == content_.size(); }

  std::string line() {
    const size_t end = content_.find('\n', at_);
    if (end == std::string::npos || end - at_ > kLongestHeader) fail("a header line is missing or does not end");
    const std::string text = content_.substr(at_, end - at_);
    header_ = at_;
    at_ = end + 1;
    return text;
  }

  std::string bytes(size_t count) {
    if (count > content_.size() - at_) {
      fail("this net should have " + std::to_string(count) + " more bytes, the file has " +
           std::to_string(content_.size() - at_));
    }
    at_ += count;
    return content_.substr(at_ - count, count);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Refusal(kUnreadable, "the manifest " + path_ + " is malformed, header at byte " + std::to_string(header_) +
                                   ": " + what + ". Write it again.");
  }

 private:
  const std::string& path_;
  const std::string& content_;
  size_t at_ = 0;
  size_t header_ = 0;
};

bool is_id(const std::string& word) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !word.empty() && word.find_first_not_of(allowed) == std::string::npos;
}

// A decimal number without sign or leading zeros, or -1.
int64_t parse_size(const std::string& word) {
  if (word.empty() || word.size() > 10 || word.find_first_not_of("0123456789") != std::string::npos) return -1;
  if (word.size() > 1 && word[0] == '0') return -1;
  const int64_t value = std::stoll(word);
  return value <= static_cast<int64_t>(kMostBytes) ? value : -1;
}

std::vector<std::string> split_words(const std::string& line) {
  std::vector<std::string> words;
  for (size_t start = 0;;) {
    const size_t end = line.find(' ', start);
    words.push_back(line.substr(start, end == std::string::npos ? end : end - start));
    if (end == std::string::npos) return words;
    start = end + 1;
  }
}

}  // namespace

std::vector<ManifestNet> read_manifest(const std::string& path) {
  const std::string content = read_all(path);
  Reader reader(path, content);
  if (reader.line() != kFirstLine) reader.fail(std::string("the first line must be \"") + kFirstLine + "\"");
  std::vector<ManifestNet> nets;
  std::set<std::string> ids;
  while (!reader.at_end()) {
    const std::vector<std::string> words = split_words(reader.line());
    const int64_t init = words.size() == 4 ? parse_size(words[2]) : -1;
    const int64_t predict = words.size() == 4 ? parse_size(words[3]) : -1;
    if (init < 0 || predict < 0 || words[0] != "net" || !is_id(words[1])) {
      reader.fail("expected \"net <id> <init bytes> <predict bytes>\"");
    }
    if (!ids.insert(words[1]).second) reader.fail("the id " + words[1] + " stands here for the second time");
    ManifestNet net;
    net.id = words[1];
    net.init = reader.bytes(static_cast<size_t>(init));
    net.predict = reader.bytes(static_cast<size_t>(predict));
    nets.push_back(std::move(net));
  }
  if (nets.empty()) reader.fail("it holds no net");
  return nets;
}

}  // namespace speed_benchmark
