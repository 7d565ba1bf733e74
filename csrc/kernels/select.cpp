// Choosing between two arrays element by element.
#include <stdint.h>

#include "elementwise.h"

namespace wengert::kernels {
namespace {

struct Pair64 {
  uint64_t low, high;
};

template <class T>
void loop(int64_t n, void* out, const uint8_t* condition, const void* a, const void* b) {
  T* to = static_cast<T*>(out);
  const T* pa = static_cast<const T*>(a);
  const T* pb = static_cast<const T*>(b);
  for (int64_t i = 0; i < n; ++i) {
    const T x = pa[i], y = pb[i];
    to[i] = condition[i] ? x : y;
  }
}

}  // namespace

SelectFn select(size_t item_size) {
  switch (item_size) {
    case 1:
      return loop<uint8_t>;
    case 2:
      return loop<uint16_t>;
    case 4:
      return loop<uint32_t>;
    case 8:
      return loop<uint64_t>;
    case 16:
      return loop<Pair64>;
    default:
      return nullptr;
  }
}

}  // namespace wengert::kernels
