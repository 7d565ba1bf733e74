// Products composed of others: Einstein summation and powers.
#pragma once

#include <optional>
#include <string_view>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Products of tensors summed over named dimensions, such as einsum("ij,jk->ik", {a, b}). A label
// that appears twice in a term takes its diagonal; one that is not in the output is summed over.
// Without "->" the output has the labels that appear once, in order. "..." stands for dimensions
// that broadcast. Of more than two operands, the cheapest pair is always joined next.
WENGERT_API Tensor einsum(std::string_view equation, TensorList operands);

// The dot product of two vectors, the first conjugated.
WENGERT_API Tensor vdot(const Tensor& input, const Tensor& other);

// The n-th power of square matrices; of their inverses where n is negative.
WENGERT_API Tensor matrix_power(const Tensor& input, int64_t n);

// The matrix whose columns are the powers of a vector, falling unless `increasing`; N of them, by
// default as many as the vector has elements.
WENGERT_API Tensor vander(const Tensor& x, std::optional<int64_t> N = {}, bool increasing = false);
// Powers 0 to N - 1 of each element along a new last dimension; N is x's last size by default.
WENGERT_API Tensor linalg_vander(const Tensor& x, std::optional<int64_t> N = {});

WENGERT_NAMESPACE_END
