// Sorting, order statistics, searching and counting. NaN counts as greatest.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Sorted values along dim, and where each came from (int64). Equal elements keep their order.
WENGERT_API std::pair<Tensor, Tensor> sort(const Tensor& input, int64_t dim = -1,
                                           bool descending = false, bool stable = true);
WENGERT_API Tensor argsort(const Tensor& input, int64_t dim = -1, bool descending = false,
                           bool stable = true);
// Along the first dimension.
WENGERT_API Tensor msort(const Tensor& input);
// The k largest or smallest along dim.
WENGERT_API std::pair<Tensor, Tensor> topk(const Tensor& input, int64_t k, int64_t dim = -1,
                                           bool largest = true, bool sorted = true);
// The k-th smallest along dim, counted from 1.
WENGERT_API std::pair<Tensor, Tensor> kthvalue(const Tensor& input, int64_t k, int64_t dim = -1,
                                               bool keepdim = false);
// The lower median; NaN if there is one, or of the numbers only.
WENGERT_API Tensor median(const Tensor& input);
WENGERT_API Tensor nanmedian(const Tensor& input);
WENGERT_API std::pair<Tensor, Tensor> median(const Tensor& input, int64_t dim,
                                             bool keepdim = false);
WENGERT_API std::pair<Tensor, Tensor> nanmedian(const Tensor& input, int64_t dim,
                                                bool keepdim = false);
// The most frequent element along dim: the smallest of several, and its last position.
WENGERT_API std::pair<Tensor, Tensor> mode(const Tensor& input, int64_t dim = -1,
                                           bool keepdim = false);
// The values below which the fractions q lie: linear, lower, higher, midpoint or nearest between
// two elements. A 1-d q becomes the first dimension.
WENGERT_API Tensor quantile(const Tensor& input, const Tensor& q, std::optional<int64_t> dim = {},
                            bool keepdim = false, std::string_view interpolation = "linear");
WENGERT_API Tensor nanquantile(const Tensor& input, const Tensor& q,
                               std::optional<int64_t> dim = {}, bool keepdim = false,
                               std::string_view interpolation = "linear");

// Distinct elements (or slices along dim) in ascending order, the place of each input among them,
// and how often each occurs.
WENGERT_API std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& input,
                                                      std::optional<int64_t> dim = {});
// The same for runs of equal neighbours, in the input's order.
WENGERT_API std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& input,
                                                                  std::optional<int64_t> dim = {});

// Where each value would be inserted into its sorted row: before equal elements, or after them.
WENGERT_API Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values,
                                bool out_int32 = false, bool right = false,
                                const Tensor& sorter = {});
WENGERT_API Tensor bucketize(const Tensor& input, const Tensor& boundaries, bool out_int32 = false,
                             bool right = false);
// How often each of 0, 1, 2, ... occurs, or the sums of the weights.
WENGERT_API Tensor bincount(const Tensor& input, const Tensor& weights = {}, int64_t minlength = 0);
// Counts in equal parts of [low, high], or of the range of the elements where the two are equal.
WENGERT_API Tensor histc(const Tensor& input, int64_t bins = 100, double low = 0, double high = 0);
WENGERT_API Tensor isin(const Tensor& elements, const Tensor& test_elements,
                        bool assume_unique = false, bool invert = false);

WENGERT_NAMESPACE_END
