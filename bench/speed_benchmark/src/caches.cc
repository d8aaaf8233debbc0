#include "caches.h"

namespace speed_benchmark {
namespace {

constexpr size_t kLine = 64;  // bytes of a cache line, on every processor this is meant for

}  // namespace

// Filled with ones: pages never written to would all be the one page of zeros.
OtherMemory::OtherMemory(size_t bytes) : buffer_(bytes, 1) {}

void OtherMemory::read(size_t bytes) {
  const volatile unsigned char* buffer = buffer_.data();
  if (buffer_.empty()) return;
  for (size_t done = 0; done < bytes; done += kLine) {
    (void)buffer[at_];
    at_ += kLine;
    if (at_ >= buffer_.size()) at_ = 0;
  }
}

void touch(const std::vector<Net::Memory>& activations) {
  for (const Net::Memory& memory : activations) {
    auto* bytes = static_cast<volatile unsigned char*>(memory.start);
    for (size_t at = 0; at < memory.bytes; at += kLine) bytes[at] = bytes[at];
  }
}

}  // namespace speed_benchmark
