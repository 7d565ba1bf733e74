// Discrete Fourier transforms, with PyTorch's names. n and s are the lengths of the transforms, to
// which the input is cut or padded with zeros; norm is "backward" (1/n on the inverse), "forward"
// (1/n on the other) or "ortho" (both by 1/sqrt(n)).
#pragma once

#include <optional>
#include <string_view>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace fft {

// Sums of x_t exp(-2 pi i k t / n), and with the other sign, along one dimension.
WENGERT_API Tensor fft(const Tensor& input, std::optional<int64_t> n = {}, int64_t dim = -1,
                       std::string_view norm = "backward");
WENGERT_API Tensor ifft(const Tensor& input, std::optional<int64_t> n = {}, int64_t dim = -1,
                        std::string_view norm = "backward");
// Of real numbers, the first n/2 + 1 terms; and the real numbers of such terms.
WENGERT_API Tensor rfft(const Tensor& input, std::optional<int64_t> n = {}, int64_t dim = -1,
                        std::string_view norm = "backward");
WENGERT_API Tensor irfft(const Tensor& input, std::optional<int64_t> n = {}, int64_t dim = -1,
                         std::string_view norm = "backward");
// The real spectrum of a signal of which the first half is given, and the way back.
WENGERT_API Tensor hfft(const Tensor& input, std::optional<int64_t> n = {}, int64_t dim = -1,
                        std::string_view norm = "backward");
WENGERT_API Tensor ihfft(const Tensor& input, std::optional<int64_t> n = {}, int64_t dim = -1,
                         std::string_view norm = "backward");

// The same along several dimensions, the last of which is the one that is halved; without dim the
// last ones of s, or all.
WENGERT_API Tensor fftn(const Tensor& input, std::optional<Dims> s = {},
                        std::optional<Dims> dim = {}, std::string_view norm = "backward");
WENGERT_API Tensor ifftn(const Tensor& input, std::optional<Dims> s = {},
                         std::optional<Dims> dim = {}, std::string_view norm = "backward");
WENGERT_API Tensor rfftn(const Tensor& input, std::optional<Dims> s = {},
                         std::optional<Dims> dim = {}, std::string_view norm = "backward");
WENGERT_API Tensor irfftn(const Tensor& input, std::optional<Dims> s = {},
                          std::optional<Dims> dim = {}, std::string_view norm = "backward");
WENGERT_API Tensor hfftn(const Tensor& input, std::optional<Dims> s = {},
                         std::optional<Dims> dim = {}, std::string_view norm = "backward");
WENGERT_API Tensor ihfftn(const Tensor& input, std::optional<Dims> s = {},
                          std::optional<Dims> dim = {}, std::string_view norm = "backward");

}  // namespace fft
WENGERT_NAMESPACE_END
