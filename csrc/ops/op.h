// The contract of an operation (design D1), and how it is called.
//
// An operation is a struct whose members are its attributes:
//
//   struct Scale {
//     double factor;
//     static constexpr const char* name = "scale";
//     WG_FIELDS(factor)                             // WG_NO_FIELDS without attributes
//     void infer(Infer& m) const;                   // dtype, shape, layout of the outputs
//     void compute(Compute& c) const;               // fills the outputs; not for views
//     void vjp(Vjp& v) const;                       // left out: carries no gradient
//     static constexpr Save saves[] = {...};        // left out: keeps nothing
//     static constexpr Overwrites overwrites = ...; // left out: none
//     static constexpr bool view = true;            // left out: false
//     static constexpr Tangents tangents = ...;     // forward mode, or a rule:
//     void jvp(Jvp& j) const;
//     static constexpr Batching batching = ...;     // vmap, or the operation on inputs that all
//     Scale batched(int64_t n) const;               // have one more dimension (of n) in front,
//     bool batch(Batch& b) const;                   // or a rule
//     static constexpr bool random = true;          // left out: false
//     static constexpr bool composed = true;        // left out: false; see OpClass
//     static int64_t flops(const Sizes& s);         // of products, for profiles
//     bool pointwise(const DType* inputs, int n, Pointwise& kernel) const;  // see OpClass
//   };
//
// and Tensor y = apply(Scale{2.0}, x) runs and records it.
#pragma once

#include <array>
#include <new>
#include <tuple>
#include <type_traits>

#include "autograd/batch.h"
#include "autograd/execute.h"
#include "autograd/fields.h"
#include "autograd/jvp.h"
#include "autograd/vjp.h"
#include "runtime/half.h"
#include "tensor/check.h"
#include "wengert/ops.h"

#define WG_FIELDS(...)                                     \
  static constexpr const char* field_names = #__VA_ARGS__; \
  auto fields() const { return std::tie(__VA_ARGS__); }
#define WG_NO_FIELDS                             \
  static constexpr const char* field_names = ""; \
  std::tuple<> fields() const { return {}; }

WENGERT_NAMESPACE_BEGIN

// A shape behind a first dimension of size n, and dimensions behind a new first one.
Shape with_front(int64_t n, Dims shape);
Shape one_later(Dims dims);

// The shape to which both broadcast; false if they do not.
bool broadcast_shapes(Dims a, Dims b, Shape& out);

namespace detail {

// Calls and nodes hold no value of an operation without attributes.
template <class Op>
const Op& value(const void* op) {
  if constexpr (std::is_empty_v<Op>) {
    static constexpr Op kOnly{};
    return kOnly;
  } else {
    return *static_cast<const Op*>(op);
  }
}

template <class Op>
void infer_thunk(const void* op, Infer& m) {
  value<Op>(op).infer(m);
}
template <class Op>
void compute_thunk(const void* op, Compute& c) {
  if constexpr (requires(const Op& o) { o.compute(c); }) {
    value<Op>(op).compute(c);
  }
}
template <class Op>
void vjp_thunk(const void* op, Vjp& v) {
  value<Op>(op).vjp(v);
}
template <class Op>
void jvp_thunk(const void* op, Jvp& j) {
  value<Op>(op).jvp(j);
}
template <class Op>
bool batch_thunk(const void* op, Batch& b);
template <class Op>
void copy_thunk(void* to, const void* from) {
  new (to) Op(value<Op>(from));
}
template <class Op>
void destroy_thunk(void* op) noexcept {
  static_cast<Op*>(op)->~Op();
}
// Fields are references to the members of an operation's value. Enumerations are seen as numbers,
// what converts to a shape and back as that.
template <class T>
void visit_field(FieldVisitor& visitor, const char* names, int i, const T& field) {
  T& member = const_cast<T&>(field);
  if constexpr (std::is_enum_v<T> && !std::is_same_v<T, DType>) {
    const auto before = static_cast<int64_t>(member);
    int64_t number = before;
    visitor.visit(field_name(names, i), number);
    if (number != before) member = static_cast<T>(number);
  } else if constexpr (std::is_convertible_v<T, Shape> && !std::is_same_v<T, Shape>) {
    const Shape before = member;
    Shape dims = before;
    visitor.visit(field_name(names, i), dims);
    if (!(Dims(dims) == Dims(before))) member = T(dims);
  } else {
    visitor.visit(field_name(names, i), member);
  }
}
template <class Op>
void fields_thunk(void* op, FieldVisitor& visitor) {
  if constexpr (!std::is_empty_v<Op>) {
    const auto fields = static_cast<const Op*>(op)->fields();
    using Fields = std::remove_const_t<decltype(fields)>;
    [&]<size_t... I>(std::index_sequence<I...>) {
      static_assert((std::is_reference_v<std::tuple_element_t<I, Fields>> && ...));
      (visit_field(visitor, Op::field_names, static_cast<int>(I), std::get<I>(fields)), ...);
    }(std::make_index_sequence<std::tuple_size_v<Fields>>());
  }
}

template <class Op>
bool pointwise_thunk(const void* op, const DType* inputs, int n, Pointwise& kernel) {
  return value<Op>(op).pointwise(inputs, n, kernel);
}

template <class Op>
constexpr OpClass make_op_class() {
  OpClass c{};
  c.name = Op::name;
  c.size = std::is_empty_v<Op> ? 0 : sizeof(Op);
  if constexpr (requires { Op::saves; }) {
    c.saves = std::data(Op::saves);
    c.n_saves = static_cast<int>(std::size(Op::saves));
  }
  if constexpr (requires { Op::overwrites; }) c.overwrites = Op::overwrites;
  if constexpr (requires { Op::view; }) c.view = Op::view;
  if constexpr (!std::is_trivially_copyable_v<Op>) c.copy = copy_thunk<Op>;
  if constexpr (!std::is_trivially_destructible_v<Op>) c.destroy = destroy_thunk<Op>;
  c.infer = infer_thunk<Op>;
  c.compute = compute_thunk<Op>;
  if constexpr (requires(const Op& o, Vjp& v) { o.vjp(v); }) c.vjp = vjp_thunk<Op>;
  c.fields = fields_thunk<Op>;
  if constexpr (requires { Op::tangents; }) c.tangents = Op::tangents;
  if constexpr (requires { Op::batching; }) c.batching = Op::batching;
  if constexpr (requires { Op::list; }) c.list = Op::list;
  if constexpr (requires { Op::random; }) c.random = Op::random;
  if constexpr (requires { Op::composed; }) c.composed = Op::composed;
  if constexpr (requires(const Sizes& s) { Op::flops(s); }) c.flops = Op::flops;
  if constexpr (requires(const Op& o, const DType* d, Pointwise& p) { o.pointwise(d, 1, p); })
    c.pointwise = pointwise_thunk<Op>;
  if constexpr (requires(const Op& o, Jvp& j) { o.jvp(j); }) c.jvp = jvp_thunk<Op>;
  if constexpr (
      requires(const Op& o, Batch& b) { o.batch(b); } ||
      requires(const Op& o) { o.batched(int64_t{}); }) {
    c.batch = batch_thunk<Op>;
  }
  return c;
}

[[noreturn]] void undefined_input(const char* op);
inline TensorImpl* input(const char* op, const Tensor& t) {
  if (!t.defined()) [[unlikely]]
    undefined_input(op);
  return t.impl();
}

}  // namespace detail

template <class Op>
inline constexpr OpClass op_class = detail::make_op_class<Op>();

namespace detail {
template <class Op>
bool batch_thunk(const void* op, Batch& b) {
  if constexpr (requires(const Op& o) { o.batch(b); }) {
    return value<Op>(op).batch(b);
  } else {
    const Op shifted = value<Op>(op).batched(b.size());
    return b.run_with_front(op_class<Op>, &shifted);
  }
}
}  // namespace detail

// One output.
template <class Op, class... T>
Tensor apply(const Op& op, const T&... inputs) {
  TensorImpl* in[] = {detail::input(Op::name, inputs)...};
  Tensor out;
  OpCall call{op_class<Op>, &op, in, sizeof...(T), &out, 1};
  run(call);
  return out;
}
// One output; undefined inputs are passed on.
template <class Op, class... T>
Tensor apply_optional(const Op& op, const T&... inputs) {
  TensorImpl* in[] = {inputs.impl()...};
  Tensor out;
  OpCall call{op_class<Op>, &op, in, sizeof...(T), &out, 1};
  run(call);
  return out;
}
// N outputs; undefined inputs are passed on.
template <size_t N, class Op, class... T>
std::array<Tensor, N> apply_many(const Op& op, const T&... inputs) {
  TensorImpl* in[] = {inputs.impl()...};
  std::array<Tensor, N> out;
  OpCall call{op_class<Op>, &op, in, sizeof...(T), out.data(), N};
  run(call);
  return out;
}
// A list of inputs, one output.
template <class Op>
Tensor apply_list(const Op& op, TensorList inputs) {
  std::vector<TensorImpl*> in;
  in.reserve(inputs.size());
  for (const Tensor& t : inputs) in.push_back(detail::input(Op::name, t));
  Tensor out;
  OpCall call{op_class<Op>, &op, in.data(), static_cast<int>(in.size()), &out, 1};
  run(call);
  return out;
}
// One input, a list of n outputs.
template <class Op>
std::vector<Tensor> apply_split(const Op& op, const Tensor& input, int64_t n) {
  TensorImpl* in = detail::input(Op::name, input);
  std::vector<Tensor> out(static_cast<size_t>(n));
  OpCall call{op_class<Op>, &op, &in, 1, out.data(), static_cast<int>(n)};
  run(call);
  return out;
}
// Replaces the elements of `self`, the operation's first input.
template <class Op, class... T>
void apply_in_place(const Op& op, Tensor& self, const T&... inputs) {
  TensorImpl* in[] = {detail::input(Op::name, self), detail::input(Op::name, inputs)...};
  run_in_place(op_class<Op>, &op, in, 1 + sizeof...(T));
}
// The same; undefined inputs behind the first are passed on.
template <class Op, class... T>
void apply_optional_in_place(const Op& op, Tensor& self, const T&... inputs) {
  TensorImpl* in[] = {detail::input(Op::name, self), inputs.impl()...};
  run_in_place(op_class<Op>, &op, in, 1 + sizeof...(T));
}

WENGERT_NAMESPACE_END
