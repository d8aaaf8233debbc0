// Many nets in one file.
//
//   speed_benchmark manifest 1\n
//   net <id> <init bytes> <predict bytes>\n   then exactly that many raw bytes of the serialised init
//                                             NetDef and of the predict NetDef, and the next header
//
// Ids are unique and match [A-Za-z0-9._-]+.
#pragma once

#include <string>
#include <vector>

namespace speed_benchmark {

struct ManifestNet {
  std::string id, init, predict;
};

// Reads all of `path`, "-" being stdin. Raises Refusal (kUnreadable) saying what is wrong at which byte.
std::vector<ManifestNet> read_manifest(const std::string& path);

}  // namespace speed_benchmark
