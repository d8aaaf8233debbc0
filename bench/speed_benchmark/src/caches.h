// Puts the processor's caches into the state in which an operator finds them inside a network.
#pragma once

#include <cstddef>
#include <vector>

#include "net.h"

namespace speed_benchmark {

// Memory that nobody else uses, read to push other things out of the caches.
class OtherMemory {
 public:
  explicit OtherMemory(size_t bytes);
  // Goes on where the last call stopped, so that short reads in a row come by all of it.
  void read(size_t bytes);

 private:
  std::vector<unsigned char> buffer_;
  size_t at_ = 0;
};

// Writes each value's line back as it is: warm as if an operator had just written it.
void touch(const std::vector<Net::Memory>& activations);

}  // namespace speed_benchmark
