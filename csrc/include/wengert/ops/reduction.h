// Reductions. No dims means all of them.
#pragma once

#include <optional>
#include <utility>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Integers and bools are summed as int64.
WENGERT_API Tensor sum(const Tensor& input, Dims dims = {}, bool keepdim = false,
                       std::optional<DType> dtype = {});
WENGERT_API Tensor mean(const Tensor& input, Dims dims = {}, bool keepdim = false,
                        std::optional<DType> dtype = {});
// NaN counts as zero, or is left out of the count.
WENGERT_API Tensor nansum(const Tensor& input, Dims dims = {}, bool keepdim = false,
                          std::optional<DType> dtype = {});
WENGERT_API Tensor nanmean(const Tensor& input, Dims dims = {}, bool keepdim = false,
                           std::optional<DType> dtype = {});
WENGERT_API Tensor prod(const Tensor& input, Dims dims = {}, bool keepdim = false,
                        std::optional<DType> dtype = {});
// Whether some, or every, element is nonzero.
WENGERT_API Tensor any(const Tensor& input, Dims dims = {}, bool keepdim = false);
WENGERT_API Tensor all(const Tensor& input, Dims dims = {}, bool keepdim = false);
WENGERT_API Tensor count_nonzero(const Tensor& input, Dims dims = {});

// ---- extremes; NaN if there is one, and equal ones share the gradient
WENGERT_API Tensor amax(const Tensor& input, Dims dims = {}, bool keepdim = false);
WENGERT_API Tensor amin(const Tensor& input, Dims dims = {}, bool keepdim = false);
WENGERT_API Tensor max(const Tensor& input);
WENGERT_API Tensor min(const Tensor& input);
// Values along dim and their first positions (int64).
WENGERT_API std::pair<Tensor, Tensor> max(const Tensor& input, int64_t dim, bool keepdim = false);
WENGERT_API std::pair<Tensor, Tensor> min(const Tensor& input, int64_t dim, bool keepdim = false);
// Positions along dim, or among all elements in row-major order.
WENGERT_API Tensor argmax(const Tensor& input, std::optional<int64_t> dim = {},
                          bool keepdim = false);
WENGERT_API Tensor argmin(const Tensor& input, std::optional<int64_t> dim = {},
                          bool keepdim = false);
WENGERT_API std::pair<Tensor, Tensor> aminmax(const Tensor& input, std::optional<int64_t> dim = {},
                                              bool keepdim = false);

// ---- moments: sums of squared deviations divided by the count less `correction`
WENGERT_API Tensor var(const Tensor& input, Dims dims = {}, double correction = 1,
                       bool keepdim = false);
WENGERT_API Tensor stddev(const Tensor& input, Dims dims = {}, double correction = 1,
                          bool keepdim = false);
WENGERT_API std::pair<Tensor, Tensor> var_mean(const Tensor& input, Dims dims = {},
                                               double correction = 1, bool keepdim = false);
WENGERT_API std::pair<Tensor, Tensor> std_mean(const Tensor& input, Dims dims = {},
                                               double correction = 1, bool keepdim = false);

// The norm of the elements over dims taken as a vector; order 0 counts those that are not zero, and
// plus and minus infinity take the largest and smallest.
WENGERT_API Tensor vector_norm(const Tensor& input, double order = 2, Dims dims = {},
                               bool keepdim = false, std::optional<DType> dtype = {});
WENGERT_API Tensor dist(const Tensor& input, const Tensor& other, double p = 2);

// ---- exponentials, without overflow
WENGERT_API Tensor softmax(const Tensor& input, int64_t dim, std::optional<DType> dtype = {});
WENGERT_API Tensor log_softmax(const Tensor& input, int64_t dim, std::optional<DType> dtype = {});
WENGERT_API Tensor logsumexp(const Tensor& input, Dims dims = {}, bool keepdim = false);

// ---- running reductions along one dimension (none of dtype bool)
WENGERT_API Tensor cumsum(const Tensor& input, int64_t dim, std::optional<DType> dtype = {});
WENGERT_API Tensor cumprod(const Tensor& input, int64_t dim, std::optional<DType> dtype = {});
WENGERT_API Tensor logcumsumexp(const Tensor& input, int64_t dim);
// Values and positions; of equal elements the last.
WENGERT_API std::pair<Tensor, Tensor> cummax(const Tensor& input, int64_t dim);
WENGERT_API std::pair<Tensor, Tensor> cummin(const Tensor& input, int64_t dim);
// Differences of neighbours, taken n times.
WENGERT_API Tensor diff(const Tensor& input, int64_t n = 1, int64_t dim = -1,
                        const Tensor& prepend = {}, const Tensor& append = {});

// ---- whole tensors
// abs(input - other) <= atol + rtol abs(other), element by element.
WENGERT_API Tensor isclose(const Tensor& input, const Tensor& other, double rtol = 1e-5,
                           double atol = 1e-8, bool equal_nan = false);
WENGERT_API bool allclose(const Tensor& input, const Tensor& other, double rtol = 1e-5,
                          double atol = 1e-8, bool equal_nan = false);
// The same shape and elements.
WENGERT_API bool equal(const Tensor& input, const Tensor& other);

WENGERT_NAMESPACE_END
