// Views, and operations that rearrange, join and split tensors. Those marked "view" share their
// input's memory.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

WENGERT_API Tensor view(const Tensor& input, Dims shape);     // view
WENGERT_API Tensor reshape(const Tensor& input, Dims shape);  // view where possible
WENGERT_API Tensor permute(const Tensor& input, Dims dims);   // view
WENGERT_API Tensor transpose(const Tensor& input, int64_t dim0, int64_t dim1);  // view
WENGERT_API Tensor expand(const Tensor& input, Dims shape);      // view; -1 keeps a size
WENGERT_API Tensor unsqueeze(const Tensor& input, int64_t dim);  // view
WENGERT_API Tensor squeeze(const Tensor& input);                 // view
WENGERT_API Tensor squeeze(const Tensor& input, Dims dims);      // view
// Element `index` along `dim`, which is dropped. View.
WENGERT_API Tensor select(const Tensor& input, int64_t dim, int64_t index);
// Elements start, start + step, ... before end along `dim`; as in Python, step may be negative and
// missing bounds mean the whole extent. View.
WENGERT_API Tensor slice(const Tensor& input, int64_t dim, std::optional<int64_t> start,
                         std::optional<int64_t> end, int64_t step = 1);
// Pieces of the given sizes along `dim`. Views.
WENGERT_API std::vector<Tensor> split(const Tensor& input, Dims sizes, int64_t dim = 0);
WENGERT_API std::vector<Tensor> unbind(const Tensor& input, int64_t dim = 0);
// Pieces of one size, the last perhaps smaller; or at most `chunks` of them. Views.
WENGERT_API std::vector<Tensor> split(const Tensor& input, int64_t size, int64_t dim = 0);
WENGERT_API std::vector<Tensor> chunk(const Tensor& input, int64_t chunks, int64_t dim = 0);
// `length` elements from `start` on. View.
WENGERT_API Tensor narrow(const Tensor& input, int64_t dim, int64_t start, int64_t length);
// Dimensions start_dim to end_dim joined. View where possible.
WENGERT_API Tensor flatten(const Tensor& input, int64_t start_dim = 0, int64_t end_dim = -1);
// One dimension split into several; one size may be -1. View.
WENGERT_API Tensor unflatten(const Tensor& input, int64_t dim, Dims sizes);
WENGERT_API Tensor movedim(const Tensor& input, Dims source, Dims destination);  // view
// The elements [..., i, i + offset, ...] along a new last dimension. View.
WENGERT_API Tensor diagonal(const Tensor& input, int64_t offset = 0, int64_t dim1 = 0,
                            int64_t dim2 = 1);
// Windows of `size` elements, `step` apart, along a new last dimension. View.
WENGERT_API Tensor unfold(const Tensor& input, int64_t dimension, int64_t size, int64_t step);
// The memory of input with any sizes and strides; storage_offset counts from its start. View.
WENGERT_API Tensor as_strided(const Tensor& input, Dims size, Dims stride,
                              std::optional<int64_t> storage_offset = {});

// ---- other orders (copies)
WENGERT_API Tensor flip(const Tensor& input, Dims dims);
WENGERT_API Tensor fliplr(const Tensor& input);
WENGERT_API Tensor flipud(const Tensor& input);
// Shifted along dims, what falls off coming in again; without dims as if flat.
WENGERT_API Tensor roll(const Tensor& input, Dims shifts, Dims dims = {});
// Rotated by 90 degrees k times, from dims[0] towards dims[1].
WENGERT_API Tensor rot90(const Tensor& input, int64_t k = 1, Dims dims = {0, 1});
WENGERT_API Tensor repeat(const Tensor& input, Dims repeats);
WENGERT_API Tensor tile(const Tensor& input, Dims dims);
// Each element along dim repeated; without dim those of the flat tensor.
WENGERT_API Tensor repeat_interleave(const Tensor& input, int64_t repeats,
                                     std::optional<int64_t> dim = {});
WENGERT_API Tensor repeat_interleave(const Tensor& input, const Tensor& repeats,
                                     std::optional<int64_t> dim = {});

// ---- diagonals and triangles
WENGERT_API Tensor tril(const Tensor& input, int64_t diagonal = 0);
WENGERT_API Tensor triu(const Tensor& input, int64_t diagonal = 0);
WENGERT_API Tensor tril_indices(int64_t row, int64_t col, int64_t offset = 0,
                                std::optional<DType> dtype = {});
WENGERT_API Tensor triu_indices(int64_t row, int64_t col, int64_t offset = 0,
                                std::optional<DType> dtype = {});
WENGERT_API Tensor diag(const Tensor& input, int64_t diagonal = 0);
WENGERT_API Tensor diagflat(const Tensor& input, int64_t offset = 0);
WENGERT_API Tensor diag_embed(const Tensor& input, int64_t offset = 0, int64_t dim1 = -2,
                              int64_t dim2 = -1);
WENGERT_API Tensor trace(const Tensor& input);
WENGERT_API Tensor block_diag(TensorList tensors);

// Amounts before and after each dimension, last dimension first; negative ones cut off. mode:
// "constant", "reflect", "replicate" or "circular".
WENGERT_API Tensor pad(const Tensor& input, Dims pad, std::string_view mode = "constant",
                       std::optional<Scalar> value = {});

// ---- joining
// The tensors one after the other along `dim`.
WENGERT_API Tensor cat(TensorList tensors, int64_t dim = 0);
WENGERT_API Tensor stack(TensorList tensors, int64_t dim = 0);
WENGERT_API Tensor hstack(TensorList tensors);
WENGERT_API Tensor vstack(TensorList tensors);
WENGERT_API Tensor dstack(TensorList tensors);
WENGERT_API Tensor column_stack(TensorList tensors);

WENGERT_NAMESPACE_END
