// The C interface. Its ABI stays: functions and constants are added, none is changed or removed, so
// that a program built with one version runs with every later one. The C++ interface has no such
// promise.
//
//   wg_tensor *x, *y;
//   if (wg_tensor_ones(shape, 2, WG_FLOAT32, &x) != WG_OK) puts(wg_last_error_message());
//   wg_exp(x, &y);
//   wg_tensor_release(x);
//
// Rules:
// * A function returns WG_OK or the type of its error, whose text wg_last_error_message() gives.
//   After an error outputs and arguments are as they were. No C++ exception leaves a function.
// * Handles are counted references. What a function gives through `out` belongs to the caller, who
//   releases it once; what a function takes it borrows. NULL is an error unless said otherwise.
// * Arrays are borrowed for the time of the call and may be NULL where their length is 0.
// * Handles may be used on any thread; whatever changes an object must not run beside other uses of
//   the same object. Modes and errors belong to the thread.
// * Names that begin with wg_ and WG_ are this library's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wengert/export.h"
#include "wengert/version.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- version and errors -------------------------------------------------------------------

// Grows when something is added. A program runs if wg_abi_version() is at least the number it was
// compiled with. 2: wg_tape_.
#define WG_ABI_VERSION 2
WENGERT_API int32_t wg_abi_version(void);
WENGERT_API const char* wg_version(void);  // of the library: "0.1.0"

typedef int32_t wg_status;
enum {
  WG_OK = 0,
  WG_ERROR = 1,  // what fits no other type
  WG_VALUE_ERROR = 2,
  WG_TYPE_ERROR = 3,
  WG_INDEX_ERROR = 4,
  WG_NOT_IMPLEMENTED = 5,
  WG_LINALG_ERROR = 6,
  WG_IO_ERROR = 7,
  WG_OUT_OF_MEMORY = 8,
  WG_INTERNAL_ERROR = 9  // a bug of the library
};
// Type and text of the last error of this thread; WG_OK and "" before the first. Successful calls
// leave them. The text is valid until the thread's next error.
WENGERT_API wg_status wg_last_error(void);
WENGERT_API const char* wg_last_error_message(void);
// For callbacks: makes this the last error, and returns `type`.
WENGERT_API wg_status wg_set_error(wg_status type, const char* message);

// ---- tensors ------------------------------------------------------------------------------

typedef struct wg_tensor wg_tensor;
typedef struct wg_generator wg_generator;

typedef int32_t wg_dtype;
enum {
  WG_BOOL = 0,
  WG_UINT8 = 1,
  WG_INT8 = 2,
  WG_INT16 = 3,
  WG_INT32 = 4,
  WG_INT64 = 5,
  WG_FLOAT16 = 6,
  WG_BFLOAT16 = 7,
  WG_FLOAT32 = 8,
  WG_FLOAT64 = 9,
  WG_COMPLEX64 = 10,
  WG_COMPLEX128 = 11
};

// Both take NULL and do nothing then.
WENGERT_API wg_status wg_tensor_retain(wg_tensor* t);
WENGERT_API wg_status wg_tensor_release(wg_tensor* t);

// Copies row-major elements.
WENGERT_API wg_status wg_tensor_from_data(const void* data, const int64_t* shape, int64_t ndim,
                                          wg_dtype dtype, wg_tensor** out);
// Memory that stays the caller's: release(context), unless NULL, is called when the last tensor
// over it is gone. Strides in elements; NULL for row-major.
WENGERT_API wg_status wg_tensor_from_blob(void* data, const int64_t* shape, int64_t ndim,
                                          wg_dtype dtype, const int64_t* strides,
                                          void (*release)(void* context), void* context,
                                          wg_tensor** out);
WENGERT_API wg_status wg_tensor_empty(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                                      wg_tensor** out);  // uninitialised
WENGERT_API wg_status wg_tensor_zeros(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                                      wg_tensor** out);
WENGERT_API wg_status wg_tensor_ones(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                                     wg_tensor** out);
WENGERT_API wg_status wg_tensor_full(const int64_t* shape, int64_t ndim, double value,
                                     wg_dtype dtype, wg_tensor** out);
// Uniform in [0, 1), and standard normal; from the default generator where it is NULL.
WENGERT_API wg_status wg_tensor_rand(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                                     wg_generator* generator, wg_tensor** out);
WENGERT_API wg_status wg_tensor_randn(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                                      wg_generator* generator, wg_tensor** out);

WENGERT_API wg_status wg_tensor_dtype(wg_tensor* t, wg_dtype* dtype);
WENGERT_API wg_status wg_tensor_numel(wg_tensor* t, int64_t* numel);
// The sizes, or the strides in elements (which may be 0 or negative), and how many there are. The
// array belongs to the tensor.
WENGERT_API wg_status wg_tensor_shape(wg_tensor* t, const int64_t** shape, int64_t* ndim);
WENGERT_API wg_status wg_tensor_strides(wg_tensor* t, const int64_t** strides, int64_t* ndim);
WENGERT_API wg_status wg_tensor_is_contiguous(wg_tensor* t, bool* contiguous);
// The first element; the others stand where the strides say. What is written there is not noticed
// by recorded operations that have saved the tensor.
WENGERT_API wg_status wg_tensor_data(wg_tensor* t, void** data);
// The elements in row-major order, whatever the strides, to and from `bytes` bytes of the dtype.
WENGERT_API wg_status wg_tensor_copy_to(wg_tensor* t, void* data, uint64_t bytes);
WENGERT_API wg_status wg_tensor_copy_from(wg_tensor* t, const void* data, uint64_t bytes);
// The only element. ValueError for several; item_int is a TypeError for floating dtypes.
WENGERT_API wg_status wg_tensor_item(wg_tensor* t, double* value);
WENGERT_API wg_status wg_tensor_item_int(wg_tensor* t, int64_t* value);
// Its elements in brackets and its dtype, cut to `capacity` bytes with the final 0; `length` (or
// NULL) is that of the whole text.
WENGERT_API wg_status wg_tensor_text(wg_tensor* t, char* text, uint64_t capacity, uint64_t* length);
WENGERT_API wg_status wg_tensor_clone(wg_tensor* t, wg_tensor** out);
WENGERT_API wg_status wg_tensor_contiguous(wg_tensor* t, wg_tensor** out);
WENGERT_API wg_status wg_tensor_to(wg_tensor* t, wg_dtype dtype, wg_tensor** out);

// ---- random numbers -----------------------------------------------------------------------

WENGERT_API wg_status wg_manual_seed(uint64_t seed);  // of the default generator
WENGERT_API wg_status wg_generator_create(uint64_t seed, wg_generator** out);
WENGERT_API wg_status wg_generator_release(wg_generator* generator);  // NULL: nothing

// ---- every function by its name -----------------------------------------------------------

typedef int32_t wg_kind;
enum {
  WG_KIND_NONE = 0,
  WG_KIND_TENSOR = 1,
  WG_KIND_TENSORS = 2,
  WG_KIND_INT = 3,
  WG_KIND_REAL = 4,
  WG_KIND_BOOL = 5,
  WG_KIND_COMPLEX = 6,
  WG_KIND_INTS = 7,
  WG_KIND_DTYPE = 8,
  WG_KIND_TEXT = 9,
  WG_KIND_GENERATOR = 10
};
// An argument or a result.
typedef struct wg_value {
  const char* name;  // of the parameter; NULL: by position. Of a result, or NULL
  wg_kind kind;
  int32_t reserved;  // 0
  int64_t count;     // of tensors and ints
  union {
    wg_tensor* tensor;  // NULL is none
    wg_tensor* const* tensors;
    int64_t integer;  // also of bools and dtypes
    double real;
    double complex_parts[2];
    const int64_t* integers;
    const char* text;
    wg_generator* generator;
  } as;
} wg_value;

// Calls the function `name` as Python would: parameters, their order and their defaults are those
// of `wg_function_info`. Arguments without a name come first. A name with "_" behind it changes the
// first argument, where the function has such a form. Results are tensors that belong to the
// caller, or one number, bool or dtype; `count` (or NULL) says how many there are, and more than
// `capacity` are an error. Programs that call this are linked with every operation.
WENGERT_API wg_status wg_call(const char* name, const wg_value* arguments, int64_t n_arguments,
                              wg_value* results, int64_t capacity, int64_t* count);
// The same for a function whose only result is a tensor.
WENGERT_API wg_status wg_call_tensor(const char* name, const wg_value* arguments,
                                     int64_t n_arguments, wg_tensor** out);
// The functions are numbered from 0; names that begin with "_" may change. Each pointer may be
// NULL. The texts are valid for ever. IndexError for a number too high.
WENGERT_API wg_status wg_function_info(int64_t number, const char** name, const char** signature,
                                       const char** documentation);

// Arguments; `name` may be NULL.
static inline wg_value wg_arg_none(const char* name) {
  wg_value v;
  v.name = name;
  v.kind = WG_KIND_NONE;
  v.reserved = 0;
  v.count = 0;
  v.as.complex_parts[0] = v.as.complex_parts[1] = 0;
  return v;
}
static inline wg_value wg_arg_tensor(const char* name, wg_tensor* t) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_TENSOR;
  v.as.tensor = t;
  return v;
}
static inline wg_value wg_arg_tensors(const char* name, wg_tensor* const* tensors, int64_t count) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_TENSORS;
  v.as.tensors = tensors;
  v.count = count;
  return v;
}
static inline wg_value wg_arg_int(const char* name, int64_t integer) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_INT;
  v.as.integer = integer;
  return v;
}
static inline wg_value wg_arg_real(const char* name, double real) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_REAL;
  v.as.real = real;
  return v;
}
static inline wg_value wg_arg_bool(const char* name, bool on) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_BOOL;
  v.as.integer = on;
  return v;
}
static inline wg_value wg_arg_complex(const char* name, double real, double imaginary) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_COMPLEX;
  v.as.complex_parts[0] = real;
  v.as.complex_parts[1] = imaginary;
  return v;
}
static inline wg_value wg_arg_ints(const char* name, const int64_t* integers, int64_t count) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_INTS;
  v.as.integers = integers;
  v.count = count;
  return v;
}
static inline wg_value wg_arg_dtype(const char* name, wg_dtype dtype) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_DTYPE;
  v.as.integer = dtype;
  return v;
}
static inline wg_value wg_arg_text(const char* name, const char* text) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_TEXT;
  v.as.text = text;
  return v;
}
static inline wg_value wg_arg_generator(const char* name, wg_generator* generator) {
  wg_value v = wg_arg_none(name);
  v.kind = WG_KIND_GENERATOR;
  v.as.generator = generator;
  return v;
}

// ---- the most used functions --------------------------------------------------------------
// With the meaning of the C++ functions of the same names (wengert/ops.h). A program is linked with
// those it calls.

WENGERT_API wg_status wg_neg(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_abs(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_square(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_sqrt(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_exp(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_log(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_sin(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_cos(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_tanh(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_sigmoid(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_relu(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_gelu(wg_tensor* a, wg_tensor** out);
WENGERT_API wg_status wg_silu(wg_tensor* a, wg_tensor** out);

WENGERT_API wg_status wg_add(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_sub(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_mul(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_div(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_pow(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_maximum(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_minimum(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_eq(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_lt(wg_tensor* a, wg_tensor* b, wg_tensor** out);
WENGERT_API wg_status wg_gt(wg_tensor* a, wg_tensor* b, wg_tensor** out);
// With a number, which does not widen a floating dtype.
WENGERT_API wg_status wg_add_scalar(wg_tensor* a, double b, wg_tensor** out);
WENGERT_API wg_status wg_mul_scalar(wg_tensor* a, double b, wg_tensor** out);
WENGERT_API wg_status wg_pow_scalar(wg_tensor* a, double b, wg_tensor** out);

WENGERT_API wg_status wg_matmul(wg_tensor* a, wg_tensor* b, wg_tensor** out);
// input weight^T + bias; the bias may be NULL.
WENGERT_API wg_status wg_linear(wg_tensor* input, wg_tensor* weight, wg_tensor* bias,
                                wg_tensor** out);
// stride, padding and dilation: two numbers each, or NULL for 1, 0 and 1. The bias may be NULL.
WENGERT_API wg_status wg_conv2d(wg_tensor* input, wg_tensor* weight, wg_tensor* bias,
                                const int64_t* stride, const int64_t* padding,
                                const int64_t* dilation, int64_t groups, wg_tensor** out);
// stride and padding: two numbers each, or NULL for the kernel's size and 0.
WENGERT_API wg_status wg_max_pool2d(wg_tensor* input, const int64_t* kernel_size,
                                    const int64_t* stride, const int64_t* padding, wg_tensor** out);
WENGERT_API wg_status wg_dropout(wg_tensor* input, double p, bool training, wg_generator* generator,
                                 wg_tensor** out);

// Over the dimensions `dims`; all where there are none.
WENGERT_API wg_status wg_sum(wg_tensor* a, const int64_t* dims, int64_t n_dims, bool keepdim,
                             wg_tensor** out);
WENGERT_API wg_status wg_mean(wg_tensor* a, const int64_t* dims, int64_t n_dims, bool keepdim,
                              wg_tensor** out);
WENGERT_API wg_status wg_argmax(wg_tensor* a, int64_t dim, bool keepdim, wg_tensor** out);
WENGERT_API wg_status wg_softmax(wg_tensor* a, int64_t dim, wg_tensor** out);
WENGERT_API wg_status wg_log_softmax(wg_tensor* a, int64_t dim, wg_tensor** out);

WENGERT_API wg_status wg_reshape(wg_tensor* a, const int64_t* shape, int64_t ndim, wg_tensor** out);
WENGERT_API wg_status wg_permute(wg_tensor* a, const int64_t* dims, int64_t n_dims,
                                 wg_tensor** out);
WENGERT_API wg_status wg_transpose(wg_tensor* a, int64_t dim0, int64_t dim1, wg_tensor** out);
WENGERT_API wg_status wg_unsqueeze(wg_tensor* a, int64_t dim, wg_tensor** out);
WENGERT_API wg_status wg_select(wg_tensor* a, int64_t dim, int64_t index, wg_tensor** out);
WENGERT_API wg_status wg_narrow(wg_tensor* a, int64_t dim, int64_t start, int64_t length,
                                wg_tensor** out);
WENGERT_API wg_status wg_index_select(wg_tensor* a, int64_t dim, wg_tensor* index, wg_tensor** out);
WENGERT_API wg_status wg_cat(wg_tensor* const* tensors, int64_t count, int64_t dim,
                             wg_tensor** out);
WENGERT_API wg_status wg_stack(wg_tensor* const* tensors, int64_t count, int64_t dim,
                               wg_tensor** out);

// Means over all elements; logits (N, C) with int64 classes (N) or probabilities (N, C).
WENGERT_API wg_status wg_mse_loss(wg_tensor* input, wg_tensor* target, wg_tensor** out);
WENGERT_API wg_status wg_cross_entropy(wg_tensor* logits, wg_tensor* target, wg_tensor** out);
WENGERT_API wg_status wg_binary_cross_entropy_with_logits(wg_tensor* logits, wg_tensor* target,
                                                          wg_tensor** out);

// These change their first argument.
WENGERT_API wg_status wg_copy_(wg_tensor* t, wg_tensor* from);
WENGERT_API wg_status wg_fill_(wg_tensor* t, double value);
WENGERT_API wg_status wg_uniform_(wg_tensor* t, double low, double high, wg_generator* generator);
WENGERT_API wg_status wg_normal_(wg_tensor* t, double mean, double std, wg_generator* generator);

// ---- differentiation ----------------------------------------------------------------------

// Recorded operations: those of tensors that require a gradient, and what is computed from them.
WENGERT_API wg_status wg_tensor_set_requires_grad(wg_tensor* t, bool on);
WENGERT_API wg_status wg_tensor_requires_grad(wg_tensor* t, bool* on);
WENGERT_API wg_status wg_tensor_is_leaf(wg_tensor* t, bool* leaf);
WENGERT_API wg_status wg_tensor_detach(wg_tensor* t, wg_tensor** out);
// The gradient that backward passes have added up, NULL if none has.
WENGERT_API wg_status wg_tensor_grad(wg_tensor* t, wg_tensor** out);
WENGERT_API wg_status wg_tensor_set_grad(wg_tensor* t, wg_tensor* grad);  // NULL drops it
// Adds the gradients of a tensor with one element to those of the leaves it depends on.
WENGERT_API wg_status wg_tensor_backward(wg_tensor* t);
// The same for the sum of roots * gradients. `gradients` NULL, or a NULL in it, stands for ones.
WENGERT_API wg_status wg_backward(wg_tensor* const* roots, wg_tensor* const* gradients,
                                  int64_t count, bool retain_graph, bool create_graph);
// d(sum of outputs * grad_outputs) / d(inputs) into out[0..n_inputs), and nothing into the leaves.
// `grad_outputs` NULL, or a NULL in it, stands for ones. An input that does not matter gives NULL
// with allow_unused, and is an error without.
WENGERT_API wg_status wg_grad(wg_tensor* const* outputs, wg_tensor* const* grad_outputs,
                              int64_t n_outputs, wg_tensor* const* inputs, int64_t n_inputs,
                              bool retain_graph, bool create_graph, bool allow_unused,
                              wg_tensor** out);
// Recording on this thread. A scope without it: set it to false, keep `before` (or NULL), and set
// it to that again.
WENGERT_API wg_status wg_set_grad_enabled(bool on, bool* before);

// The backward half of an operation of the caller's: gradients of the inputs, as references that
// are given away, into grad_inputs[0..n_inputs), which holds NULLs; those left NULL are zero. A
// gradient of an output that is NULL is zero. It calls functions of this library, or works on data;
// anything but WG_OK makes the backward pass fail with that error.
typedef wg_status (*wg_backward_function)(void* context, wg_tensor* const* grad_outputs,
                                          int64_t n_outputs, wg_tensor* const* saved,
                                          int64_t n_saved, wg_tensor** grad_inputs,
                                          int64_t n_inputs);
// Makes `outputs`, fresh tensors that were computed while recording was off, depend on `inputs`.
// `saved` are kept for the callback and checked for changes in place. destroy(context), unless
// NULL, is called when the operation is forgotten, which may be at once; not after an error.
WENGERT_API wg_status wg_record_custom(const char* name, wg_backward_function backward,
                                       void* context, void (*destroy)(void* context),
                                       wg_tensor* const* inputs, int64_t n_inputs,
                                       wg_tensor* const* outputs, int64_t n_outputs,
                                       wg_tensor* const* saved, int64_t n_saved);

// ---- tensors by name, and files -----------------------------------------------------------

typedef struct wg_map wg_map;  // tensors by their names, in alphabetical order, and texts by theirs
WENGERT_API wg_status wg_map_create(wg_map** out);
WENGERT_API wg_status wg_map_release(wg_map* map);  // NULL: nothing
WENGERT_API wg_status wg_map_size(wg_map* map, int64_t* size);
WENGERT_API wg_status wg_map_set(wg_map* map, const char* name, wg_tensor* t);
WENGERT_API wg_status wg_map_get(wg_map* map, const char* name, wg_tensor** out);
// The name is valid until the map changes. IndexError for a number too high.
WENGERT_API wg_status wg_map_name(wg_map* map, int64_t number, const char** name);
WENGERT_API wg_status wg_map_set_text(wg_map* map, const char* name, const char* text);
WENGERT_API wg_status wg_map_text(wg_map* map, const char* name, const char** text);
// Files in the safetensors format (wengert/io.h).
WENGERT_API wg_status wg_map_save(wg_map* map, const char* path);
WENGERT_API wg_status wg_map_load(const char* path, wg_map** out);

// ---- optimizers ---------------------------------------------------------------------------

typedef struct wg_optimizer wg_optimizer;
typedef struct wg_option {
  const char* name;
  double value;  // 0 or 1 for switches
} wg_option;
// name: that of a class of wengert/optim.h, such as "Adam"; the options have the names of its
// options' members, such as "lr" and "beta1", and an unknown name is an error that lists them.
// Programs that call this are linked with every optimizer.
WENGERT_API wg_status wg_optimizer_create(const char* name, wg_tensor* const* parameters,
                                          int64_t count, const wg_option* options,
                                          int64_t n_options, wg_optimizer** out);
WENGERT_API wg_status wg_optimizer_release(wg_optimizer* optimizer);  // NULL: nothing
WENGERT_API wg_status wg_optimizer_set_option(wg_optimizer* optimizer, const char* name,
                                              double value);
WENGERT_API wg_status wg_optimizer_option(wg_optimizer* optimizer, const char* name, double* value);
WENGERT_API wg_status wg_optimizer_step(wg_optimizer* optimizer);
WENGERT_API wg_status wg_optimizer_zero_grad(wg_optimizer* optimizer);
// What is kept for each parameter, as "<number of the parameter>.<name>".
WENGERT_API wg_status wg_optimizer_state(wg_optimizer* optimizer, wg_map** out);
WENGERT_API wg_status wg_optimizer_load_state(wg_optimizer* optimizer, wg_map* state);
// Scales the gradients so that their common 2-norm is at most max_norm; `norm` (or NULL) is what it
// was.
WENGERT_API wg_status wg_clip_grad_norm(wg_tensor* const* parameters, int64_t count,
                                        double max_norm, double* norm);

// ---- recorded programs --------------------------------------------------------------------
// What Python's Tape.save and C++'s Tape::save have written: inference, or a whole step of
// training.

typedef struct wg_tape wg_tape;
// Reads a program, checks all of it and runs nothing; ValueError says what is wrong with the file.
// Random numbers come from the default generator where those recorded did. Programs that call
// this are linked with every operation.
WENGERT_API wg_status wg_tape_load(const char* path, wg_tape** out);
WENGERT_API wg_status wg_tape_release(wg_tape* tape);  // NULL: nothing
// Writes it with its tensors as they are now.
WENGERT_API wg_status wg_tape_save(wg_tape* tape, const char* path);
// One line for each operation, as wg_tensor_text gives text.
WENGERT_API wg_status wg_tape_text(wg_tape* tape, char* text, uint64_t capacity, uint64_t* length);

WENGERT_API wg_status wg_tape_arguments(wg_tape* tape, int64_t* count);
WENGERT_API wg_status wg_tape_results(wg_tape* tape, int64_t* count);
// What argument or result `number` is, in arrays that belong to the tape; each pointer may be NULL.
// A result that is left out has dtype -1. IndexError for a number too high.
WENGERT_API wg_status wg_tape_argument(wg_tape* tape, int64_t number, wg_dtype* dtype,
                                       const int64_t** shape, const int64_t** strides,
                                       int64_t* ndim);
WENGERT_API wg_status wg_tape_result(wg_tape* tape, int64_t number, wg_dtype* dtype,
                                     const int64_t** shape, const int64_t** strides, int64_t* ndim);
// Runs it on its arguments, which have these dtypes, shapes and strides, and puts its results into
// results[0..n_results), NULL for one that is left out. Error where an argument does not fit or a
// value that was read when it was recorded is another; nothing has changed then.
WENGERT_API wg_status wg_tape_run(wg_tape* tape, wg_tensor* const* inputs, int64_t n_inputs,
                                  wg_tensor** results, int64_t n_results);

// The tensors that it uses beside its arguments, by their names in the file: parameters, buffers,
// the state of optimizers. They are its own, so that what a run changes is seen in them, and their
// gradients are where wg_tensor_grad finds them.
WENGERT_API wg_status wg_tape_states(wg_tape* tape, wg_map** out);
// Copies tensors into those of the same names. ValueError, with nothing changed, for a name that
// there is not and for another dtype or shape.
WENGERT_API wg_status wg_tape_set_states(wg_tape* tape, wg_map* states);
// A number of the optimizers' steps in the program, such as "lr", which may change between runs:
// `number` 0 is that of the first step with this name, one for each group of parameters. IndexError
// for a number too high.
WENGERT_API wg_status wg_tape_number(wg_tape* tape, const char* name, int64_t number,
                                     double* value);
WENGERT_API wg_status wg_tape_set_number(wg_tape* tape, const char* name, int64_t number,
                                         double value);

// ---- threads and memory -------------------------------------------------------------------
// As in wengert/runtime.h.

WENGERT_API wg_status wg_set_num_threads(int32_t n);
WENGERT_API wg_status wg_num_threads(int32_t* n);
// Runs the library's parallel work: run() calls task(work, i) once for every i in [0, n), on any
// threads, and returns after the last has finished. NULL for both gives it back to the library's
// own threads.
WENGERT_API wg_status wg_set_executor(int32_t (*concurrency)(void* context),
                                      void (*run)(void* context, int64_t n,
                                                  void (*task)(void* work, int64_t i), void* work),
                                      void* context);
// Serves the memory of tensors and graphs; `allocate` returns NULL where it cannot. NULL for both
// goes back to the system's. An error while memory is in use: call it before the first tensor is
// made.
WENGERT_API wg_status wg_set_allocator(
    void* (*allocate)(void* context, size_t bytes, size_t alignment),
    void (*deallocate)(void* context, void* p, size_t bytes, size_t alignment), void* context);
// Bytes in live tensors and graphs now and at most; each pointer may be NULL.
WENGERT_API wg_status wg_memory(uint64_t* allocated, uint64_t* peak);
WENGERT_API wg_status wg_set_memory_limit(uint64_t bytes);  // 0: none
WENGERT_API wg_status wg_trim_memory(void);

#ifdef __cplusplus
}
#endif
