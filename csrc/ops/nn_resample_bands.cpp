#include "ops/nn_resample_bands.h"

#include <algorithm>
#include <cmath>
#include <numbers>

WENGERT_NAMESPACE_BEGIN
namespace detail {

namespace {

// Steps between the positions of neighbouring outputs.
template <class T>
T step_between(int64_t in, int64_t out, double factor, bool align_corners) {
  if (align_corners) return out > 1 ? static_cast<T>(in - 1) / static_cast<T>(out - 1) : T{0};
  return factor > 0 ? static_cast<T>(1 / factor) : static_cast<T>(in) / static_cast<T>(out);
}

// The weight of an element at a distance.
template <class T>
T cubic(T distance, T a) {
  const T d = std::abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * a - 4 * a : T{0};
}
template <class T>
T sinc(T x) {
  if (x == 0) return 1;
  x *= std::numbers::pi_v<T>;
  return std::sin(x) / x;
}

template <class T>
class Builder {
 public:
  Builder(int64_t in, int64_t out) : in_(in), out_(out) {}

  // Taps from `begin` on; those outside count for the border.
  void clamped(int64_t begin, const T* w, int taps) {
    const int64_t last = in_ - 1;
    int64_t column = std::clamp<int64_t>(begin, 0, last);
    m.first.push_back(column);
    m.weight.push_back(w[0]);
    for (int k = 1; k < taps; ++k) {
      const int64_t next = std::clamp<int64_t>(begin + k, 0, last);
      if (next == column) {
        m.weight.back() += w[k];
      } else {
        m.weight.push_back(w[k]);
      }
      column = next;
    }
    m.offset.push_back(static_cast<int64_t>(m.weight.size()));
  }
  void nearest(double factor, bool exact) {
    // Positions are computed in float whatever the dtype, so that all dtypes choose alike.
    const float step = step_between<float>(in_, out_, factor, false);
    const float shift = exact ? 0.5F : 0.0F;
    constexpr T kOne = 1;
    for (int64_t i = 0; i < out_; ++i) {
      clamped(column(std::floor((static_cast<float>(i) + shift) * step)), &kOne, 1);
    }
  }
  void linear(double factor, bool align_corners) {
    const T step = step_between<T>(in_, out_, factor, align_corners);
    for (int64_t i = 0; i < out_; ++i) {
      T at = static_cast<T>(i);
      if (out_ != in_) {
        at = align_corners ? at * step : std::max<T>((at + T(0.5)) * step - T(0.5), 0);
      }
      const int64_t begin = column(std::floor(at));
      const T t = std::clamp<T>(at - static_cast<T>(begin), 0, 1);
      const T w[2] = {1 - t, t};
      clamped(begin, w, 2);
    }
  }
  void cubic_spline(double factor, bool align_corners) {
    const T step = step_between<T>(in_, out_, factor, align_corners), a = T(-0.75);
    for (int64_t i = 0; i < out_; ++i) {
      const T at =
          align_corners ? static_cast<T>(i) * step : (static_cast<T>(i) + T(0.5)) * step - T(0.5);
      const int64_t begin = column(std::floor(at));
      const T t = std::clamp<T>(at - static_cast<T>(begin), 0, 1);
      const T w[4] = {cubic(t + 1, a), cubic(t, a), cubic(1 - t, a), cubic(2 - t, a)};
      clamped(begin - 1, w, 4);
    }
  }
  void area() {
    for (int64_t i = 0; i < out_; ++i) {
      const int64_t begin = i * in_ / out_, end = ((i + 1) * in_ + out_ - 1) / out_;
      m.first.push_back(begin);
      m.weight.insert(m.weight.end(), static_cast<size_t>(end - begin),
                      T{1} / static_cast<T>(end - begin));
      m.offset.push_back(static_cast<int64_t>(m.weight.size()));
    }
  }
  // The filter f, `support` wide to either side at a step of 1.
  template <class F>
  void smooth(double factor, bool align_corners, T support, F f) {
    const T step = step_between<T>(in_, out_, factor, align_corners);
    const T wide = std::max<T>(step, 1), reach = support * wide;
    for (int64_t i = 0; i < out_; ++i) {
      const T middle = step * (static_cast<T>(i) + T(0.5));
      const int64_t begin = std::max(column(middle - reach + T(0.5)), int64_t{0});
      const int64_t end = std::max(column(middle + reach - T(0.5)), begin);
      m.first.push_back(begin);
      T total = 0;
      for (int64_t k = begin; k <= end; ++k) {
        m.weight.push_back(f((static_cast<T>(k) - middle + T(0.5)) * (1 / wide)));
        total += m.weight.back();
      }
      for (auto k = static_cast<size_t>(m.offset.back()); total != 0 && k < m.weight.size(); ++k) {
        m.weight[k] /= total;
      }
      m.offset.push_back(static_cast<int64_t>(m.weight.size()));
    }
  }

  BandMatrix<T> m;

 private:
  int64_t in_, out_;

  // The element at a position, which lies at most one before the first.
  int64_t column(T at) const {
    return at >= static_cast<T>(in_ - 1) ? in_ - 1
                                         : std::max(static_cast<int64_t>(at), int64_t{-1});
  }
};

}  // namespace

template <class T>
BandMatrix<T> BandMatrix<T>::transposed(int64_t columns) const {
  const auto rows = static_cast<int64_t>(first.size());
  const auto count = static_cast<size_t>(columns);
  BandMatrix t;
  // Windows move forwards only, so a column's rows lie side by side.
  std::vector<int64_t> last(count, -1);
  t.first.assign(count, 0);
  const auto each = [&](auto f) {
    for (int64_t i = 0; i < rows; ++i) {
      const auto r = static_cast<size_t>(i);
      for (int64_t k = offset[r]; k < offset[r + 1]; ++k) {
        f(i, static_cast<size_t>(first[r] + k - offset[r]), weight[static_cast<size_t>(k)]);
      }
    }
  };
  each([&](int64_t i, size_t c, T) {
    if (last[c] < 0) t.first[c] = i;
    last[c] = i;
  });
  for (size_t c = 0; c < count; ++c) {
    t.offset.push_back(t.offset[c] + (last[c] < 0 ? 0 : last[c] - t.first[c] + 1));
  }
  t.weight.assign(static_cast<size_t>(t.offset.back()), T{0});
  each([&](int64_t i, size_t c, T w) {
    t.weight[static_cast<size_t>(t.offset[c] + i - t.first[c])] = w;
  });
  return t;
}

template <class T>
BandMatrix<T> resampling(Filter filter, int64_t in, int64_t out, double factor,
                         bool align_corners) {
  Builder<T> b(in, out);
  switch (filter) {
    case Filter::nearest:
      b.nearest(factor, false);
      break;
    case Filter::nearest_exact:
      b.nearest(factor, true);
      break;
    case Filter::linear:
      b.linear(factor, align_corners);
      break;
    case Filter::cubic:
      b.cubic_spline(factor, align_corners);
      break;
    case Filter::area:
      b.area();
      break;
    case Filter::smooth_linear:
      b.smooth(factor, align_corners, 1, [](T x) { return std::max<T>(1 - std::abs(x), 0); });
      break;
    case Filter::smooth_cubic:
      b.smooth(factor, align_corners, 2, [](T x) { return cubic(x, T(-0.5)); });
      break;
    case Filter::smooth_lanczos:
      b.smooth(factor, align_corners, 3,
               [](T x) { return std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : T{0}; });
      break;
  }
  return std::move(b.m);
}

template struct BandMatrix<float>;
template struct BandMatrix<double>;
template BandMatrix<float> resampling(Filter, int64_t, int64_t, double, bool);
template BandMatrix<double> resampling(Filter, int64_t, int64_t, double, bool);

}  // namespace detail
WENGERT_NAMESPACE_END
