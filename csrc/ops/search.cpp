// Searching sorted rows, and counting.
#include <algorithm>

#include "ops/function.h"
#include "ops/operations.h"
#include "ops/order.h"
#include "ops/real_types.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Where each value would be inserted into its sorted row, before or after equal elements.
struct SearchSorted {
  bool right, narrow;
  static constexpr const char* name = "searchsorted";
  WG_FIELDS(right, narrow)
  void infer(Infer& m) const {
    m.out().dtype = narrow ? DType::int32 : DType::int64;
    m.out().shape = m.in(1).sizes();
  }
  void compute(Compute& c) const {
    const Tensor rows = order::comparable(c.in(0)), values = order::comparable(c.in(1));
    const int64_t n = rows.size(-1);
    // One row for all values, or one for each row of values.
    const int64_t width = rows.dim() == 1 ? std::max<int64_t>(values.numel(), 1)
                                          : std::max<int64_t>(values.size(-1), 1);
    with_real_type(name, rows.dtype(), [&]<class T>(T) {
      const T *sorted = rows.data<T>(), *v = values.data<T>();
      const auto search = [&]<class I>(I* out) {
        runtime::parallel_for(values.numel(), kParallelGrain / 16, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const T* row = sorted + i / width * n;
            // NaN is in no relation, and comes last.
            const T* at =
                right ? std::partition_point(row, row + n, [&](T e) { return !(e > v[i]); })
                      : std::partition_point(row, row + n, [&](T e) { return !(e >= v[i]); });
            out[i] = static_cast<I>(at - row);
          }
        });
      };
      if (narrow) {
        search(c.out().data<int32_t>());
      } else {
        search(c.out().data<int64_t>());
      }
    });
  }
};

Tensor run_search(const char* op, const Tensor& sorted, const Tensor& values, bool narrow,
                  bool right) {
  const TensorImpl &s = *detail::input(op, sorted), &v = *detail::input(op, values);
  WG_CHECK(s.ndim > 0, Error, op, ": the sorted sequence must have at least one dimension");
  bool fits = s.ndim == 1 || s.ndim == v.ndim;
  for (int i = 0; fits && s.ndim > 1 && i + 1 < s.ndim; ++i) fits = s.shape()[i] == v.shape()[i];
  WG_CHECK(fits, Error, op,
           ": the sorted sequence must have one dimension, or all but the last of "
           "its dimensions must be those of the values, but the shapes are ",
           s.sizes(), " and ", v.sizes());
  const DType t = promote(s.dtype, v.dtype);
  return apply(SearchSorted{right, narrow}, to(sorted, t), to(values, t));
}

Tensor operand(const Operand& o, DType dtype) {
  return o.tensor ? *o.tensor : scalar(o.scalar, promote(dtype, o.scalar));
}

Tensor search_rows(const Tensor& sorted, Operand values, bool narrow, bool right,
                   std::string_view side, const Tensor& sorter) {
  WG_CHECK(side.empty() || side == "left" || side == "right", Error,
           "searchsorted: side must be left or right, but is ", std::string(side));
  WG_CHECK(!right || side != "left", Error, "searchsorted: side is left, but right is True");
  return searchsorted(sorted, operand(values, sorted.dtype()), narrow, right || side == "right",
                      sorter);
}
Tensor search_buckets(Operand values, const Tensor& boundaries, bool narrow, bool right) {
  return bucketize(operand(values, boundaries.dtype()), boundaries, narrow, right);
}

}  // namespace

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values, bool out_int32, bool right,
                    const Tensor& sorter) {
  detail::input("searchsorted", sorted_sequence);
  if (!sorter.defined()) {
    return run_search("searchsorted", sorted_sequence, values, out_int32, right);
  }
  WG_CHECK(sorter.shape() == sorted_sequence.shape(), Error, "searchsorted: the sorter of shape ",
           sorter.shape(), " must have the shape of the sequence, ", sorted_sequence.shape());
  WG_CHECK(sorter.dtype() == DType::int64, Error,
           "searchsorted: the sorter must have dtype int64, "
           "but has ",
           sorter.dtype());
  return run_search("searchsorted", gather(sorted_sequence, -1, sorter), values, out_int32, right);
}

Tensor bucketize(const Tensor& input, const Tensor& boundaries, bool out_int32, bool right) {
  WG_CHECK(detail::input("bucketize", boundaries)->ndim == 1, Error,
           "bucketize: the boundaries must have one dimension, but have shape ",
           boundaries.shape());
  return run_search("bucketize", boundaries, input, out_int32, right);
}

Tensor bincount(const Tensor& input, const Tensor& weights, int64_t minlength) {
  const TensorImpl& x = *detail::input("bincount", input);
  WG_CHECK(x.ndim == 1 && is_integral(x.dtype) && x.dtype != DType::bool_, Error,
           "bincount: expected a 1-d tensor of integers, but got shape ", x.sizes(), " and dtype ",
           x.dtype);
  WG_CHECK(minlength >= 0, Error, "bincount: minlength must not be negative, but is ", minlength);
  WG_CHECK(!weights.defined() || weights.shape() == x.sizes(), Error,
           "bincount: the weights of shape ", weights.shape(),
           " must have the shape of the input, ", x.sizes());
  RecordingGuard off(false);
  const Tensor at = as_contiguous(input, DType::int64);
  const int64_t* p = at.data<int64_t>();
  const int64_t n = at.numel();
  int64_t bins = minlength;
  for (int64_t i = 0; i < n; ++i) {
    WG_CHECK(p[i] >= 0, Error, "bincount: element ", i, " is negative: ", p[i]);
    WG_CHECK(p[i] < INT64_MAX, Error, "bincount: element ", i, " is too large: ", p[i]);
    bins = std::max(bins, p[i] + 1);
  }
  if (!weights.defined()) {
    const Tensor out = empty({bins}, DType::int64);
    int64_t* const counts = out.data<int64_t>();
    std::fill_n(counts, bins, 0);
    for (int64_t i = 0; i < n; ++i) ++counts[p[i]];
    return out;
  }
  const DType t = weights.dtype() == DType::float32 ? DType::float32 : DType::float64;
  const Tensor w = as_contiguous(weights, t), out = empty({bins}, t);
  with_float_type("bincount", t, [&]<class T>(T) {
    const T* const from = w.data<T>();
    T* const sums = out.data<T>();
    std::fill_n(sums, bins, T{0});
    for (int64_t i = 0; i < n; ++i) sums[p[i]] += from[i];
  });
  return out;
}

namespace {

// The counts between two bounds; equal ones stand for those of the elements.
struct Histogram {
  int64_t bins;
  double low, high;
  static constexpr const char* name = "histc";
  WG_FIELDS(bins, low, high)
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape.push(bins);
  }
  void compute(Compute& c) const { copy_elements(*c.out().impl(), *counts(c.in(0)).impl()); }

 private:
  Tensor counts(const Tensor& input) const;
};

Tensor Histogram::counts(const Tensor& input) const {
  const Tensor values = order::comparable(input);
  double low = this->low, high = this->high;
  if (low == high && values.numel() > 0) {
    const auto [least, most] = aminmax(values);
    low = least.item().to_double();
    high = most.item().to_double();
  }
  if (low == high) {
    low -= 1;
    high += 1;
  }
  WG_CHECK(low - low == 0 && high - high == 0, Error, "histc: the range from ", low, " to ", high,
           " is not finite");
  WG_CHECK(low < high, Error, "histc: max must be larger than min, but they are ", high, " and ",
           low);
  const Tensor counts = zeros({bins}, values.dtype());
  with_float_type("histc", values.dtype(), [&]<class T>(T) {
    const T from = static_cast<T>(low), to = static_cast<T>(high);
    for (int64_t i = 0; i < values.numel(); ++i) {
      const T v = values.data<T>()[i];
      if (!(v >= from && v <= to)) continue;
      // NaN where the dtype holds no number between the bounds, or not their distance.
      const T at = (v - from) / (to - from) * static_cast<T>(bins);
      const int64_t bin = at >= static_cast<T>(bins) ? bins - 1
                          : at > 0                   ? static_cast<int64_t>(at)
                                                     : 0;
      counts.data<T>()[std::min(bin, bins - 1)] += 1;
    }
  });
  return counts;
}

}  // namespace

Tensor histc(const Tensor& input, int64_t bins, double low, double high) {
  const TensorImpl& x = *detail::input("histc", input);
  WG_CHECK(is_floating(x.dtype), NotImplementedError, "histc: not available for dtype ", x.dtype);
  WG_CHECK(bins > 0, Error, "histc: bins must be positive, but is ", bins);
  return apply(Histogram{bins, low, high}, input);
}

Tensor isin(const Tensor& elements, const Tensor& test_elements, bool, bool invert) {
  const TensorImpl &x = *detail::input("isin", elements),
                   &y = *detail::input("isin", test_elements);
  RecordingGuard off(false);
  const DType t = compute_dtype(promote(x.dtype, y.dtype));
  const Tensor a = as_contiguous(elements, t), b = as_contiguous(test_elements, t);
  Tensor out = new_tensor(DType::bool_, x.sizes());
  with_real_type("isin", t, [&]<class T>(T) {
    std::vector<order::Key<T>> known;
    for (int64_t i = 0; i < b.numel(); ++i) {
      const T v = b.data<T>()[i];
      if (v == v) known.push_back(order::key_of(v));
    }
    std::sort(known.begin(), known.end());
    for (int64_t i = 0; i < a.numel(); ++i) {
      const T v = a.data<T>()[i];
      const bool in = v == v && std::binary_search(known.begin(), known.end(), order::key_of(v));
      out.data<bool>()[i] = in != invert;
    }
  });
  return out;
}

namespace {
Tensor isin_any(Operand elements, Operand test_elements, bool assume_unique, bool invert) {
  WG_CHECK(elements.tensor || test_elements.tensor, TypeError,
           "isin: expected at least one tensor");
  const DType t = elements.tensor ? elements.tensor->dtype() : test_elements.tensor->dtype();
  const auto whole = [&](const Operand& o) {
    return o.tensor ? *o.tensor : full({}, o.scalar, promote(t, o.scalar));
  };
  return isin(whole(elements), whole(test_elements), assume_unique, invert);
}

constexpr Function rows[] = {
    make_function<search_rows>(
        "searchsorted",
        "sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None",
        kFunction | kOut | kNoGrad,
        "Where each value would be inserted into its sorted row, before equal elements or, with "
        "right=True, after them",
        "wengert.sort(T((9,))).values, T((3, 4))\nwengert.sort(I((3, 9), 0, 5)).values, I((3, 4), "
        "0, 5), right=True",
        ""),
    make_function<search_buckets>(
        "bucketize", "input, boundaries, *, out_int32=False, right=False",
        kFunction | kOut | kNoGrad,
        "The number of the bucket between sorted boundaries in which each value lies",
        "T((3, 4)), wengert.sort(T((5,))).values",
        "np.searchsorted(boundaries, input, side='right' if right else 'left')"),
    make_function<bincount>(
        "bincount", "input, weights=None, minlength=0", kFunction | kMethod | kNoGrad,
        "How often each of 0, 1, 2, ... occurs, or the sums of the weights of its occurrences",
        "I((9,), 0, 5)\nI((9,), 0, 5), T((9,)), 7",
        "np.bincount(input.astype(int), weights, minlength)"),
    make_function<histc>("histc", "input, bins=100, min=0, max=0",
                         kFunction | kMethod | kOut | kNoGrad,
                         "How many elements lie in each of `bins` equal parts of [min, max], or of "
                         "the range of the elements",
                         "T((30,)), 4\nT((3, 10)), 5, -2, 2",
                         "np.histogram(input, bins, (min, max) if min != max else None)[0] * 1.0"),
    make_function<isin_any>(
        "isin", "elements, test_elements, *, assume_unique=False, invert=False",
        kFunction | kNoGrad, "Whether each element is among the test elements",
        "I((3, 4), 0, 5), I((3,), 0, 5)\nI((3, 4), 0, 5), I((3,), 0, 5), invert=True",
        "np.isin(elements, test_elements, invert=invert)"),
};
}  // namespace

extern const FunctionTable search_functions;
const FunctionTable search_functions = {rows, std::size(rows)};

WG_OPERATIONS(search, operation<SearchSorted>(), operation<Histogram>())

WENGERT_NAMESPACE_END
