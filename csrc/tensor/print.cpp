// Tensors as text.
#include <cstdio>

#include "tensor/check.h"
#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Above this many elements only the first and last of a dimension are shown.
constexpr int64_t kWhole = 1000;
constexpr int64_t kEdge = 3;

void append_real(std::string& s, double v, const char* format) {
  char text[32];
  std::snprintf(text, sizeof text, format, v);
  s += text;
}

void append_element(std::string& s, const Scalar& v) {
  switch (v.kind()) {
    case DTypeKind::boolean:
      s += v.to_bool() ? "true" : "false";
      return;
    case DTypeKind::integer:
      s += std::to_string(v.to_int());
      return;
    case DTypeKind::floating:
      append_real(s, v.to_double(), "%.6g");
      return;
    case DTypeKind::complex:
      append_real(s, v.to_complex().real(), "%.6g");
      append_real(s, v.to_complex().imag(), "%+.6gi");
      return;
  }
}

// An empty tensor may have many rows, too.
bool is_long(const TensorImpl& t) {
  int64_t count = 1;
  for (const int64_t n : t.sizes()) {
    if (n > kWhole) return true;
    count *= n > 0 ? n : 1;
    if (count > kWhole) return true;
  }
  return false;
}

void append_dim(std::string& s, const TensorImpl& t, int d, const char* data, bool is_long) {
  if (d == t.ndim) return append_element(s, load_scalar(t.dtype, data));
  const int64_t n = t.shape()[d];
  const int64_t step = t.strides()[d] * static_cast<int64_t>(item_size(t.dtype));
  const bool cut = is_long && n > 2 * kEdge;
  s += '[';
  for (int64_t i = 0; i < n; ++i) {
    if (i > 0) s += ", ";
    if (cut && i == kEdge) {
      s += "...";
      i = n - kEdge - 1;
      continue;
    }
    append_dim(s, t, d + 1, data + i * step, is_long);
  }
  s += ']';
}

}  // namespace

std::string Tensor::to_string() const {
  if (!defined()) return "tensor()";
  if (impl_->has(kSparse))
    return "tensor(sparse, shape " + to_text(shape()) + ", " + name_of(dtype()) + ")";
  check_readable(*impl_);
  std::string s = "tensor(";
  append_dim(s, *impl_, 0, impl_->data, is_long(*impl_));
  return s + ", " + name_of(dtype()) + ")";
}

WENGERT_NAMESPACE_END
