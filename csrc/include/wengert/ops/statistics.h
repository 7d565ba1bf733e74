// Covariances, histograms and integrals of samples.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// The covariances of variables, the rows of a matrix (or one vector), over observations, its
// columns. `correction` is taken off the number of observations before it divides; fweights say how
// often each observation counts (whole numbers), aweights how much it weighs.
WENGERT_API Tensor cov(const Tensor& input, int64_t correction = 1, const Tensor& fweights = {},
                       const Tensor& aweights = {});
// Pearson's correlation coefficients of the rows of a matrix.
WENGERT_API Tensor corrcoef(const Tensor& input);

// The integral along `dim` of samples y by the trapezoidal rule. They are dx apart, or were taken
// at x: one place for each along `dim`, or a tensor that broadcasts with y.
WENGERT_API Tensor trapezoid(const Tensor& y, const Tensor& x, int64_t dim = -1);
WENGERT_API Tensor trapezoid(const Tensor& y, std::optional<Scalar> dx = {}, int64_t dim = -1);
// The integrals up to each sample but the first.
WENGERT_API Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, int64_t dim = -1);
WENGERT_API Tensor cumulative_trapezoid(const Tensor& y, std::optional<Scalar> dx = {},
                                        int64_t dim = -1);

// How many elements lie in each bin, or the sum of their weights, and the edges of the bins: of one
// width between the ends of `range`, by default the least and the greatest element, or as given in
// rising order. The last bin holds its upper edge too. `density` divides by the total and by the
// bins' widths. No gradients.
WENGERT_API std::pair<Tensor, Tensor> histogram(const Tensor& input, int64_t bins,
                                                std::optional<std::pair<double, double>> range = {},
                                                const Tensor& weight = {}, bool density = false);
WENGERT_API std::pair<Tensor, Tensor> histogram(const Tensor& input, const Tensor& edges,
                                                const Tensor& weight = {}, bool density = false);
// The same of points, the last dimension of the input, in as many dimensions: the numbers of bins,
// and the least and the greatest edge of each dimension, one after the other; or the edges.
WENGERT_API std::pair<Tensor, std::vector<Tensor>> histogramdd(
    const Tensor& input, Dims bins, const std::vector<double>& range = {},
    const Tensor& weight = {}, bool density = false);
WENGERT_API std::pair<Tensor, std::vector<Tensor>> histogramdd(const Tensor& input,
                                                               TensorList edges,
                                                               const Tensor& weight = {},
                                                               bool density = false);

WENGERT_NAMESPACE_END
