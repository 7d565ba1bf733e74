// Shapes that broadcast, pieces, and the grids, tuples and choices that vectors span.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// The shape to which all the shapes broadcast. Error if they do not.
WENGERT_API std::vector<int64_t> broadcast_shapes(const std::vector<Dims>& shapes);
// The tensors expanded to the shape to which all broadcast. Views.
WENGERT_API std::vector<Tensor> broadcast_tensors(TensorList tensors);
// The tensor expanded to a shape; -1 keeps a size. View.
WENGERT_API Tensor broadcast_to(const Tensor& input, Dims shape);
// Dimensions moved to other places, the rest keeping their order, as by movedim(). View.
WENGERT_API Tensor moveaxis(const Tensor& input, Dims source, Dims destination);

// Pieces along `dim`: so many nearly equal ones, the first perhaps larger by one. Views.
WENGERT_API std::vector<Tensor> tensor_split(const Tensor& input, int64_t sections,
                                             int64_t dim = 0);
// Those that end at the places listed, and the rest. Views.
WENGERT_API std::vector<Tensor> tensor_split(const Tensor& input, Dims indices, int64_t dim = 0);

// Coordinates of the grid that vectors span, one tensor for each of them; indexing is "ij", or "xy"
// with the first two dimensions swapped. Views.
WENGERT_API std::vector<Tensor> meshgrid(TensorList tensors, std::string_view indexing = "ij");
// All tuples with one element of each vector, as rows; a single vector itself.
WENGERT_API Tensor cartesian_prod(TensorList tensors);
// All choices of r elements of a vector, as rows.
WENGERT_API Tensor combinations(const Tensor& input, int64_t r = 2, bool with_replacement = false);
// Flat positions turned into one tensor of coordinates for each dimension of `shape`.
WENGERT_API std::vector<Tensor> unravel_index(const Tensor& indices, Dims shape);

// base^start to base^end in `steps` equal factors. Of integers the exponents too are whole.
WENGERT_API Tensor logspace(double start, double end, int64_t steps, double base = 10,
                            std::optional<DType> dtype = {});

WENGERT_NAMESPACE_END
