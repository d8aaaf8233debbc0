// Makes the values of a net before it is timed.
#pragma once

#include <set>
#include <string>

#include "caffe2/core/workspace.h"
#include "caffe2/proto/caffe2_pb.h"

namespace speed_benchmark {

// Runs an init net. Uniform values, tiled or quantized, are made here: the engine would write each value three
// times, four bytes of it twice, which takes longer than all else of loading a net. Other operators are the engine's.
//
// Only what is named in `used` need be there afterwards. Throws what the engine throws.
void run_init_net(const caffe2::NetDef& init, const std::set<std::string>& used, caffe2::Workspace* workspace);

}  // namespace speed_benchmark
