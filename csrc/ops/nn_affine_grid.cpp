// The points of an image under affine maps.
#include "ops/function.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

Tensor affine_grid(const Tensor& theta, Dims size, bool align_corners) {
  const char* op = "affine_grid";
  const TensorImpl& t = *detail::input(op, theta);
  WG_CHECK(is_floating(t.dtype), ValueError, op,
           ": expected a theta of a floating point dtype, but got ", t.dtype);
  WG_CHECK(size.size() == 4 || size.size() == 5, NotImplementedError, op,
           ": expected a size (N, C, H, W) or (N, C, D, H, W), but got ", size);
  const int spatial = static_cast<int>(size.size()) - 2;
  WG_CHECK(t.ndim == 3 && t.shape()[1] == spatial && t.shape()[2] == spatial + 1, ValueError, op,
           ": expected a theta of shape (N, ", spatial, ", ", spatial + 1, ") for the size ", size,
           ", but got ", t.sizes());
  for (const int64_t n : size) {
    WG_CHECK(n > 0, ValueError, op, ": expected positive sizes, but got ", size);
  }
  WG_CHECK(t.shape()[0] == size[0], Error, op, ": the size ", size, " is for a batch of ", size[0],
           ", but theta has shape ", t.sizes());
  // Coordinates (x, y, z, 1) of the middles of the output's elements, from -1 to 1.
  Shape plane(Dims(size.data() + 2, static_cast<size_t>(spatial)));
  std::vector<Tensor> columns;
  for (int d = spatial - 1; d >= 0; --d) {
    const int64_t n = plane.d[d];
    const double end = n == 1 ? 0 : align_corners ? 1 : 1 - 1 / static_cast<double>(n);
    Shape s;
    for (int i = 0; i < spatial; ++i) s.push(i == d ? n : 1);
    columns.push_back(expand(reshape(linspace(-end, end, n, t.dtype), s), plane));
  }
  columns.push_back(ones(plane, t.dtype));
  const Tensor base = reshape(stack(columns, -1), {-1, spatial + 1});
  Shape out(Dims{size[0]});
  for (int i = 0; i < spatial; ++i) out.push(plane.d[i]);
  out.push(spatial);
  return reshape(matmul(base, transpose(theta, 1, 2)), out);
}

namespace {
constexpr Function rows[] = {
    make_function<affine_grid>("affine_grid_generator", "theta, size, align_corners",
                               kFunction | kNN,
                               "The grid (N, ..., 2 or 3) of images of `size` under the affine "
                               "maps theta (N, 2, 3) or (N, 3, 4)",
                               "T((2, 2, 3)), (2, 3, 4, 5), False\nT((1, 3, 4)), (1, 1, 2, 3, 2), "
                               "True"),
};
}  // namespace

extern const FunctionTable nn_affine_grid_functions;
const FunctionTable nn_affine_grid_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
