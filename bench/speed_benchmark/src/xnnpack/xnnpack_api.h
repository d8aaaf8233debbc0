// The part of XNNPACK's subgraph interface that this program uses, declared here since the wheel that carries the
// library carries no header. Names and numbers are XNNPACK's own (xnnpack.h, BSD licence).
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

typedef struct pthreadpool* pthreadpool_t;
typedef struct xnn_subgraph* xnn_subgraph_t;
typedef struct xnn_runtime* xnn_runtime_t;

pthreadpool_t pthreadpool_create(size_t threads);
size_t pthreadpool_get_threads_count(pthreadpool_t pool);

struct xnn_external_value {
  uint32_t id;
  void* data;
};

int xnn_initialize(const void* allocator);
int xnn_create_subgraph(uint32_t external_values, uint32_t flags, xnn_subgraph_t* subgraph);
int xnn_delete_subgraph(xnn_subgraph_t subgraph);
int xnn_create_runtime_v2(xnn_subgraph_t subgraph, pthreadpool_t pool, uint32_t flags, xnn_runtime_t* runtime);
int xnn_setup_runtime(xnn_runtime_t runtime, size_t count, const xnn_external_value* values);
int xnn_get_external_value_shape(xnn_runtime_t runtime, uint32_t id, size_t* rank, size_t* dims);
int xnn_invoke_runtime(xnn_runtime_t runtime);
int xnn_delete_runtime(xnn_runtime_t runtime);
int xnn_get_runtime_profiling_info(xnn_runtime_t runtime, int info, size_t bytes, void* value, size_t* bytes_needed);

int xnn_define_tensor_value(xnn_subgraph_t, int datatype, size_t rank, const size_t* dims, const void* data,
                            uint32_t external_id, uint32_t flags, uint32_t* id);
int xnn_define_quantized_tensor_value(xnn_subgraph_t, int datatype, int32_t zero_point, float scale, size_t rank,
                                      const size_t* dims, const void* data, uint32_t external_id, uint32_t flags,
                                      uint32_t* id);
int xnn_define_channelwise_quantized_tensor_value(xnn_subgraph_t, int datatype, const float* scale, size_t rank,
                                                  size_t channel_dim, const size_t* dims, const void* data,
                                                  uint32_t external_id, uint32_t flags, uint32_t* id);

int xnn_define_convolution_2d(xnn_subgraph_t, uint32_t top, uint32_t right, uint32_t bottom, uint32_t left,
                              uint32_t kernel_height, uint32_t kernel_width, uint32_t stride_height,
                              uint32_t stride_width, uint32_t dilation_height, uint32_t dilation_width,
                              uint32_t groups, size_t group_inputs, size_t group_outputs, float least, float most,
                              uint32_t input, uint32_t filter, uint32_t bias, uint32_t output, uint32_t flags);
int xnn_define_depthwise_convolution_2d(xnn_subgraph_t, uint32_t top, uint32_t right, uint32_t bottom, uint32_t left,
                                        uint32_t kernel_height, uint32_t kernel_width, uint32_t stride_height,
                                        uint32_t stride_width, uint32_t dilation_height, uint32_t dilation_width,
                                        uint32_t multiplier, size_t channels, float least, float most, uint32_t input,
                                        uint32_t filter, uint32_t bias, uint32_t output, uint32_t flags);
int xnn_define_deconvolution_2d(xnn_subgraph_t, uint32_t top, uint32_t right, uint32_t bottom, uint32_t left,
                                uint32_t adjust_height, uint32_t adjust_width, uint32_t kernel_height,
                                uint32_t kernel_width, uint32_t stride_height, uint32_t stride_width,
                                uint32_t dilation_height, uint32_t dilation_width, uint32_t groups,
                                size_t group_inputs, size_t group_outputs, float least, float most, uint32_t input,
                                uint32_t filter, uint32_t bias, uint32_t output, uint32_t flags);
int xnn_define_fully_connected(xnn_subgraph_t, float least, float most, uint32_t input, uint32_t filter,
                               uint32_t bias, uint32_t output, uint32_t flags);
int xnn_define_average_pooling_2d(xnn_subgraph_t, uint32_t top, uint32_t right, uint32_t bottom, uint32_t left,
                                  uint32_t height, uint32_t width, uint32_t stride_height, uint32_t stride_width,
                                  float least, float most, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_max_pooling_2d(xnn_subgraph_t, uint32_t top, uint32_t right, uint32_t bottom, uint32_t left,
                              uint32_t height, uint32_t width, uint32_t stride_height, uint32_t stride_width,
                              uint32_t dilation_height, uint32_t dilation_width, float least, float most,
                              uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_add2(xnn_subgraph_t, float least, float most, uint32_t first, uint32_t second, uint32_t output,
                    uint32_t flags);
int xnn_define_multiply2(xnn_subgraph_t, float least, float most, uint32_t first, uint32_t second, uint32_t output,
                         uint32_t flags);
int xnn_define_subtract(xnn_subgraph_t, float least, float most, uint32_t first, uint32_t second, uint32_t output,
                         uint32_t flags);
int xnn_define_divide(xnn_subgraph_t, float least, float most, uint32_t first, uint32_t second, uint32_t output,
                       uint32_t flags);
int xnn_define_batch_matrix_multiply(xnn_subgraph_t, uint32_t first, uint32_t second, uint32_t output, uint32_t flags);
int xnn_define_unary(xnn_subgraph_t, int type, const void* parameters, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_prelu(xnn_subgraph_t, uint32_t input, uint32_t slope, uint32_t output, uint32_t flags);
int xnn_define_clamp(xnn_subgraph_t, float least, float most, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_leaky_relu(xnn_subgraph_t, float slope, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_convert(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_hardswish(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_sigmoid(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_tanh(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_abs(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_exp(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_gelu(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_negate(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_reciprocal_square_root(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_square(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_square_root(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_global_average_pooling_2d(xnn_subgraph_t, float least, float most, uint32_t input, uint32_t output,
                                         uint32_t flags);
int xnn_define_softmax(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_copy(xnn_subgraph_t, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_static_mean(xnn_subgraph_t, size_t count, const size_t* axes, uint32_t input, uint32_t output,
                           uint32_t flags);
int xnn_define_static_reduce(xnn_subgraph_t, int type, size_t count, const size_t* axes, uint32_t input,
                             uint32_t output, uint32_t flags);
int xnn_define_static_broadcast(xnn_subgraph_t, size_t rank, const size_t* dims, uint32_t input, uint32_t output,
                                uint32_t flags);
int xnn_define_static_reshape(xnn_subgraph_t, size_t rank, const size_t* dims, uint32_t input, uint32_t output,
                              uint32_t flags);
int xnn_define_static_transpose(xnn_subgraph_t, size_t rank, const size_t* order, uint32_t input, uint32_t output,
                                uint32_t flags);
int xnn_define_static_slice(xnn_subgraph_t, size_t rank, const size_t* offsets, const size_t* sizes, uint32_t input,
                            uint32_t output, uint32_t flags);
int xnn_define_static_constant_pad(xnn_subgraph_t, const size_t* before, const size_t* after, float value,
                                   uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_static_resize_bilinear_2d(xnn_subgraph_t, size_t height, size_t width, uint32_t input, uint32_t output,
                                         uint32_t flags);
int xnn_define_depth_to_space_2d(xnn_subgraph_t, uint32_t block, uint32_t input, uint32_t output, uint32_t flags);
int xnn_define_concatenate2(xnn_subgraph_t, int32_t axis, uint32_t, uint32_t, uint32_t output, uint32_t flags);
int xnn_define_concatenate3(xnn_subgraph_t, int32_t axis, uint32_t, uint32_t, uint32_t, uint32_t output,
                            uint32_t flags);
int xnn_define_concatenate4(xnn_subgraph_t, int32_t axis, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t output,
                            uint32_t flags);
int xnn_define_concatenate5(xnn_subgraph_t, int32_t axis, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                            uint32_t output, uint32_t flags);

}  // extern "C"

namespace speed_benchmark {

// enum xnn_datatype
enum Datatype { kFloat = 1, kInt8 = 3, kUint8 = 4, kInt32 = 5, kChannelInt8 = 6, kChannelInt32 = 7 };

constexpr uint32_t kNoValue = UINT32_MAX;
constexpr uint32_t kExternalInput = 1, kExternalOutput = 2;
constexpr uint32_t kKeepDims = 0x40;
constexpr uint32_t kTransposeB = 1;
constexpr int kReduceSum = 0;  // enum xnn_reduce_operator
constexpr int kFastGelu = 1;   // enum xnn_unary_operator of the pinned library; GELU by way of a tanh
constexpr uint32_t kProfiling = 0x8;
// enum xnn_profile_info; times are whole microseconds, rounded down
enum ProfileInfo { kProfileCount = 0, kProfileNames = 1, kProfileTimes = 2 };
constexpr int kOutOfMemory = 6;  // enum xnn_status; here: the space given for an answer is too small
constexpr size_t kExtraBytes = 128;  // the engine reads beyond the end of buffers, at most so far
constexpr size_t kMostDims = 6;

}  // namespace speed_benchmark
