// The Int8 operators of the torch 1.8.1 wheels call qnnp_run_operator(op, nullptr): one thread, whatever
// Caffe2 was told. This program exports a function of that name, so that the dynamic linker resolves
// libtorch's calls to it, and hands them on with a thread pool. With one thread it hands on what it got.
//
// What `count` governs besides:
//   --pthreadpool_size         Caffe2's own pool: NNPACK convolutions (seen: 2.9 to 1.9 ms with 2 threads)
//   --caffe2_omp_num_threads   loops that operators wrote with OpenMP
//   --caffe2_mkl_num_threads   MKL, in the operators that call it (x86-64 only)
// Nothing governs an fp32 convolution without an engine: its matrix product takes one thread always.
#include "engine.h"

#include <dlfcn.h>

#include <string>

#include "caffe2/core/init.h"
#include "refusal.h"

extern "C" {
// As declared by pthreadpool and QNNPACK; both are exported by libtorch_cpu, neither header is in the wheel.
struct pthreadpool* pthreadpool_create(size_t threads);
size_t pthreadpool_get_threads_count(struct pthreadpool*);
int qnnp_run_operator(struct qnnp_operator* op, struct pthreadpool* pool);
}

namespace speed_benchmark {
namespace {

using RunOperator = int (*)(struct qnnp_operator*, struct pthreadpool*);

struct pthreadpool* shared_pool = nullptr;

RunOperator find_original() {
  return reinterpret_cast<RunOperator>(dlsym(RTLD_NEXT, "qnnp_run_operator"));
}

// A plain global, filled before main: a function-local static would cost a guard check in every call.
const RunOperator original_run_operator = find_original();

}  // namespace

void set_threads(int count) {
  if (original_run_operator == nullptr) {
    throw Refusal(kDevice, "libtorch_cpu.so exports no qnnp_run_operator: this is not the pinned runtime.");
  }
  const std::string n = std::to_string(count);
  std::string words[] = {"speed_benchmark", "--pthreadpool_size=" + n, "--caffe2_omp_num_threads=" + n,
                         "--caffe2_mkl_num_threads=" + n};
  char* argv[] = {&words[0][0], &words[1][0], &words[2][0], &words[3][0], nullptr};
  int argc = 4;
  char** arguments = argv;
  if (!caffe2::GlobalInit(&argc, &arguments)) throw Refusal(kDevice, "Caffe2 refused to initialise.");
  if (count == 1) return;
  shared_pool = pthreadpool_create(static_cast<size_t>(count));
  if (shared_pool == nullptr || pthreadpool_get_threads_count(shared_pool) != static_cast<size_t>(count)) {
    throw Refusal(kDevice, "a pool of " + n + " threads could not be created.");
  }
}

}  // namespace speed_benchmark

extern "C" __attribute__((visibility("default"))) int qnnp_run_operator(struct qnnp_operator* op,
                                                                        struct pthreadpool* pool) {
  using namespace speed_benchmark;
  return original_run_operator(op, pool == nullptr ? shared_pool : pool);
}
