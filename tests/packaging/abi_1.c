/* ABI 1 of wengert/c.h as it was published: what differs is a compile error, what is missing a link
 * error. Later additions go into files of their own; nothing here changes. */
#include <stddef.h>
#include <wengert/c.h>

int32_t wg_abi_version(void);
const char* wg_version(void);
wg_status wg_last_error(void);
const char* wg_last_error_message(void);
wg_status wg_set_error(wg_status type, const char* message);
wg_status wg_tensor_retain(wg_tensor* t);
wg_status wg_tensor_release(wg_tensor* t);
wg_status wg_tensor_from_data(const void* data, const int64_t* shape, int64_t ndim, wg_dtype dtype,
                              wg_tensor** out);
wg_status wg_tensor_from_blob(void* data, const int64_t* shape, int64_t ndim, wg_dtype dtype,
                              const int64_t* strides, void (*release)(void* context), void* context,
                              wg_tensor** out);
wg_status wg_tensor_empty(const int64_t* shape, int64_t ndim, wg_dtype dtype, wg_tensor** out);
wg_status wg_tensor_zeros(const int64_t* shape, int64_t ndim, wg_dtype dtype, wg_tensor** out);
wg_status wg_tensor_ones(const int64_t* shape, int64_t ndim, wg_dtype dtype, wg_tensor** out);
wg_status wg_tensor_full(const int64_t* shape, int64_t ndim, double value, wg_dtype dtype,
                         wg_tensor** out);
wg_status wg_tensor_rand(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                         wg_generator* generator, wg_tensor** out);
wg_status wg_tensor_randn(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                          wg_generator* generator, wg_tensor** out);
wg_status wg_tensor_dtype(wg_tensor* t, wg_dtype* dtype);
wg_status wg_tensor_numel(wg_tensor* t, int64_t* numel);
wg_status wg_tensor_shape(wg_tensor* t, const int64_t** shape, int64_t* ndim);
wg_status wg_tensor_strides(wg_tensor* t, const int64_t** strides, int64_t* ndim);
wg_status wg_tensor_is_contiguous(wg_tensor* t, bool* contiguous);
wg_status wg_tensor_data(wg_tensor* t, void** data);
wg_status wg_tensor_copy_to(wg_tensor* t, void* data, uint64_t bytes);
wg_status wg_tensor_copy_from(wg_tensor* t, const void* data, uint64_t bytes);
wg_status wg_tensor_item(wg_tensor* t, double* value);
wg_status wg_tensor_item_int(wg_tensor* t, int64_t* value);
wg_status wg_tensor_text(wg_tensor* t, char* text, uint64_t capacity, uint64_t* length);
wg_status wg_tensor_clone(wg_tensor* t, wg_tensor** out);
wg_status wg_tensor_contiguous(wg_tensor* t, wg_tensor** out);
wg_status wg_tensor_to(wg_tensor* t, wg_dtype dtype, wg_tensor** out);
wg_status wg_manual_seed(uint64_t seed);
wg_status wg_generator_create(uint64_t seed, wg_generator** out);
wg_status wg_generator_release(wg_generator* generator);
wg_status wg_call(const char* name, const wg_value* arguments, int64_t n_arguments,
                  wg_value* results, int64_t capacity, int64_t* count);
wg_status wg_call_tensor(const char* name, const wg_value* arguments, int64_t n_arguments,
                         wg_tensor** out);
wg_status wg_function_info(int64_t number, const char** name, const char** signature,
                           const char** documentation);
wg_status wg_neg(wg_tensor* a, wg_tensor** out);
wg_status wg_abs(wg_tensor* a, wg_tensor** out);
wg_status wg_square(wg_tensor* a, wg_tensor** out);
wg_status wg_sqrt(wg_tensor* a, wg_tensor** out);
wg_status wg_exp(wg_tensor* a, wg_tensor** out);
wg_status wg_log(wg_tensor* a, wg_tensor** out);
wg_status wg_sin(wg_tensor* a, wg_tensor** out);
wg_status wg_cos(wg_tensor* a, wg_tensor** out);
wg_status wg_tanh(wg_tensor* a, wg_tensor** out);
wg_status wg_sigmoid(wg_tensor* a, wg_tensor** out);
wg_status wg_relu(wg_tensor* a, wg_tensor** out);
wg_status wg_gelu(wg_tensor* a, wg_tensor** out);
wg_status wg_silu(wg_tensor* a, wg_tensor** out);
wg_status wg_add(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_sub(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_mul(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_div(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_pow(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_maximum(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_minimum(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_eq(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_lt(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_gt(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_add_scalar(wg_tensor* a, double b, wg_tensor** out);
wg_status wg_mul_scalar(wg_tensor* a, double b, wg_tensor** out);
wg_status wg_pow_scalar(wg_tensor* a, double b, wg_tensor** out);
wg_status wg_matmul(wg_tensor* a, wg_tensor* b, wg_tensor** out);
wg_status wg_linear(wg_tensor* input, wg_tensor* weight, wg_tensor* bias, wg_tensor** out);
wg_status wg_conv2d(wg_tensor* input, wg_tensor* weight, wg_tensor* bias, const int64_t* stride,
                    const int64_t* padding, const int64_t* dilation, int64_t groups,
                    wg_tensor** out);
wg_status wg_max_pool2d(wg_tensor* input, const int64_t* kernel_size, const int64_t* stride,
                        const int64_t* padding, wg_tensor** out);
wg_status wg_dropout(wg_tensor* input, double p, bool training, wg_generator* generator,
                     wg_tensor** out);
wg_status wg_sum(wg_tensor* a, const int64_t* dims, int64_t n_dims, bool keepdim, wg_tensor** out);
wg_status wg_mean(wg_tensor* a, const int64_t* dims, int64_t n_dims, bool keepdim, wg_tensor** out);
wg_status wg_argmax(wg_tensor* a, int64_t dim, bool keepdim, wg_tensor** out);
wg_status wg_softmax(wg_tensor* a, int64_t dim, wg_tensor** out);
wg_status wg_log_softmax(wg_tensor* a, int64_t dim, wg_tensor** out);
wg_status wg_reshape(wg_tensor* a, const int64_t* shape, int64_t ndim, wg_tensor** out);
wg_status wg_permute(wg_tensor* a, const int64_t* dims, int64_t n_dims, wg_tensor** out);
wg_status wg_transpose(wg_tensor* a, int64_t dim0, int64_t dim1, wg_tensor** out);
wg_status wg_unsqueeze(wg_tensor* a, int64_t dim, wg_tensor** out);
wg_status wg_select(wg_tensor* a, int64_t dim, int64_t index, wg_tensor** out);
wg_status wg_narrow(wg_tensor* a, int64_t dim, int64_t start, int64_t length, wg_tensor** out);
wg_status wg_index_select(wg_tensor* a, int64_t dim, wg_tensor* index, wg_tensor** out);
wg_status wg_cat(wg_tensor* const* tensors, int64_t count, int64_t dim, wg_tensor** out);
wg_status wg_stack(wg_tensor* const* tensors, int64_t count, int64_t dim, wg_tensor** out);
wg_status wg_mse_loss(wg_tensor* input, wg_tensor* target, wg_tensor** out);
wg_status wg_cross_entropy(wg_tensor* logits, wg_tensor* target, wg_tensor** out);
wg_status wg_binary_cross_entropy_with_logits(wg_tensor* logits, wg_tensor* target,
                                              wg_tensor** out);
wg_status wg_copy_(wg_tensor* t, wg_tensor* from);
wg_status wg_fill_(wg_tensor* t, double value);
wg_status wg_uniform_(wg_tensor* t, double low, double high, wg_generator* generator);
wg_status wg_normal_(wg_tensor* t, double mean, double std, wg_generator* generator);
wg_status wg_tensor_set_requires_grad(wg_tensor* t, bool on);
wg_status wg_tensor_requires_grad(wg_tensor* t, bool* on);
wg_status wg_tensor_is_leaf(wg_tensor* t, bool* leaf);
wg_status wg_tensor_detach(wg_tensor* t, wg_tensor** out);
wg_status wg_tensor_grad(wg_tensor* t, wg_tensor** out);
wg_status wg_tensor_set_grad(wg_tensor* t, wg_tensor* grad);
wg_status wg_tensor_backward(wg_tensor* t);
wg_status wg_backward(wg_tensor* const* roots, wg_tensor* const* gradients, int64_t count,
                      bool retain_graph, bool create_graph);
wg_status wg_grad(wg_tensor* const* outputs, wg_tensor* const* grad_outputs, int64_t n_outputs,
                  wg_tensor* const* inputs, int64_t n_inputs, bool retain_graph, bool create_graph,
                  bool allow_unused, wg_tensor** out);
wg_status wg_set_grad_enabled(bool on, bool* before);
wg_status wg_record_custom(const char* name, wg_backward_function backward, void* context,
                           void (*destroy)(void* context), wg_tensor* const* inputs,
                           int64_t n_inputs, wg_tensor* const* outputs, int64_t n_outputs,
                           wg_tensor* const* saved, int64_t n_saved);
wg_status wg_map_create(wg_map** out);
wg_status wg_map_release(wg_map* map);
wg_status wg_map_size(wg_map* map, int64_t* size);
wg_status wg_map_set(wg_map* map, const char* name, wg_tensor* t);
wg_status wg_map_get(wg_map* map, const char* name, wg_tensor** out);
wg_status wg_map_name(wg_map* map, int64_t number, const char** name);
wg_status wg_map_set_text(wg_map* map, const char* name, const char* text);
wg_status wg_map_text(wg_map* map, const char* name, const char** text);
wg_status wg_map_save(wg_map* map, const char* path);
wg_status wg_map_load(const char* path, wg_map** out);
wg_status wg_optimizer_create(const char* name, wg_tensor* const* parameters, int64_t count,
                              const wg_option* options, int64_t n_options, wg_optimizer** out);
wg_status wg_optimizer_release(wg_optimizer* optimizer);
wg_status wg_optimizer_set_option(wg_optimizer* optimizer, const char* name, double value);
wg_status wg_optimizer_option(wg_optimizer* optimizer, const char* name, double* value);
wg_status wg_optimizer_step(wg_optimizer* optimizer);
wg_status wg_optimizer_zero_grad(wg_optimizer* optimizer);
wg_status wg_optimizer_state(wg_optimizer* optimizer, wg_map** out);
wg_status wg_optimizer_load_state(wg_optimizer* optimizer, wg_map* state);
wg_status wg_clip_grad_norm(wg_tensor* const* parameters, int64_t count, double max_norm,
                            double* norm);
wg_status wg_set_num_threads(int32_t n);
wg_status wg_num_threads(int32_t* n);
wg_status wg_set_executor(int32_t (*concurrency)(void* context),
                          void (*run)(void* context, int64_t n, void (*task)(void* work, int64_t i),
                                      void* work),
                          void* context);
wg_status wg_set_allocator(void* (*allocate)(void* context, size_t bytes, size_t alignment),
                           void (*deallocate)(void* context, void* p, size_t bytes,
                                              size_t alignment),
                           void* context);
wg_status wg_memory(uint64_t* allocated, uint64_t* peak);
wg_status wg_set_memory_limit(uint64_t bytes);
wg_status wg_trim_memory(void);

_Static_assert(WG_OK == 0, "WG_OK");
_Static_assert(WG_ERROR == 1, "WG_ERROR");
_Static_assert(WG_VALUE_ERROR == 2, "WG_VALUE_ERROR");
_Static_assert(WG_TYPE_ERROR == 3, "WG_TYPE_ERROR");
_Static_assert(WG_INDEX_ERROR == 4, "WG_INDEX_ERROR");
_Static_assert(WG_NOT_IMPLEMENTED == 5, "WG_NOT_IMPLEMENTED");
_Static_assert(WG_LINALG_ERROR == 6, "WG_LINALG_ERROR");
_Static_assert(WG_IO_ERROR == 7, "WG_IO_ERROR");
_Static_assert(WG_OUT_OF_MEMORY == 8, "WG_OUT_OF_MEMORY");
_Static_assert(WG_INTERNAL_ERROR == 9, "WG_INTERNAL_ERROR");
_Static_assert(WG_BOOL == 0, "WG_BOOL");
_Static_assert(WG_UINT8 == 1, "WG_UINT8");
_Static_assert(WG_INT8 == 2, "WG_INT8");
_Static_assert(WG_INT16 == 3, "WG_INT16");
_Static_assert(WG_INT32 == 4, "WG_INT32");
_Static_assert(WG_INT64 == 5, "WG_INT64");
_Static_assert(WG_FLOAT16 == 6, "WG_FLOAT16");
_Static_assert(WG_BFLOAT16 == 7, "WG_BFLOAT16");
_Static_assert(WG_FLOAT32 == 8, "WG_FLOAT32");
_Static_assert(WG_FLOAT64 == 9, "WG_FLOAT64");
_Static_assert(WG_COMPLEX64 == 10, "WG_COMPLEX64");
_Static_assert(WG_COMPLEX128 == 11, "WG_COMPLEX128");
_Static_assert(WG_KIND_NONE == 0, "WG_KIND_NONE");
_Static_assert(WG_KIND_TENSOR == 1, "WG_KIND_TENSOR");
_Static_assert(WG_KIND_TENSORS == 2, "WG_KIND_TENSORS");
_Static_assert(WG_KIND_INT == 3, "WG_KIND_INT");
_Static_assert(WG_KIND_REAL == 4, "WG_KIND_REAL");
_Static_assert(WG_KIND_BOOL == 5, "WG_KIND_BOOL");
_Static_assert(WG_KIND_COMPLEX == 6, "WG_KIND_COMPLEX");
_Static_assert(WG_KIND_INTS == 7, "WG_KIND_INTS");
_Static_assert(WG_KIND_DTYPE == 8, "WG_KIND_DTYPE");
_Static_assert(WG_KIND_TEXT == 9, "WG_KIND_TEXT");
_Static_assert(WG_KIND_GENERATOR == 10, "WG_KIND_GENERATOR");

_Static_assert(WG_ABI_VERSION >= 1, "the version grows");
_Static_assert(sizeof(wg_value) == 40 && offsetof(wg_value, name) == 0, "wg_value");
_Static_assert(offsetof(wg_value, kind) == 8 && offsetof(wg_value, count) == 16, "wg_value");
_Static_assert(offsetof(wg_value, as) == 24, "wg_value");
_Static_assert(sizeof(wg_option) == 16 && offsetof(wg_option, value) == 8, "wg_option");
_Static_assert(sizeof(wg_status) == 4 && sizeof(wg_dtype) == 4 && sizeof(wg_kind) == 4, "int32");

typedef void (*function)(void);
static const function functions[] = {
    (function)wg_abi_version,
    (function)wg_version,
    (function)wg_last_error,
    (function)wg_last_error_message,
    (function)wg_set_error,
    (function)wg_tensor_retain,
    (function)wg_tensor_release,
    (function)wg_tensor_from_data,
    (function)wg_tensor_from_blob,
    (function)wg_tensor_empty,
    (function)wg_tensor_zeros,
    (function)wg_tensor_ones,
    (function)wg_tensor_full,
    (function)wg_tensor_rand,
    (function)wg_tensor_randn,
    (function)wg_tensor_dtype,
    (function)wg_tensor_numel,
    (function)wg_tensor_shape,
    (function)wg_tensor_strides,
    (function)wg_tensor_is_contiguous,
    (function)wg_tensor_data,
    (function)wg_tensor_copy_to,
    (function)wg_tensor_copy_from,
    (function)wg_tensor_item,
    (function)wg_tensor_item_int,
    (function)wg_tensor_text,
    (function)wg_tensor_clone,
    (function)wg_tensor_contiguous,
    (function)wg_tensor_to,
    (function)wg_manual_seed,
    (function)wg_generator_create,
    (function)wg_generator_release,
    (function)wg_call,
    (function)wg_call_tensor,
    (function)wg_function_info,
    (function)wg_neg,
    (function)wg_abs,
    (function)wg_square,
    (function)wg_sqrt,
    (function)wg_exp,
    (function)wg_log,
    (function)wg_sin,
    (function)wg_cos,
    (function)wg_tanh,
    (function)wg_sigmoid,
    (function)wg_relu,
    (function)wg_gelu,
    (function)wg_silu,
    (function)wg_add,
    (function)wg_sub,
    (function)wg_mul,
    (function)wg_div,
    (function)wg_pow,
    (function)wg_maximum,
    (function)wg_minimum,
    (function)wg_eq,
    (function)wg_lt,
    (function)wg_gt,
    (function)wg_add_scalar,
    (function)wg_mul_scalar,
    (function)wg_pow_scalar,
    (function)wg_matmul,
    (function)wg_linear,
    (function)wg_conv2d,
    (function)wg_max_pool2d,
    (function)wg_dropout,
    (function)wg_sum,
    (function)wg_mean,
    (function)wg_argmax,
    (function)wg_softmax,
    (function)wg_log_softmax,
    (function)wg_reshape,
    (function)wg_permute,
    (function)wg_transpose,
    (function)wg_unsqueeze,
    (function)wg_select,
    (function)wg_narrow,
    (function)wg_index_select,
    (function)wg_cat,
    (function)wg_stack,
    (function)wg_mse_loss,
    (function)wg_cross_entropy,
    (function)wg_binary_cross_entropy_with_logits,
    (function)wg_copy_,
    (function)wg_fill_,
    (function)wg_uniform_,
    (function)wg_normal_,
    (function)wg_tensor_set_requires_grad,
    (function)wg_tensor_requires_grad,
    (function)wg_tensor_is_leaf,
    (function)wg_tensor_detach,
    (function)wg_tensor_grad,
    (function)wg_tensor_set_grad,
    (function)wg_tensor_backward,
    (function)wg_backward,
    (function)wg_grad,
    (function)wg_set_grad_enabled,
    (function)wg_record_custom,
    (function)wg_map_create,
    (function)wg_map_release,
    (function)wg_map_size,
    (function)wg_map_set,
    (function)wg_map_get,
    (function)wg_map_name,
    (function)wg_map_set_text,
    (function)wg_map_text,
    (function)wg_map_save,
    (function)wg_map_load,
    (function)wg_optimizer_create,
    (function)wg_optimizer_release,
    (function)wg_optimizer_set_option,
    (function)wg_optimizer_option,
    (function)wg_optimizer_step,
    (function)wg_optimizer_zero_grad,
    (function)wg_optimizer_state,
    (function)wg_optimizer_load_state,
    (function)wg_clip_grad_norm,
    (function)wg_set_num_threads,
    (function)wg_num_threads,
    (function)wg_set_executor,
    (function)wg_set_allocator,
    (function)wg_memory,
    (function)wg_set_memory_limit,
    (function)wg_trim_memory,
};

int main(void) {
  size_t i;
  for (i = 0; i < sizeof functions / sizeof *functions; ++i) {
    if (!functions[i]) return 1;
  }
  return wg_abi_version() >= 1 ? 0 : 1;
}
