// Histograms of samples.
#include <algorithm>
#include <cmath>

#include "ops/function.h"
#include "ops/op.h"
#include "wengert/ops/statistics.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The points (count, D) and the number of their dimensions.
Tensor points_of(const Tensor& input) {
  const TensorImpl& x = *detail::input("histogramdd", input);
  WG_CHECK(is_floating(x.dtype), NotImplementedError, "histogramdd: not available for dtype ",
           x.dtype);
  WG_CHECK(x.ndim >= 2, Error, "histogramdd: expected points (..., D), but got shape ", x.sizes());
  return reshape(input.detach(), {x.numel / std::max<int64_t>(input.size(-1), 1), input.size(-1)});
}

// The edges of bins of one width over the range, by default that of the values.
Tensor edges_between(const Tensor& values, int64_t bins, const double* range) {
  double low = 0, high = 1;
  if (range) {
    low = range[0], high = range[1];
  } else if (values.numel() > 0) {
    low = min(values).item<double>(), high = max(values).item<double>();
  }
  WG_CHECK(std::isfinite(low) && std::isfinite(high), Error, "histogramdd: the range from ", low,
           " to ", high, " is not finite");
  WG_CHECK(low <= high, Error, "histogramdd: expected min <= max, but got ", low, " and ", high);
  WG_CHECK(bins > 0, Error, "histogramdd: expected at least one bin, but got ", bins);
  if (low == high) low -= 0.5, high += 0.5;
  return linspace(low, high, bins + 1, values.dtype());
}

// Each value's bin; -1 for none. The last bin holds its upper edge too.
Tensor bins_of(const Tensor& values, const Tensor& edges) {
  const Tensor at = searchsorted(edges, contiguous(values), false, true) - 1;
  const Tensor first = select(edges, 0, 0), last = select(edges, 0, -1);
  const Tensor inside = logical_and(values >= first, values <= last);
  return masked_fill(masked_fill(at, values == last, edges.numel() - 2), logical_not(inside), -1);
}

}  // namespace

std::pair<Tensor, std::vector<Tensor>> histogramdd(const Tensor& input, TensorList edges,
                                                   const Tensor& weight, bool density) {
  const Tensor points = points_of(input);
  const int64_t d = points.size(1), count = points.size(0);
  WG_CHECK(static_cast<int64_t>(edges.size()) == d, Error, "histogramdd: expected bins for ", d,
           " dimensions, but got ", edges.size());
  WG_CHECK(!weight.defined() || weight.numel() == count, Error, "histogramdd: expected ", count,
           " weights, but got ", weight.numel());
  std::vector<int64_t> shape;
  int64_t total = 1;
  for (const Tensor& e : edges) {
    WG_CHECK(detail::input("histogramdd", e)->ndim == 1 && e.numel() > 0, Error,
             "histogramdd: expected a vector of edges, but got shape ", e.shape());
    WG_CHECK(e.dtype() == input.dtype(), Error, "histogramdd: the edges have dtype ", e.dtype(),
             ", the input ", input.dtype());
    shape.push_back(e.numel() - 1);
    total *= shape.back();
  }
  Tensor at = zeros({count}, DType::int64), inside = ones({count}, DType::bool_);
  for (int64_t i = 0; i < d; ++i) {
    const auto k = static_cast<size_t>(i);
    const Tensor bin = bins_of(select(points, 1, i), edges[k].detach());
    inside = logical_and(inside, bin >= 0);
    at = at * shape[k] + bin;
  }
  const Tensor values = weight.defined() ? to(reshape(weight.detach(), {-1}), input.dtype())
                                         : ones({count}, input.dtype());
  Tensor hist = index_add(zeros({total}, input.dtype()), 0, masked_select(at, inside),
                          masked_select(values, inside));
  hist = reshape(hist, shape);
  if (density) {
    hist = hist / sum(hist);
    for (size_t i = 0; i < edges.size(); ++i) {
      std::vector<int64_t> along(edges.size(), 1);
      along[i] = -1;
      hist = hist / reshape(diff(edges[i].detach()), along);
    }
  }
  return {hist, {edges.begin(), edges.end()}};
}

std::pair<Tensor, std::vector<Tensor>> histogramdd(const Tensor& input, Dims bins,
                                                   const std::vector<double>& range,
                                                   const Tensor& weight, bool density) {
  const Tensor points = points_of(input);
  const auto d = static_cast<size_t>(points.size(1));
  WG_CHECK(bins.size() == d, Error, "histogramdd: expected bins for ", d, " dimensions, but got ",
           bins.size());
  WG_CHECK(range.empty() || range.size() == 2 * d, Error, "histogramdd: expected a range of ",
           2 * d, " numbers, got ", range.size());
  std::vector<Tensor> edges;
  for (size_t i = 0; i < d; ++i) {
    edges.push_back(edges_between(select(points, 1, static_cast<int64_t>(i)), bins[i],
                                  range.empty() ? nullptr : range.data() + 2 * i));
  }
  return histogramdd(input, edges, weight, density);
}

namespace {

// The elements as points with one coordinate.
Tensor as_points(const Tensor& input, const Tensor& weight) {
  const TensorImpl& x = *detail::input("histogram", input);
  WG_CHECK(!weight.defined() || weight.shape() == input.shape(), Error,
           "histogram: the weights of shape ", weight.shape(), " must have the input's shape ",
           x.sizes());
  return reshape(input, {x.numel, 1});
}

}  // namespace

std::pair<Tensor, Tensor> histogram(const Tensor& input, int64_t bins,
                                    std::optional<std::pair<double, double>> range,
                                    const Tensor& weight, bool density) {
  const Tensor points = as_points(input, weight);
  std::vector<double> ends;
  if (range) ends = {range->first, range->second};
  auto found = histogramdd(points, Dims{bins}, ends, weight, density);
  return {found.first, found.second[0]};
}

std::pair<Tensor, Tensor> histogram(const Tensor& input, const Tensor& edges, const Tensor& weight,
                                    bool density) {
  auto found = histogramdd(as_points(input, weight), TensorList{edges}, weight, density);
  return {found.first, edges};
}

namespace {

Tensor edges_row(const Tensor& values, int64_t bins, std::optional<double> low,
                 std::optional<double> high) {
  const double range[] = {low.value_or(0), high.value_or(0)};
  return edges_between(values.detach(), bins, low && high ? range : nullptr);
}
Tensor histogram_row(const Tensor& input, TensorList edges, const Tensor& weight, bool density) {
  return histogramdd(input, edges, weight, density).first;
}

constexpr Function rows[] = {
    make_function<edges_row>("_histogram_edges", "values, bins, low=None, high=None",
                             kFunction | kInternal, "The edges of bins of one width"),
    make_function<histogram_row>("_histogramdd", "input, edges, weight=None, density=False",
                                 kFunction | kInternal, "How many points lie in each bin"),
};

}  // namespace

extern const FunctionTable histogram_functions;
const FunctionTable histogram_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
