#include "ops/panels.h"

#include <algorithm>

#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// A panel's row is two cache lines.
constexpr int64_t kRowBytes = 128;
// A matrix of fewer elements stays whole: a call for each panel would cost more.
constexpr int64_t kWhole = 128 * 128;
constexpr int64_t kParallelWork = 96 * 96 * 96;

template <class T>
void turn(const T* from, int64_t k, int64_t columns, T* to) {
  constexpr int64_t kBlock = 16;
  for (int64_t p = 0; p < k; p += kBlock) {
    const int64_t end = std::min(k, p + kBlock);
    for (int64_t j = 0; j < columns; ++j) {
      for (int64_t q = p; q < end; ++q) to[q * columns + j] = from[j * k + q];
    }
  }
}

}  // namespace

Panels::Panels(const Tensor& w)
    : data_(new_tensor(w.dtype(), w.shape())),
      dtype_(w.dtype()),
      n_(w.size(0)),
      k_(w.size(1)),
      width_(w.numel() < kWhole ? std::max<int64_t>(n_, 1)
                                : kRowBytes / static_cast<int64_t>(item_size(w.dtype()))) {
  const auto fill = [&]<class T>(T) {
    for (int64_t j = 0; j < n_; j += width_) {
      turn(w.data<T>() + j * k_, k_, std::min(width_, n_ - j), data_.data<T>() + j * k_);
    }
  };
  dtype_ == DType::float64 ? fill(double{}) : fill(float{});
}

kernels::Gemm Panels::part(int64_t panel, int64_t m, const void* a, void* c, bool accumulate,
                           const void* bias) const {
  const auto item = static_cast<int64_t>(item_size(dtype_));
  const int64_t j = panel * width_;
  kernels::Gemm g;
  g.dtype = dtype_;
  g.m = m;
  g.n = std::min(width_, n_ - j);
  g.k = k_;
  g.a = a;
  g.lda = k_;
  g.b = data_.data<char>() + j * k_ * item;
  g.ldb = g.n;
  g.c = static_cast<char*>(c) + j * item;
  g.ldc = n_;
  g.accumulate = accumulate;
  if (bias) {
    g.epilogue = kernels::Epilogue::bias;
    g.bias = static_cast<const char*>(bias) + j * item;
  }
  return g;
}

void Panels::product(int64_t m, const void* a, void* c, bool accumulate, const void* bias) const {
  const int64_t panels = (n_ + width_ - 1) / width_;
  if (panels == 1) return kernels::gemm(part(0, m, a, c, accumulate, bias));
  const int64_t grain = kParallelWork / (m * k_ * width_ + 1) + 1;
  runtime::parallel_for(panels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) kernels::gemm(part(i, m, a, c, accumulate, bias));
  });
}

WENGERT_NAMESPACE_END
