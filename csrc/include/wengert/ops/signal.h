// Windows, and spectra of overlapping pieces of a signal.
#pragma once

#include <optional>
#include <string_view>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Windows of n elements: functions of x from 0 to 1 over their length. With `periodic` a window is
// that of length n + 1 without its last element, for use with stft(); otherwise it is symmetric.

// 1/2 - 1/2 cos(2 pi x)
WENGERT_API Tensor hann_window(int64_t window_length, bool periodic = true,
                               std::optional<DType> dtype = {});
// alpha - beta cos(2 pi x)
WENGERT_API Tensor hamming_window(int64_t window_length, bool periodic = true, double alpha = 0.54,
                                  double beta = 0.46, std::optional<DType> dtype = {});
// 0.42 - 0.5 cos(2 pi x) + 0.08 cos(4 pi x)
WENGERT_API Tensor blackman_window(int64_t window_length, bool periodic = true,
                                   std::optional<DType> dtype = {});
// The triangle 1 - |2 x - 1|
WENGERT_API Tensor bartlett_window(int64_t window_length, bool periodic = true,
                                   std::optional<DType> dtype = {});
// I0(beta sqrt(1 - (2 x - 1)^2)) / I0(beta), with the Bessel function I0
WENGERT_API Tensor kaiser_window(int64_t window_length, bool periodic = true, double beta = 12,
                                 std::optional<DType> dtype = {});

// The Fourier transforms of pieces of n_fft elements of a signal (T) or (B, T), hop_length (n_fft /
// 4) apart: (terms, pieces) or (B, terms, pieces). `window`, of length win_length (n_fft),
// multiplies every piece; shorter ones stand in its middle. `center` pads the signal, as pad_mode
// says, so that piece k has element k hop_length in its middle; without it, align_to_window pads so
// that windows start with the first element. `normalized` divides by sqrt(n_fft). onesided: the
// first n_fft / 2 + 1 terms only, by default for real numbers. Without return_complex the real and
// imaginary parts are pairs in a last dimension.
WENGERT_API Tensor stft(const Tensor& input, int64_t n_fft, std::optional<int64_t> hop_length = {},
                        std::optional<int64_t> win_length = {}, const Tensor& window = {},
                        bool center = true, std::string_view pad_mode = "reflect",
                        bool normalized = false, std::optional<bool> onesided = {},
                        std::optional<bool> return_complex = true,
                        std::optional<bool> align_to_window = {});

// The signal whose stft() comes closest to the input, by least squares (Griffin and Lim, 1984). Its
// length is by default as much as pieces lie over; zeros fill what a greater one asks for.
// onesided: whether there are n_fft / 2 + 1 terms, by default as the input's shape tells;
// return_complex: for pieces of complex numbers. Error where the squares of overlapping windows add
// up to 0.
WENGERT_API Tensor istft(const Tensor& input, int64_t n_fft, std::optional<int64_t> hop_length = {},
                         std::optional<int64_t> win_length = {}, const Tensor& window = {},
                         bool center = true, bool normalized = false,
                         std::optional<bool> onesided = {}, std::optional<int64_t> length = {},
                         bool return_complex = false);

WENGERT_NAMESPACE_END
