// Softmax, log-softmax and moments of rows; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/math_log.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
void softmax_rows(int64_t rows, int64_t n, void* out, const void* in) {
  for (int64_t r = 0; r < rows; ++r) {
    T* y = static_cast<T*>(out) + r * n;
    const T* x = static_cast<const T*>(in) + r * n;
    const Vec<T> largest(row_reduce<T, Larger>(x, n));
    row_map<T>(n, y,
               [=](int64_t i, int64_t left) { return exp(load_some(x + i, left) - largest); });
    const Vec<T> total(row_reduce<T, Add>(y, n));
    const Vec<T> factor = Vec<T>(1.0) / total;
    row_map<T>(n, y, [=](int64_t i, int64_t left) { return load_some(y + i, left) * factor; });
  }
}
template <class T>
void log_softmax_rows(int64_t rows, int64_t n, void* out, const void* in) {
  for (int64_t r = 0; r < rows; ++r) {
    T* y = static_cast<T*>(out) + r * n;
    const T* x = static_cast<const T*>(in) + r * n;
    const Vec<T> largest(row_reduce<T, Larger>(x, n));
    const T total = row_reduce<T, Add>(
        n, [=](int64_t i, int64_t left) { return exp(load_some(x + i, left) - largest); });
    const Vec<T> log_total = log(Vec<T>(total));
    row_map<T>(n, y, [=](int64_t i, int64_t left) {
      return (load_some(x + i, left) - largest) - log_total;
    });
  }
}
template <class T>
void softmax_grad_rows(int64_t rows, int64_t n, void* out, const void* grad, const void* saved) {
  for (int64_t r = 0; r < rows; ++r) {
    T* gx = static_cast<T*>(out) + r * n;
    const T* g = static_cast<const T*>(grad) + r * n;
    const T* y = static_cast<const T*>(saved) + r * n;
    const Vec<T> dot(row_reduce<T, Add>(n, [=](int64_t i, int64_t left) {
      return load_some(g + i, left) * load_some(y + i, left);
    }));
    row_map<T>(n, gx, [=](int64_t i, int64_t left) {
      return load_some(y + i, left) * (load_some(g + i, left) - dot);
    });
  }
}
template <class T>
void log_softmax_grad_rows(int64_t rows, int64_t n, void* out, const void* grad,
                           const void* saved) {
  for (int64_t r = 0; r < rows; ++r) {
    T* gx = static_cast<T*>(out) + r * n;
    const T* g = static_cast<const T*>(grad) + r * n;
    const T* y = static_cast<const T*>(saved) + r * n;
    const Vec<T> total(row_reduce<T, Add>(g, n));
    row_map<T>(n, gx, [=](int64_t i, int64_t left) {
      return load_some(g + i, left) - exp(load_some(y + i, left)) * total;
    });
  }
}

// Two passes: the mean, then the squares of what remains.
template <class T>
void moments_rows(int64_t rows, int64_t n, void* means, void* squares, const void* in) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* x = static_cast<const T*>(in) + r * n;
    const T mean = row_reduce<T, Add>(x, n) / static_cast<T>(n);
    const Vec<T> center(mean);
    static_cast<T*>(means)[r] = mean;
    static_cast<T*>(squares)[r] = row_reduce<T, Add>(
        n, [=](int64_t i, int64_t left) { return square(load_some(x + i, left) - center); });
  }
}

}  // namespace

#define WG_SOFTMAX(T) \
  {softmax_rows<T>, log_softmax_rows<T>, softmax_grad_rows<T>, log_softmax_grad_rows<T>}
const SoftmaxKernels softmax_table[2] = {WG_SOFTMAX(float), WG_SOFTMAX(double)};
const MomentsFn moments_table[2] = {moments_rows<float>, moments_rows<double>};

}  // namespace wengert::kernels::WENGERT_LEVEL
