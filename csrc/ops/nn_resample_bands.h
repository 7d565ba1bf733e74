// Resampling along one dimension as a banded matrix.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/neural.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

enum class Filter : int64_t {
  nearest,        // floor of the position
  nearest_exact,  // the element whose middle is nearest
  linear,
  cubic,  // Keys (1981), a = -0.75
  area,   // means of windows that cover the input
  // Filters that widen with the step, their weights adding up to 1: they see every element.
  smooth_linear,
  smooth_cubic,  // a = -0.5
  smooth_lanczos,
};

// Row i of a banded matrix has weight[offset[i]] to weight[offset[i + 1] - 1], the first of them in
// column first[i].
template <class T>
struct BandMatrix {
  std::vector<int64_t> first, offset{0};
  std::vector<T> weight;

  kernels::Bands bands() const {
    return {static_cast<int64_t>(first.size()), first.data(), offset.data(), weight.data()};
  }
  BandMatrix transposed(int64_t columns) const;
};

// The matrix that makes `out` elements from `in`. The step between positions is 1 / factor, or in /
// out where the factor is not positive, computed in T.
template <class T>
BandMatrix<T> resampling(Filter filter, int64_t in, int64_t out, double factor, bool align_corners);

extern template struct BandMatrix<float>;
extern template struct BandMatrix<double>;

}  // namespace detail
WENGERT_NAMESPACE_END
