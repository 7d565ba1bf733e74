// Elementwise operations over the tables of wengert/ops/*.def.
#pragma once

#include <string_view>

#include "kernels/elementwise.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {

// The first three as the tables say; the others are SAME, and refuse bools or integer zeros.
enum class ResultType : uint8_t {
  SAME,
  FLOAT,
  INT,
  COUNT,       // bools become int64
  NUMBER,      // a bool result has no meaning
  DIFFERENCE,  // nor has any bool operand
  QUOTIENT,    // as NUMBER, and integers are not divided by zero
  MAGNITUDE,   // as NUMBER, and real for complex operands
};
constexpr ResultType refine(std::string_view op, ResultType t) {
  for (const char* name : {"neg", "positive", "floor", "ceil", "round", "trunc", "relu", "pow"}) {
    if (op == name) return ResultType::NUMBER;
  }
  for (const char* name : {"floor_divide", "remainder", "fmod"}) {
    if (op == name) return ResultType::QUOTIENT;
  }
  if (op == "abs") return ResultType::MAGNITUDE;
  if (op == "square") return ResultType::COUNT;
  return op == "sub" ? ResultType::DIFFERENCE : t;
}
// What two tensors promote to: like two arrays, except that a 0-d one is weak within its kind.
DType operand_dtype(const TensorImpl& a, const TensorImpl& b);
// Throws where an integer divisor holds a zero.
void refuse_zero(const char* op, const Tensor& divisor);

// ---- one input
void infer_unary(const char* op, ResultType type, Infer& m);
void compute_unary(const char* op, kernels::Unary kernel, Compute& c);
Tensor run_unary(const OpClass& cls, kernels::Unary kernel, ResultType type, const Tensor& x);
// g * derivative at the saved value, in one kernel, and in g's memory if nobody else can see it.
// Undefined where there is none for the dtype.
Tensor unary_gradient(kernels::Unary kernel, const Tensor& g, const Tensor& saved);

bool pointwise_unary(kernels::Unary kernel, ResultType type, DType input, Pointwise& p);

// ---- two inputs, or one and a number
bool pointwise_binary(const kernels::BinaryKernels& kernels, ResultType type, bool compare,
                      const DType* inputs, int n, Pointwise& p);
bool pointwise_scalar(const kernels::BinaryKernels& kernels, ResultType type, bool compare,
                      const Scalar& s, bool scalar_first, DType input, Pointwise& p);
void infer_binary(const char* op, ResultType type, bool compare, Infer& m);
void compute_binary(const char* op, const kernels::BinaryKernels& kernels, bool compare,
                    Compute& c);
void infer_scalar(const char* op, ResultType type, bool compare, const Scalar& s, Infer& m);
void compute_scalar(const char* op, const kernels::BinaryKernels& kernels, bool compare,
                    const Scalar& s, bool scalar_first, Compute& c);
Tensor run_binary(const OpClass& cls, const kernels::BinaryKernels& kernels, ResultType type,
                  bool compare, const Tensor& a, const Tensor& b);
// a = a op b by the kernel alone, where nothing is recorded and layouts and dtypes agree; false,
// with nothing done, otherwise.
bool try_in_place(const kernels::BinaryKernels& kernels, ResultType type, const Tensor& a,
                  const Tensor& b);
// `op` is the operation's value, which starts with the Scalar.
Tensor run_scalar(const OpClass& cls, const kernels::BinaryKernels& kernels, ResultType type,
                  bool compare, const Tensor& x, const Scalar* op, bool scalar_first);

// ---- what derivative expressions of the tables are made of, beside the public functions
struct NoGradient {};
inline NoGradient none() { return {}; }
// A gradient nobody knows: an error where it is asked for.
template <class G>
G refuse(const char* op, const G&) {
  fail<NotImplementedError>(op,
                            ": the derivative by its first argument is not implemented; detach "
                            "it");
}
inline Tensor chain(const Tensor& g, const Tensor& d) { return mul(g, d); }
Tensor chain(const Tensor& g, double d);
// `yes` where the condition holds, `no` elsewhere; what is 0.0 lets nothing through.
template <class A, class B>
struct Choice {
  Tensor condition;
  A yes;
  B no;
};
template <class A, class B>
Choice<A, B> choose(const Tensor& condition, const A& yes, const B& no) {
  return {condition, yes, no};
}
// sigmoid(u) (1 + t sigmoid(-u))
inline Tensor swish_slope(const Tensor& u, const Tensor& t) {
  return mul(sigmoid(u), add(mul(t, sigmoid(neg(u))), 1.0));
}
inline Tensor abs_if_real(const Tensor& x) { return is_complex(x.dtype()) ? x : abs(x); }
Tensor select(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor select(const Tensor& condition, double a, double b);
Tensor select(const Tensor& condition, const Tensor& a, double b);
Tensor select(const Tensor& condition, double a, const Tensor& b);
// Whether the real part is positive.
Tensor positive_part(const Tensor& t);
inline bool positive_part(const Scalar& s) { return s.to_complex().real() > 0; }
Tensor select(bool condition, double a, const Tensor& b);
inline Tensor zero_or_chain(const Tensor& g, double d) {
  return d == 0 ? full({}, 0.0, g.dtype()) : chain(g, d);
}
template <class D>
Tensor zero_or_chain(const Tensor& g, const D& d) {
  return chain(g, d);
}
template <class A, class B>
Tensor chain(const Tensor& g, const Choice<A, B>& c) {
  return where(c.condition, zero_or_chain(g, c.yes), zero_or_chain(g, c.no));
}
inline Scalar conj(const Scalar& s) {
  return s.kind() == DTypeKind::complex ? Scalar(std::conj(s.to_complex())) : s;
}
// The tangent by an expression for the gradient, which for a complex function is linear in the
// conjugate: f(g) = g conj(D).
template <class F>
void put_tangent(Jvp& j, int i, F&& f) {
  // As a gradient it has the shape of the result: a 0-d one would be weak beside the rule's
  // numbers.
  const Tensor& given = j.tangent(i);
  const Tensor t = given.dim() == j.out().dim() ? given : expand(given, j.out().shape());
  const auto add = [&](auto&& v) {
    if constexpr (!std::is_same_v<std::decay_t<decltype(v)>, NoGradient>) j.add(0, v);
  };
  if (is_complex(j.out().dtype()) || is_complex(t.dtype())) {
    add([&]() -> decltype(f(t)) {
      if constexpr (std::is_same_v<decltype(f(t)), NoGradient>) {
        return {};
      } else {
        return wengert::conj(f(wengert::conj(t)));
      }
    }());
  } else {
    add(f(t));
  }
}
inline void put(Vjp& v, int i, Tensor g) { v.set(i, std::move(g)); }
inline void put(Vjp&, int, NoGradient) {}

// Which values a gradient of a binary operation reads.
inline constexpr int A = 1, B = 2, Y = 4;
struct BinarySaves {
  Save list[3];
  int count;
  int slot[3];  // of A, B, Y in the list; -1
};
constexpr BinarySaves binary_saves(int da, int db) {
  BinarySaves s{};
  for (int k = 0; k < 3; ++k) {
    const int bit = 1 << k;
    s.slot[k] = -1;
    const uint32_t needed = (da & bit ? for_input(0) : 0) | (db & bit ? for_input(1) : 0);
    if (!needed) continue;
    s.slot[k] = s.count;
    s.list[s.count++] = k == 2 ? save_output(0, needed) : save_input(k, needed);
  }
  return s;
}

}  // namespace elementwise
WENGERT_NAMESPACE_END
