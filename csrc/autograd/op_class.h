// The type-erased face of an operation (design D1): what the graph, the transforms and the
// bindings know of it. ops/op.h makes one from an operation's struct.
#pragma once

#include <string>

#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

class Batch;
class Jvp;
class Vjp;
struct Node;

// A value kept for the backward pass: input or output `index`, if any input of `needed_by` (a mask
// of the first 32 inputs) takes part in differentiation.
struct Save {
  bool output;
  uint8_t index;
  uint32_t needed_by;
};
constexpr Save save_input(int index, uint32_t needed_by = ~0u) {
  return {false, static_cast<uint8_t>(index), needed_by};
}
constexpr Save save_output(int index, uint32_t needed_by = ~0u) {
  return {true, static_cast<uint8_t>(index), needed_by};
}
constexpr uint32_t for_input(int i) { return 1u << i; }

[[noreturn]] void too_many_dims();

struct Shape {
  int ndim = 0;
  int64_t d[kMaxDims];

  Shape() = default;
  Shape(Dims dims) : ndim(static_cast<int>(dims.size())) {
    if (dims.size() > kMaxDims) [[unlikely]]
      too_many_dims();
    for (size_t i = 0; i < dims.size(); ++i) d[i] = dims[i];
  }
  operator Dims() const { return {d, static_cast<size_t>(ndim)}; }
  void push(int64_t v) {
    if (ndim == kMaxDims) [[unlikely]]
      too_many_dims();
    d[ndim++] = v;
  }
};

// What an operation says about one output before computing it.
struct Meta {
  DType dtype = DType::float32;
  Shape shape;
  int alias_of = -1;     // a view of this input, at `offset` elements from its first element
  bool strided = false;  // strides are given; always so for a view
  int64_t offset = 0;
  int64_t strides[kMaxDims];
};

// Inputs of infer have shapes, strides and dtypes; their elements must not be touched.
struct Infer {
  const TensorImpl* const* inputs;
  int n_inputs;
  Meta* outputs;
  int n_outputs;

  const TensorImpl& in(int i) const { return *inputs[i]; }
  Meta& out(int i = 0) const { return outputs[i]; }
};

struct Compute {
  TensorImpl* const* inputs;
  int n_inputs;
  Tensor* outputs;  // allocated as infer said
  int n_outputs;

  const Tensor& in(int i) const { return reinterpret_cast<const Tensor&>(inputs[i]); }
  Tensor& out(int i = 0) const { return outputs[i]; }
};

// The shapes of a call's inputs and outputs, by which its cost is known; those of undefined tensors
// are empty.
struct Sizes {
  const Dims* inputs;
  const Dims* outputs;

  static int64_t count(Dims shape) {
    int64_t n = 1;
    for (const int64_t d : shape) n *= d;
    return n;
  }
};

class FieldVisitor;

// An operation as a kernel over arrays whose elements at one place depend on each other alone.
struct Pointwise {
  using One = void (*)(int64_t n, void* out, const void* a);
  using Two = void (*)(int64_t n, void* out, const void* a, const void* b);
  using Any = void (*)(int64_t n, void* out, const void* const* in, const int64_t* steps,
                       const double* numbers);
  static constexpr int kMaxInputs = 3;
  One one = nullptr;       // of one input
  Two two = nullptr;       // of two; of b alone might be nullptr
  Two repeat_a = nullptr;  // of two, the first or the second being one element
  Two repeat_b = nullptr;
  // Of up to three inputs, each an array (step 1) or one element (0), with numbers; the others are
  // nullptr then.
  Any any = nullptr;
  double numbers[3] = {};
  bool has_number = false;  // the other operand is this number
  bool number_first = false;
  DType out = DType::float32;
  alignas(16) char number[16] = {};
};

// How forward mode differentiates an operation.
enum class Tangents : uint8_t {
  by_vjp,       // by a rule of its own; without one, by its vjp differentiated once more
  linear,       // linear in its differentiable inputs together: the operation applied to tangents
  multilinear,  // linear in each of them: the sum of the operation with one of them replaced
  none,         // no tangent passes
};
// How vmap runs an operation once for all examples, whose dimension comes first in batched inputs.
enum class Batching : uint8_t {
  one_by_one,   // by a rule of its own; without one, example by example
  elementwise,  // its inputs broadcast
  leading,      // input 0 may have any number of dimensions in front
  leading_all,  // every input may, where all have them
  rows,         // dimension 0 of input 0 and of the outputs are independent rows
};

// The inputs whose memory may be that of the output, where both have one layout.
enum class Overwrites : uint8_t {
  none,
  first,  // input 0; no other may share memory with the output
  any,
};

struct OpClass {
  const char* name;
  size_t size;  // of the operation's value, which nodes hold a copy of
  const Save* saves;
  int n_saves;
  Overwrites overwrites;
  bool view;                                 // outputs alias input 0
  void (*copy)(void* to, const void* from);  // nullptr: memcpy
  void (*destroy)(void* op) noexcept;        // nullptr: nothing to do
  void (*infer)(const void* op, Infer& meta);
  void (*compute)(const void* op, Compute& c);
  void (*vjp)(const void* op, Vjp& v);  // nullptr: carries no gradient
  void (*fields)(void* op, FieldVisitor& visitor);
  Tangents tangents = Tangents::by_vjp;
  Batching batching = Batching::one_by_one;
  bool list = false;      // a view operation: its outputs are several views, made by one call
  bool random = false;    // draws numbers: another call, other results
  bool composed = false;  // its vjp is made of operations alone
  void (*jvp)(const void* op, Jvp& j) = nullptr;      // the rule; nullptr: as `tangents` says
  bool (*batch)(const void* op, Batch& b) = nullptr;  // as above; false: not for these inputs
  // Floating point operations of a call of products, two for each multiply-add; nullptr: not known.
  int64_t (*flops)(const Sizes& s) = nullptr;
  // The kernel for inputs of these dtypes, undefined ones left out, all contiguous or one element;
  // false where there is none.
  bool (*pointwise)(const void* op, const DType* inputs, int n, Pointwise& kernel) = nullptr;
};

// One call of an operation.
struct OpCall {
  const OpClass& cls;
  const void* op;
  TensorImpl* const* inputs;
  int n_inputs;
  Tensor* outputs;
  int n_outputs;
  bool in_place = false;  // outputs[0] is inputs[0], whose elements are replaced
  // Of a call in place: the inputs as they were, to be saved; nullptr: nobody has copied them yet.
  TensorImpl* const* before = nullptr;
};

WENGERT_NAMESPACE_END
