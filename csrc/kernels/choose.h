// Derivatives of the tables by cases, over SIMD vectors; those over tensors stand in
// ops/elementwise.h.
#pragma once

#include "kernels/vec.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// `yes` where the condition holds, `no` elsewhere. What is 0.0 lets nothing through, whatever it is
// multiplied with.
template <class M, class A, class B>
struct Choice {
  M condition;
  A yes;
  B no;
};
template <class M, class A, class B>
WG_INLINE Choice<M, A, B> choose(M condition, A yes, B no) {
  return {condition, yes, no};
}
template <class V>
WG_INLINE V times(V g, V slope) {
  return g * slope;
}
template <class V>
WG_INLINE V times(V g, double slope) {
  return slope == 0 ? V(0) : g * slope;
}
template <class V, class M, class A, class B>
WG_INLINE V times(V g, Choice<M, A, B> c) {
  return select(c.condition, times(g, c.yes), times(g, c.no));
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
