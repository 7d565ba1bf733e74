// The rows of a recurrent layer's steps in dense arrays.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/gemm.h"
#include "ops/nn_recurrent.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

// Arrays of any dtype; the walk's own is that of sums.
class Walk {
 public:
  Walk(const Steps& steps, DType dtype) : steps_(steps), offsets_(steps.offsets()), dtype_(dtype) {}

  int64_t rows() const { return offsets_.back(); }
  int64_t at(int64_t step) const { return offsets_[static_cast<size_t>(step)]; }
  int64_t bytes(int64_t elements) const {
    return elements * static_cast<int64_t>(item_size(dtype_));
  }
  static int64_t bytes_of(const Tensor& t, int64_t elements) {
    return elements * static_cast<int64_t>(item_size(t.dtype()));
  }
  // The rows of a step; null for an undefined tensor.
  char* row(const Tensor& t, int64_t step) const {
    return t.defined() ? t.data<char>() + bytes_of(t, at(step) * t.size(1)) : nullptr;
  }
  Tensor make(int64_t rows, int64_t columns) const { return new_tensor(dtype_, {{rows, columns}}); }

  // Copies to `to` what stood before the k-th step: rows of `states` (rows, n), or of `first`
  // (batch, n), zeros if undefined. All are of one dtype.
  void copy_before(int64_t k, const Tensor& states, const Tensor& first, char* to) const {
    const int64_t n = states.size(1), wanted = steps_.size(steps_.step(k));
    const int64_t old = k > 0 ? std::min(wanted, steps_.size(steps_.step(k - 1))) : 0;
    const int64_t row_bytes = bytes_of(states, n);
    if (old > 0)
      std::memcpy(to, row(states, steps_.step(k - 1)), static_cast<size_t>(old * row_bytes));
    if (old == wanted) return;
    char* rest = to + old * row_bytes;
    if (first.defined()) {
      std::memcpy(rest, first.data<char>() + old * row_bytes,
                  static_cast<size_t>((wanted - old) * row_bytes));
    } else {
      std::memset(rest, 0, static_cast<size_t>((wanted - old) * row_bytes));
    }
  }
  // The same where it stands, or copied to `scratch` (batch, n) if it stands in pieces; null if it
  // is zero.
  const char* before(int64_t k, const Tensor& states, const Tensor& first, Tensor& scratch) const {
    if (k == 0) return first.defined() ? first.data<char>() : nullptr;
    const int64_t last = steps_.step(k - 1);
    if (steps_.size(last) >= steps_.size(steps_.step(k))) return row(states, last);
    if (!scratch.defined()) scratch = new_tensor(states.dtype(), {{steps_.batch, states.size(1)}});
    copy_before(k, states, first, scratch.data<char>());
    return scratch.data<char>();
  }
  // Copies the last rows of each sequence.
  void copy_last(const Tensor& states, const Tensor& to) const {
    const int64_t row_bytes = bytes_of(states, states.size(1));
    for (int64_t t = 0; t < steps_.count; ++t) {
      const int64_t begin = steps_.reverse ? 0 : steps_.size(t + 1), end = steps_.size(t);
      if (end > begin) {
        std::memcpy(to.data<char>() + begin * row_bytes, row(states, t) + begin * row_bytes,
                    static_cast<size_t>((end - begin) * row_bytes));
      }
      if (steps_.reverse) return;
    }
  }
  // c (m, n) = or += a (m, k) b, with b (k, n) or turned (n, k). a has b's dtype; c has it too if
  // it is `rounded`, otherwise that of sums.
  void product(int64_t m, const void* a, const Tensor& b, bool turned, void* c, bool accumulate,
               const Tensor& bias = {}, bool rounded = false) const {
    kernels::Gemm g;
    g.dtype = b.dtype();
    g.wide_c = !rounded && dtype_ != g.dtype;
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
  const Steps& steps_;
  std::vector<int64_t> offsets_;
  DType dtype_;
};

}  // namespace recurrent
WENGERT_NAMESPACE_END
