// A public function seen from outside C++: its name, signature and documentation, and a way to call
// it with values whose types are known only at run time. Bindings, stubs, documentation and tests
// are made from these rows.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "wengert/random.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

enum class ArgKind : uint8_t {
  tensor,       // undefined where the default is None
  operand,      // a tensor, or a number beside one
  tensor_list,  // undefined elements allowed where the function says so
  scalar,
  optional_scalar,
  integer,
  optional_integer,
  real,
  optional_real,
  boolean,
  optional_boolean,
  dims,  // a list of integers, or one
  optional_dims,
  dtype,
  optional_dtype,
  text,
  generator,  // nullptr where the default is None
};

// One argument; the memory it points to belongs to the caller.
struct Value {
  bool none = false;
  union {
    TensorImpl* tensor = nullptr;
    int64_t integer;
    double real;
    bool boolean;
    DType dtype;
    Generator* generator;
  };
  const void* data = nullptr;  // dims, tensor_list, text
  size_t size = 0;
  Scalar scalar;
};

// A tensor, or a number where `tensor` is nullptr.
struct Operand {
  const Tensor* tensor;
  Scalar scalar;
};

enum class ResultKind : uint8_t { nothing, tensor, tensors, boolean, integer, real, dtype };

struct Result {
  ResultKind kind = ResultKind::nothing;
  Tensor tensor;
  std::vector<Tensor> tensors;
  int64_t integer = 0;
  double real = 0;
};

enum FunctionFlag : uint32_t {
  kFunction = 1 << 0,  // wengert.name(...)
  kMethod = 1 << 1,    // Tensor.name(...), the first argument being the tensor
  kInPlace = 1 << 2,   // also Tensor.name_(...)
  kOut = 1 << 3,       // takes out=
  kNN = 1 << 4,        // belongs to nn.functional
  kRandom = 1 << 5,    // results differ from call to call
  kNoGrad = 1 << 6,    // carries no gradient by nature
  kAlias = 1 << 7,     // another name of a function tested elsewhere
  kInternal = 1 << 8,  // called by the Python layer only
  kMutates = 1 << 9,   // changes its first argument and returns it
  kCreates = 1 << 10,  // makes a tensor from nothing: takes device= and requires_grad=
};

inline constexpr int kMaxArguments = 16;

struct Function {
  const char* name;
  // Python parameters with defaults, then the names of the results where there are several:
  // "input, dim=-1, descending=False -> values, indices".
  const char* signature;
  uint32_t flags;
  const char* doc;
  // Python argument lists to test it with, one per line; T(shape, low, high) makes a tensor.
  const char* samples;
  // The same with NumPy, in terms of the parameters; "" where the tests have their own check.
  const char* reference;
  void (*call)(const Value* args, Result& result);
  const ArgKind* kinds;
  int n_args;
  // The in-place form, where it is not computed as a copy: changes args[0].
  void (*in_place)(const Value* args) = nullptr;
};

struct FunctionTable {
  const Function* rows;
  size_t size;
};

// Every table of the library.
WENGERT_API const std::vector<FunctionTable>& all_function_tables();

namespace detail {

template <class T>
struct ArgTraits;
#define WG_ARG(Type, Kind, expression)                     \
  template <>                                              \
  struct ArgTraits<Type> {                                 \
    static constexpr ArgKind kind = ArgKind::Kind;         \
    static Type get(const Value& v) { return expression; } \
  };
WG_ARG(bool, boolean, v.boolean)
WG_ARG(int64_t, integer, v.integer)
WG_ARG(double, real, v.real)
WG_ARG(Scalar, scalar, v.scalar)
WG_ARG(DType, dtype, v.dtype)
WG_ARG(Dims, dims, Dims(static_cast<const int64_t*>(v.data), v.size))
WG_ARG(TensorList, tensor_list, TensorList(static_cast<const Tensor*>(v.data), v.size))
WG_ARG(std::string_view, text, std::string_view(static_cast<const char*>(v.data), v.size))
WG_ARG(Generator*, generator, v.generator)
WG_ARG(std::optional<bool>, optional_boolean, v.none ? std::nullopt : std::optional(v.boolean))
WG_ARG(std::optional<int64_t>, optional_integer, v.none ? std::nullopt : std::optional(v.integer))
WG_ARG(std::optional<double>, optional_real, v.none ? std::nullopt : std::optional(v.real))
WG_ARG(std::optional<Scalar>, optional_scalar, v.none ? std::nullopt : std::optional(v.scalar))
WG_ARG(std::optional<DType>, optional_dtype, v.none ? std::nullopt : std::optional(v.dtype))
WG_ARG(std::optional<Dims>, optional_dims,
       v.none ? std::nullopt : std::optional(Dims(static_cast<const int64_t*>(v.data), v.size)))
#undef WG_ARG
template <>
struct ArgTraits<Tensor> {
  static constexpr ArgKind kind = ArgKind::tensor;
  static const Tensor& get(const Value& v) { return reinterpret_cast<const Tensor&>(v.tensor); }
};

template <>
struct ArgTraits<Operand> {
  static constexpr ArgKind kind = ArgKind::operand;
  static Operand get(const Value& v) {
    return {v.tensor ? &reinterpret_cast<const Tensor&>(v.tensor) : nullptr, v.scalar};
  }
};

template <>
struct ArgTraits<std::optional<Operand>> {
  static constexpr ArgKind kind = ArgKind::operand;
  static std::optional<Operand> get(const Value& v) {
    return v.none ? std::nullopt : std::optional(ArgTraits<Operand>::get(v));
  }
};

template <class T>
using Plain = std::remove_cv_t<std::remove_reference_t<T>>;

inline void put(Result& r, Tensor t) {
  r.kind = ResultKind::tensor;
  r.tensor = std::move(t);
}
inline void put(Result& r, std::vector<Tensor> t) {
  r.kind = ResultKind::tensors;
  r.tensors = std::move(t);
}
template <class... T>
void put(Result& r, std::tuple<T...> t) {
  r.kind = ResultKind::tensors;
  std::apply([&](auto&... x) { (r.tensors.push_back(std::move(x)), ...); }, t);
}
inline void put(Result& r, std::pair<Tensor, Tensor> t) {
  r.kind = ResultKind::tensors;
  r.tensors.push_back(std::move(t.first));
  r.tensors.push_back(std::move(t.second));
}
inline void put(Result& r, bool v) {
  r.kind = ResultKind::boolean;
  r.integer = v;
}
inline void put(Result& r, int64_t v) {
  r.kind = ResultKind::integer;
  r.integer = v;
}
inline void put(Result& r, double v) {
  r.kind = ResultKind::real;
  r.real = v;
}
inline void put(Result& r, DType v) {
  r.kind = ResultKind::dtype;
  r.integer = static_cast<int64_t>(v);
}

template <auto F>
struct Thunk;
template <class R, class... A, R (*F)(A...)>
struct Thunk<F> {
  static constexpr ArgKind kinds[sizeof...(A) + 1] = {ArgTraits<Plain<A>>::kind..., {}};
  static constexpr int n_args = sizeof...(A);
  static_assert(n_args <= kMaxArguments);
  static void call(const Value* args, Result& result) {
    [&]<size_t... I>(std::index_sequence<I...>) {
      if constexpr (std::is_void_v<R>) {
        F(argument<A>(args[I])...);
      } else if constexpr (std::is_reference_v<R>) {
        put(result, Tensor(F(argument<A>(args[I])...)));
      } else {
        put(result, F(argument<A>(args[I])...));
      }
    }(std::make_index_sequence<sizeof...(A)>());
  }
  static void in_place(const Value* args) {
    Result ignored;
    call(args, ignored);
  }

 private:
  template <class P>
  static decltype(auto) argument(const Value& v) {
    if constexpr (std::is_same_v<P, Tensor&>) {  // changed in place: the handle stays what it is
      return const_cast<Tensor&>(ArgTraits<Tensor>::get(v));
    } else {
      return ArgTraits<Plain<P>>::get(v);
    }
  }
};

}  // namespace detail

// A row for the C++ function `f` (not overloaded, or given as a cast or a captureless lambda).
template <auto F>
constexpr Function make_function(const char* name, const char* signature, uint32_t flags,
                                 const char* doc, const char* samples = "",
                                 const char* reference = "") {
  using T = detail::Thunk<F>;
  return {name, signature, flags, doc, samples, reference, &T::call, T::kinds, T::n_args, nullptr};
}
// The same with an in-place form of its own: a function that takes Tensor& first.
template <auto F, auto InPlace>
constexpr Function make_function(const char* name, const char* signature, uint32_t flags,
                                 const char* doc, const char* samples = "",
                                 const char* reference = "") {
  Function f = make_function<F>(name, signature, flags | kInPlace, doc, samples, reference);
  f.in_place = &detail::Thunk<InPlace>::in_place;
  return f;
}

WENGERT_NAMESPACE_END
