#include "ops/panels.h"

WENGERT_NAMESPACE_BEGIN

Panels::Panels(const Tensor& w, bool turned, bool wide) {
  kernels::Gemm& g = product_;
  g.dtype = w.dtype();
  g.wide_c = wide;
  g.n = w.size(turned ? 0 : 1);
  g.k = w.size(turned ? 1 : 0);
  g.b = w.data();
  g.ldb = w.size(1);
  g.transpose_b = turned;
  data_ = new_tensor(g.dtype, {kernels::gemm_panels_size(g.dtype, g.n, g.k)});
  kernels::gemm_pack(g, data_.data());
  g.b = data_.data();
  g.panels_b = true;
  g.transpose_b = false;
}

void Panels::product(int64_t m, const void* a, void* c, bool accumulate, const void* bias) const {
  kernels::Gemm g = product_;
  g.m = m;
  g.a = a;
  g.lda = g.k;
  g.c = c;
  g.ldc = g.n;
  g.accumulate = accumulate;
  if (bias) {
    g.epilogue = kernels::Epilogue::bias;
    g.bias = bias;
  }
  kernels::gemm(g);
}

WENGERT_NAMESPACE_END
