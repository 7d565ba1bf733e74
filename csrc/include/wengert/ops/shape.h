// Views, and operations that rearrange, join and split tensors. Those marked "view" share their
// input's memory.
#pragma once

#include <optional>
#include <vector>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

WENGERT_API Tensor view(const Tensor& input, Dims shape);                     // view
WENGERT_API Tensor reshape(const Tensor& input, Dims shape);                  // view where possible
WENGERT_API Tensor permute(const Tensor& input, Dims dims);                   // view
WENGERT_API Tensor transpose(const Tensor& input, int64_t dim0, int64_t dim1);  // view
WENGERT_API Tensor expand(const Tensor& input, Dims shape);                   // view; -1 keeps a size
WENGERT_API Tensor unsqueeze(const Tensor& input, int64_t dim);               // view
WENGERT_API Tensor squeeze(const Tensor& input);                              // view
WENGERT_API Tensor squeeze(const Tensor& input, Dims dims);                   // view
// Element `index` along `dim`, which is dropped. View.
WENGERT_API Tensor select(const Tensor& input, int64_t dim, int64_t index);
// Elements start, start + step, ... before end along `dim`; as in Python, step may be negative and
// missing bounds mean the whole extent. View.
WENGERT_API Tensor slice(const Tensor& input, int64_t dim, std::optional<int64_t> start,
                         std::optional<int64_t> end, int64_t step = 1);
// Pieces of the given sizes along `dim`. Views.
WENGERT_API std::vector<Tensor> split(const Tensor& input, Dims sizes, int64_t dim = 0);
WENGERT_API std::vector<Tensor> unbind(const Tensor& input, int64_t dim = 0);
// The tensors one after the other along `dim`.
WENGERT_API Tensor cat(TensorList tensors, int64_t dim = 0);
WENGERT_API Tensor stack(TensorList tensors, int64_t dim = 0);

WENGERT_NAMESPACE_END
