// Shapes that broadcast, pieces of nearly one size, and what vectors span: views and indices only.
#include "wengert/ops/grid.h"

#include <algorithm>

#include "ops/function.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

std::vector<int64_t> broadcast_shapes(const std::vector<Dims>& shapes) {
  Shape all;
  for (const Dims shape : shapes) {
    Shape next;
    WG_CHECK(broadcast_shapes(all, shape, next), Error, "broadcast_shapes: the shape ", shape,
             " does not broadcast with ", Dims(all), ", that of those before it");
    all = next;
  }
  return Dims(all).vec();
}

std::vector<Tensor> broadcast_tensors(TensorList tensors) {
  std::vector<Dims> shapes;
  for (const Tensor& t : tensors) {
    detail::input("broadcast_tensors", t);
    shapes.push_back(t.shape());
  }
  const std::vector<int64_t> shape = broadcast_shapes(shapes);
  std::vector<Tensor> out;
  for (const Tensor& t : tensors) out.push_back(expand(t, shape));
  return out;
}

Tensor broadcast_to(const Tensor& input, Dims shape) { return expand(input, shape); }

Tensor moveaxis(const Tensor& input, Dims source, Dims destination) {
  return movedim(input, source, destination);
}

std::vector<Tensor> tensor_split(const Tensor& input, Dims indices, int64_t dim) {
  WG_CHECK(detail::input("tensor_split", input)->ndim > 0, Error,
           "tensor_split: a 0-d tensor cannot be split");
  std::vector<Tensor> pieces;
  for (size_t k = 0; k <= indices.size(); ++k) {
    std::optional<int64_t> end;
    if (k < indices.size()) end = indices[k];
    pieces.push_back(slice(input, dim, k ? indices[k - 1] : 0, end));
  }
  return pieces;
}

std::vector<Tensor> tensor_split(const Tensor& input, int64_t sections, int64_t dim) {
  const TensorImpl& x = *detail::input("tensor_split", input);
  WG_CHECK(x.ndim > 0, Error, "tensor_split: a 0-d tensor cannot be split");
  const int64_t n = x.shape()[wrap_dim("tensor_split", dim, x.ndim)];
  WG_CHECK(sections > 0, Error, "tensor_split: sections must be positive, but is ", sections);
  WG_CHECK(sections <= std::max<int64_t>(n, 1 << 24), Error, "tensor_split: ", sections,
           " pieces of ", n, " elements are too many");
  std::vector<int64_t> indices;
  for (int64_t i = 1; i < sections; ++i)
    indices.push_back(i * (n / sections) + std::min(i, n % sections));
  return tensor_split(input, indices, dim);
}

std::vector<Tensor> meshgrid(TensorList tensors, std::string_view indexing) {
  WG_CHECK(indexing == "ij" || indexing == "xy", Error,
           "meshgrid: indexing must be 'ij' or 'xy', but is '", indexing, "'");
  WG_CHECK(!tensors.empty(), Error, "meshgrid: expected at least one tensor");
  std::vector<int64_t> shape;
  for (const Tensor& t : tensors) {
    WG_CHECK(detail::input("meshgrid", t)->ndim <= 1, Error,
             "meshgrid: expected vectors, but got shape ", t.shape());
    shape.push_back(t.numel());
  }
  std::vector<Tensor> grids;
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::vector<int64_t> column(tensors.size(), 1);
    column[i] = -1;
    const Tensor grid = expand(reshape(tensors[i], column), shape);
    grids.push_back(indexing == "xy" && tensors.size() > 1 ? transpose(grid, 0, 1) : grid);
  }
  return grids;
}

Tensor cartesian_prod(TensorList tensors) {
  if (tensors.size() == 1) return tensors[0];
  std::vector<Tensor> columns;
  for (const Tensor& grid : meshgrid(tensors)) columns.push_back(reshape(grid, {-1}));
  return stack(columns, 1);
}

namespace {

constexpr double kMostElements = 4294967296.0;

// The number of choices, or more than kMostElements where there are more.
double count_choices(int64_t n, int64_t r) {
  if (r > n) return 0;
  double count = 1;
  for (int64_t i = 1; i <= std::min(r, n - r) && count <= kMostElements; ++i)
    count = count * static_cast<double>(n - std::min(r, n - r) + i) / static_cast<double>(i);
  return count;
}

// The choices of r of n places in lexicographic order, one after the other.
std::vector<int64_t> choices(int64_t n, int64_t r, bool repeated) {
  std::vector<int64_t> all, row;
  if (n == 0 || (!repeated && r > n)) return all;
  const int64_t step = repeated ? 0 : 1;
  for (int64_t i = 0; i < r; ++i) row.push_back(i * step);
  while (true) {
    all.insert(all.end(), row.begin(), row.end());
    int64_t i = r - 1;
    while (i >= 0 && row[static_cast<size_t>(i)] == n - 1 - (r - 1 - i) * step) --i;
    if (i < 0) return all;
    int64_t next = row[static_cast<size_t>(i)] + 1;
    for (; i < r; ++i, next += step) row[static_cast<size_t>(i)] = next;
  }
}

}  // namespace

Tensor combinations(const Tensor& input, int64_t r, bool with_replacement) {
  const TensorImpl& x = *detail::input("combinations", input);
  WG_CHECK(x.ndim == 1, Error, "combinations: expected a vector, but got shape ", x.sizes());
  WG_CHECK(r >= 0, Error, "combinations: r must be non-negative, but is ", r);
  if (r == 0) return zeros({0}, x.dtype);
  const int64_t n = x.numel;
  // More than that many of them are too many in any case, and could not be added to n.
  const int64_t taken = with_replacement ? std::min(r, int64_t{1} << 33) : r;
  const double count = count_choices(with_replacement && n ? n + taken - 1 : n, taken);
  WG_CHECK(count * static_cast<double>(r) <= kMostElements, Error,
           "combinations: there are too many of ", r, " elements out of ", n);
  const std::vector<int64_t> places = choices(n, r, with_replacement);
  if (places.empty()) return zeros({0, r}, x.dtype);
  const auto size = static_cast<int64_t>(places.size());
  return reshape(index_select(input, 0, from_data(places.data(), {size}, DType::int64)),
                 {size / r, r});
}

std::vector<Tensor> unravel_index(const Tensor& indices, Dims shape) {
  detail::input("unravel_index", indices);
  std::vector<Tensor> coordinates(shape.size());
  Tensor rest = indices;
  for (size_t d = shape.size(); d-- > 0;) {
    coordinates[d] = remainder(rest, shape[d]);
    rest = floor_divide(rest, shape[d]);
  }
  return coordinates;
}

Tensor logspace(double start, double end, int64_t steps, double base, std::optional<DType> dtype) {
  WG_CHECK(steps >= 0, Error, "logspace: the number of steps must not be negative, but is ", steps);
  const DType kind = dtype.value_or(default_dtype());
  Tensor exponents = linspace(start, end, steps, DType::float64);
  if (is_integral(kind)) exponents = trunc(exponents);
  return to(pow(base, exponents), kind);
}

namespace {

std::vector<Tensor> split_at(const Tensor& input, Dims indices, int64_t dim) {
  return tensor_split(input, indices, dim);
}
std::vector<Tensor> split_evenly(const Tensor& input, int64_t sections, int64_t dim) {
  return tensor_split(input, sections, dim);
}

constexpr Function rows[] = {
    make_function<broadcast_tensors>(
        "_broadcast_tensors", "tensors", kFunction | kInternal,
        "The tensors expanded to the shape to which all broadcast. Share memory",
        "[T((2, 3)), T((3,)), T(())]", "tuple(np.broadcast_arrays(*tensors))"),
    make_function<split_evenly>("_tensor_split", "input, sections, dim=0", kFunction | kInternal,
                                "So many nearly equal pieces along dim. Share memory",
                                "T((7, 2)), 3\nT((2, 4)), 2, 1",
                                "tuple(np.array_split(input, sections, axis=dim))"),
    make_function<split_at>("_tensor_split_at", "input, indices, dim=0", kFunction | kInternal,
                            "Pieces along dim that end at the listed places. Share memory",
                            "T((7, 2)), (2, 5)\nT((2, 4)), (1,), 1",
                            "tuple(np.split(input, indices, axis=dim))"),
    make_function<meshgrid>("_meshgrid", "tensors, indexing='ij'", kFunction | kInternal,
                            "Coordinates of the grid that vectors span. Share memory", "[T((3,))]",
                            "tuple(np.meshgrid(*tensors, indexing=indexing))"),
    make_function<cartesian_prod>("_cartesian_prod", "tensors", kFunction | kInternal,
                                  "All tuples with one element of each vector, as rows"),
    make_function<combinations>("combinations", "input, r=2, with_replacement=False", kFunction,
                                "All choices of r elements of a vector, as rows"),
    make_function<unravel_index>(
        "unravel_index", "indices, shape", kFunction | kNoGrad,
        "Flat positions turned into one tensor of coordinates for each dimension of shape",
        "I((3, 2), 0, 11), (3, 4)", "tuple(np.unravel_index(indices, shape))"),
    make_function<logspace>("_logspace", "start, end, steps, base=10.0, *, dtype=None",
                            kFunction | kInternal, "base^start to base^end in equal factors"),
};

}  // namespace

extern const FunctionTable grid_functions;
const FunctionTable grid_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
