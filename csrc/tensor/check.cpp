#include "tensor/check.h"

#include <sstream>

WENGERT_NAMESPACE_BEGIN

std::string to_text(Dims dims) {
  std::string s = "(";
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i) s += ", ";
    s += std::to_string(dims[i]);
  }
  return s + (dims.size() == 1 ? ",)" : ")");
}

std::string join(const Piece* pieces, size_t count) {
  std::ostringstream s;
  for (size_t i = 0; i < count; ++i) {
    std::visit(
        [&](const auto& v) {
          using T = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<T, Dims>) {
            s << to_text(v);
          } else if constexpr (std::is_same_v<T, DType>) {
            s << name_of(v);
          } else {
            s << v;
          }
        },
        pieces[i]);
  }
  return s.str();
}

int64_t wrap_dim(const char* op, int64_t d, int64_t ndim) {
  const int64_t n = ndim == 0 ? 1 : ndim;
  WG_CHECK(d >= -n && d < n, IndexError, op, ": dimension out of range, expected ", -n, " to ",
           n - 1, " but got ", d);
  return d < 0 ? d + n : d;
}

WENGERT_NAMESPACE_END
