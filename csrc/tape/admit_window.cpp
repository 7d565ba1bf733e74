// What files may ask of convolutions, pools and images.
#include "tape/admit_call.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

int64_t windows(int64_t n, int64_t padding, int64_t kernel, int64_t dilation, int64_t stride) {
  const int64_t room = n + 2 * padding - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}
// x (N, G C, in...), w (O, C, kernel...), y (N, O, out...).
void convolution(C c, Dims x, Dims w, Dims y) {
  const size_t n = c.list("stride").size();
  c.need(n >= 1 && n <= 3 && x.size() == n + 2 && w.size() == n + 2 && y.size() == n + 2,
         "expected one to three spatial dimensions");
  c.numbers("stride", n, 1), c.numbers("padding", n, 0), c.numbers("dilation", n, 1);
  const int64_t groups = c.integer("groups");
  c.need(groups >= 1 && groups <= INT32_MAX, "expected groups");
  for (const Dims s : {x, w, y}) {
    for (const int64_t v : s) c.need(v >= 0 && v <= INT32_MAX, "a size that is too large");
  }
  c.need(x[0] == y[0] && x[1] == groups * w[1] && y[1] == w[0] && w[0] % groups == 0,
         "channels that do not fit");
  for (size_t i = 0; i < n; ++i) {
    c.need(w[i + 2] >= 1 && x[i + 2] >= 1, "an empty kernel or image");
    c.need(y[i + 2] == windows(x[i + 2], c.list("padding")[i], w[i + 2], c.list("dilation")[i],
                               c.list("stride")[i]),
           "another number of windows");
  }
}
Shape with_spatial(int64_t a, int64_t b, const std::vector<int64_t>& spatial) {
  Shape s;
  s.push(a);
  s.push(b);
  for (const int64_t v : spatial) s.push(v);
  return s;
}
void convolved(C c, int weight) {
  c.least_ndim(0, 3), c.least_ndim(weight, 3);
  c.need(c.list("stride").size() <= 3, "expected at most three spatial dimensions");
  c.floating(0), c.same_dtype(0, weight);
}

void pooled(C c, bool dilated) {
  const auto& out = c.list("out");
  const size_t n = out.size();
  c.need(n >= 1 && n <= 3, "expected one to three dimensions");
  c.least_ndim(0, static_cast<int>(n));
  c.numbers("out", n, 1), c.numbers("kernel", n, 1), c.numbers("stride", n, 1);
  c.numbers("padding", n, 0);
  if (dilated) c.numbers("dilation", n, 1);
}
// Windows that begin inside of n elements or in front of them.
void check_windows(C c, Dims in, bool dilated) {
  for (size_t i = 0; i < in.size(); ++i) {
    const int64_t k = c.list("kernel")[i], d = dilated ? c.list("dilation")[i] : 1;
    const int64_t p = c.list("padding")[i];
    c.need(in[i] > 0 && in[i] <= INT32_MAX && 2 * p <= d * (k - 1) + 1 &&
               (c.list("out")[i] - 1) * c.list("stride")[i] < in[i] + p,
           "windows that lie outside");
  }
}
Dims volume(C c, size_t n) { return {c.in(0).shape() + c.in(0).ndim - static_cast<int>(n), n}; }
void average(C c, bool forward) {
  const size_t n = c.list("in").size();
  c.need(n >= 1 && n <= 3, "expected one to three dimensions");
  c.least_ndim(0, static_cast<int>(n));
  if (!forward || c.get<bool>("adaptive") || c.in(0).dtype != DType::int64) c.floating(0);
  c.numbers("in", n, 1), c.numbers("out", n, 1);
  c.need(volume(c, n) == Dims(c.list(forward ? "in" : "out")), "another volume");
  c.need(c.integer("divisor") >= 0 || !c.get<bool>("adaptive"), "a divisor of adaptive windows");
  if (c.get<bool>("adaptive")) return;
  pooled(c, false);
  check_windows(c, c.list("in"), false);
}

void fold(C c) {
  if (c.in(0).dtype != DType::bool_) c.floating(0);
  for (const char* name : {"kernel", "dilation", "stride", "plane", "windows"})
    c.numbers(name, 2, 1);
  c.numbers("padding", 2, 0);
  for (size_t i = 0; i < 2; ++i) {
    c.need(c.list("windows")[i] == windows(c.list("plane")[i], c.list("padding")[i],
                                           c.list("kernel")[i], c.list("dilation")[i],
                                           c.list("stride")[i]),
           "another number of windows");
  }
  const int64_t taps = c.list("kernel")[0] * c.list("kernel")[1];
  if (c.get<bool>("adjoint")) {
    c.ndim(0, 3);
    c.need(c.size(0, 1) % taps == 0 && c.size(0, 2) == c.list("windows")[0] * c.list("windows")[1],
           "columns of another size");
  } else {
    c.ndim(0, 4);
    c.need(c.size(0, 2) == c.list("plane")[0] && c.size(0, 3) == c.list("plane")[1],
           "an image of another size");
  }
}

// Images in input `image`, or values at the points of the grid, which is another input.
void grid(C c, int image, int points) {
  c.range("mode", 0, 3), c.range("padding", 0, 3);
  const size_t n = c.list("size").size();
  c.need(n == 3 || n == 2, "expected two or three dimensions");
  c.need(n == 2 || c.integer("mode") < 2, "bicubic volumes");
  c.numbers("size", n, 1), c.numbers("order", n, 0, 8);
  for (const int i : {image, points}) c.ndim(i, static_cast<int>(n) + 2), c.wide(i);
  c.same_dtype(image, points);
  c.need(c.size(image, 0) == c.size(points, 0) && c.size(points, -1) == static_cast<int64_t>(n),
         "a grid of another image");
}
void at_points(C c, int values, int points) {
  for (int i = 2; i < c.in(values).ndim; ++i)
    c.need(c.size(values, i) == c.size(points, i - 1), "values at other points");
}
void of_size(C c, int image) {
  for (int i = 2; i < c.in(image).ndim; ++i)
    c.need(c.size(image, i) == c.list("size")[static_cast<size_t>(i - 2)], "another image");
}

const Rule rules[] = {
    {"convolution", 2, 3, 0, 1,
     [](C c) {
       convolved(c, 1);
       convolution(c, c.in(0).sizes(), c.in(1).sizes(),
                   with_spatial(c.size(0, 0), c.size(1, 0), c.list("out")));
       if (c.inputs() > 2) c.same_dtype(0, 2), c.has_shape(2, {c.size(1, 0)});
     }},
    {"convolution_input", 2, 2, 0, 1,
     [](C c) {
       convolved(c, 1);
       c.range("groups", 1, INT32_MAX);
       c.need(c.size(1, 1) <= INT32_MAX, "a size that is too large");
       convolution(c, with_spatial(c.size(0, 0), c.size(1, 1) * c.integer("groups"), c.list("in")),
                   c.in(1).sizes(), c.in(0).sizes());
     }},
    {"convolution_weight", 2, 2, 0, 1,
     [](C c) {
       convolved(c, 1);
       c.range("groups", 1, INT32_MAX);
       convolution(c, c.in(0).sizes(),
                   with_spatial(c.size(1, 1), c.size(0, 1) / c.integer("groups"), c.list("kernel")),
                   c.in(1).sizes());
     }},
    {"max_pool", 1, 1, 0, 2,
     [](C c) {
       pooled(c, true);
       c.number(0), c.need(c.in(0).dtype != DType::bool_, "bools");
       check_windows(c, volume(c, c.list("out").size()), true);
     }},
    {"avg_pool", 1, 1, 0, 1, [](C c) { average(c, true); }},
    {"avg_pool_spread", 1, 1, 0, 1, [](C c) { average(c, false); }},
    {"window_max", 1, 2, 0, 2,
     [](C c) {
       const size_t n = c.list("out").size();
       c.need(n >= 1 && n <= 3, "expected one to three dimensions");
       c.least_ndim(0, static_cast<int>(n)), c.numbers("out", n, 1);
       c.number(0), c.need(c.in(0).dtype != DType::bool_, "bools");
       const Dims from = volume(c, n);
       int64_t elements = 1;
       for (const int64_t v : from) c.need(v > 0, "an empty volume"), elements *= v;
       if (c.inputs() == 1) return;
       c.numbers("kernel", n, 1), c.floating(0), c.same_dtype(0, 1);
       for (size_t i = 0; i < n; ++i) c.need(c.list("kernel")[i] <= from[i], "too large a window");
       c.need(c.in(1).numel >= c.in(0).numel / elements * static_cast<int64_t>(n),
              "windows that were not drawn");
     }},
    {"gather_volumes", 2, 2, 0, 1,
     [](C c) {
       c.dtype(1, DType::int64), c.number(0);
       c.range("n", 1, 4);
       const auto n = static_cast<int>(c.integer("n"));
       c.least_ndim(0, n), c.need(c.in(0).ndim == c.in(1).ndim, "other volumes");
       for (int i = 0; i < c.in(0).ndim - n; ++i)
         c.need(c.size(0, i) == c.size(1, i), "other volumes");
     }},
    {"scatter_volumes", 2, 2, 0, 1,
     [](C c) {
       const size_t n = c.list("volume").size();
       c.need(n >= 1 && n <= 3, "expected one to three dimensions");
       c.shape("volume"), c.dtype(1, DType::int64), c.number(0), c.same_shape(0, 1);
       c.least_ndim(0, static_cast<int>(n));
     }},
    {"unfold_windows", 1, 1, 0, 1, fold},
    {"grid_sample", 2, 2, 0, 1,
     [](C c) {
       grid(c, 0, 1);
       c.get<bool>("adjoint") ? at_points(c, 0, 1) : of_size(c, 0);
     }},
    {"grid_sample_gradient", 3, 3, 0, 1,
     [](C c) {
       grid(c, 1, 2), c.ndim(0, c.in(1).ndim), c.same_dtype(0, 1);
       at_points(c, 0, 2), of_size(c, 1);
       for (int i = 0; i < 2; ++i) c.need(c.size(0, i) == c.size(1, i), "another image");
     }},
    {"resample", 1, 1, 0, 1,
     [](C c) {
       c.real_dim("dim"), c.range("filter", 0, 8);
       if (c.in(0).dtype != DType::uint8 || c.get<bool>("adjoint")) c.wide(0);
       c.range("in", 1, INT32_MAX), c.range("out", 1, INT32_MAX);
       const double factor = c.get<double>("factor");
       c.need(factor <= 0 || (factor > 1e-6 && factor < 1e6),
              "a factor that is too large or small");
       c.need(c.size(0, static_cast<int>(c.integer("dim"))) ==
                  c.integer(c.get<bool>("adjoint") ? "out" : "in"),
              "another size");
     }},
};

}  // namespace

WG_ADMIT(window)

}  // namespace tape
WENGERT_NAMESPACE_END
