// Windows for the spectra of pieces of a signal.
#include <numbers>

#include "ops/function.h"
#include "ops/op.h"
#include "wengert/ops/signal.h"

WENGERT_NAMESPACE_BEGIN

namespace {

constexpr double kPi = std::numbers::pi;

// shape(x) for x from 0 to 1 over the length of the window.
template <class F>
Tensor window(const char* op, int64_t n, bool periodic, std::optional<DType> dtype, F shape) {
  WG_CHECK(n >= 0, Error, op, ": window_length must not be negative, but is ", n);
  const DType kind = dtype.value_or(default_dtype());
  WG_CHECK(!is_complex(kind), NotImplementedError, op,
           ": expected a floating point dtype, but got ", kind);
  WG_CHECK(is_floating(kind), Error, op, ": expected a floating point dtype, but got ", kind);
  if (n <= 1) return ones({n}, kind);
  return to(shape(arange(0, n, 1, DType::float64) / (periodic ? n : n - 1)), kind);
}

}  // namespace

Tensor hann_window(int64_t n, bool periodic, std::optional<DType> dtype) {
  return window("hann_window", n, periodic, dtype,
                [](const Tensor& x) { return 0.5 - 0.5 * cos(2 * kPi * x); });
}
Tensor hamming_window(int64_t n, bool periodic, double alpha, double beta,
                      std::optional<DType> dtype) {
  return window("hamming_window", n, periodic, dtype,
                [=](const Tensor& x) { return alpha - beta * cos(2 * kPi * x); });
}
Tensor blackman_window(int64_t n, bool periodic, std::optional<DType> dtype) {
  return window("blackman_window", n, periodic, dtype, [](const Tensor& x) {
    return 0.42 - 0.5 * cos(2 * kPi * x) + 0.08 * cos(4 * kPi * x);
  });
}
Tensor bartlett_window(int64_t n, bool periodic, std::optional<DType> dtype) {
  return window("bartlett_window", n, periodic, dtype,
                [](const Tensor& x) { return 1 - abs(2 * x - 1); });
}
Tensor kaiser_window(int64_t n, bool periodic, double beta, std::optional<DType> dtype) {
  return window("kaiser_window", n, periodic, dtype, [=](const Tensor& x) {
    const Tensor inside = clamp(1 - pow(2 * x - 1, 2), 0, std::nullopt);
    return i0(beta * sqrt(inside)) / i0(full({}, beta, x.dtype()));
  });
}

namespace {

constexpr uint32_t kMaking = kFunction | kCreates;

constexpr Function rows[] = {
    make_function<hann_window>("hann_window", "window_length, periodic=True, *, dtype=None",
                               kMaking, "1/2 - 1/2 cos(2 pi x) for x from 0 to 1", "5, False\n1\n0",
                               "np.hanning(window_length)"),
    make_function<hamming_window>(
        "hamming_window", "window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None",
        kMaking, "alpha - beta cos(2 pi x) for x from 0 to 1", "5, False",
        "np.hamming(window_length)"),
    make_function<blackman_window>("blackman_window", "window_length, periodic=True, *, dtype=None",
                                   kMaking,
                                   "0.42 - 0.5 cos(2 pi x) + 0.08 cos(4 pi x) for x from 0 to 1",
                                   "5, False", "np.blackman(window_length)"),
    make_function<bartlett_window>("bartlett_window", "window_length, periodic=True, *, dtype=None",
                                   kMaking, "The triangle 1 - |2 x - 1| for x from 0 to 1",
                                   "5, False", "np.bartlett(window_length)"),
    make_function<kaiser_window>(
        "kaiser_window", "window_length, periodic=True, beta=12.0, *, dtype=None", kMaking,
        "I0(beta sqrt(1 - (2 x - 1)^2)) / I0(beta) for x from 0 to 1, with the Bessel function I0",
        "5, False\n6, False, 8.0", "np.kaiser(window_length, beta)"),
};

}  // namespace

extern const FunctionTable window_functions;
const FunctionTable window_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
