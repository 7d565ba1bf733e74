// The rows of a recurrent layer's steps in dense arrays.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/gemm.h"
#include "ops/nn_recurrent.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

class Walk {
 public:
  Walk(const Steps& steps, DType dtype) : steps_(steps), offsets_(steps.offsets()), dtype_(dtype) {}

  int64_t rows() const { return offsets_.back(); }
  int64_t at(int64_t step) const { return offsets_[static_cast<size_t>(step)]; }
  int64_t bytes(int64_t elements) const {
    return elements * static_cast<int64_t>(item_size(dtype_));
  }
  // The rows of a step; null for an undefined tensor.
  char* row(const Tensor& t, int64_t step) const {
    return t.defined() ? t.data<char>() + bytes(at(step) * t.size(1)) : nullptr;
  }
  Tensor make(int64_t rows, int64_t columns) const { return new_tensor(dtype_, {{rows, columns}}); }

  // Copies to `to` what stood before the k-th step: rows of `states` (rows, n), or of `first`
  // (batch, n), zeros if undefined.
  void copy_before(int64_t k, const Tensor& states, const Tensor& first, char* to) const {
    const int64_t n = states.size(1), wanted = steps_.size(steps_.step(k));
    const int64_t old = k > 0 ? std::min(wanted, steps_.size(steps_.step(k - 1))) : 0;
    if (old > 0) std::memcpy(to, row(states, steps_.step(k - 1)), size_of(old * n));
    if (old == wanted) return;
    char* rest = to + bytes(old * n);
    if (first.defined()) {
      std::memcpy(rest, first.data<char>() + bytes(old * n), size_of((wanted - old) * n));
    } else {
      std::memset(rest, 0, size_of((wanted - old) * n));
    }
  }
  // The same where it stands, or copied to `scratch` (batch, n) if it stands in pieces; null if it
  // is zero.
  const char* before(int64_t k, const Tensor& states, const Tensor& first, Tensor& scratch) const {
    if (k == 0) return first.defined() ? first.data<char>() : nullptr;
    const int64_t last = steps_.step(k - 1);
    if (steps_.size(last) >= steps_.size(steps_.step(k))) return row(states, last);
    if (!scratch.defined()) scratch = make(steps_.batch, states.size(1));
    copy_before(k, states, first, scratch.data<char>());
    return scratch.data<char>();
  }
  // Copies the last rows of each sequence.
  void copy_last(const Tensor& states, const Tensor& to) const {
    const int64_t n = states.size(1);
    for (int64_t t = 0; t < steps_.count; ++t) {
      const int64_t begin = steps_.reverse ? 0 : steps_.size(t + 1), end = steps_.size(t);
      if (end > begin) {
        std::memcpy(to.data<char>() + bytes(begin * n), row(states, t) + bytes(begin * n),
                    size_of((end - begin) * n));
      }
      if (steps_.reverse) return;
    }
  }
  // c (m, n) = or += a (m, k) b, with b (k, n) or turned (n, k).
  void product(int64_t m, const void* a, const Tensor& b, bool turned, void* c, bool accumulate,
               const Tensor& bias = {}) const {
    kernels::Gemm g;
    g.dtype = dtype_;
    g.m = m;
    g.k = b.size(turned ? 1 : 0);
    g.n = b.size(turned ? 0 : 1);
    g.transpose_b = turned;
    g.a = a;
    g.lda = g.k;
    g.b = b.data();
    g.ldb = b.size(1);
    g.c = c;
    g.ldc = g.n;
    g.accumulate = accumulate;
    if (bias.defined()) {
      g.epilogue = kernels::Epilogue::bias;
      g.bias = bias.data();
    }
    kernels::gemm(g);
  }

 private:
  size_t size_of(int64_t elements) const { return static_cast<size_t>(bytes(elements)); }

  const Steps& steps_;
  std::vector<int64_t> offsets_;
  DType dtype_;
};

}  // namespace recurrent
WENGERT_NAMESPACE_END
