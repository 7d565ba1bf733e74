// Sparse tensors: those that lookups in large tables have as gradients, and what is made of them.
//
//   const Tensor a = sparse::coo_tensor(edges, weights, {n, n});
//   const Tensor y = sparse::mm(a, x);  // gradients reach weights and x
//
// They are for these functions, for optimizers and for files; operations on dense tensors refuse
// them with a NotImplementedError. Each function throws an Error where its arguments do not fit,
// and records what it does with the values.
#pragma once

#include <functional>
#include <optional>

#include "wengert/scalar.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace sparse {

// ---- making and converting
// The tensor with values[k] at indices[:, k] and zeros elsewhere; what stands at one place several
// times is summed. indices (sparse dimensions, count) of int64, values (count, *dense sizes),
// shape: the sizes of both. Gradients reach the values. Throws an Error where parts do not fit.
WENGERT_API Tensor coo_tensor(const Tensor& indices, const Tensor& values, Dims shape);
// The elements that are not zero; the first `sparse_dim` dimensions (all) are indexed.
WENGERT_API Tensor to_sparse(const Tensor& t, std::optional<int64_t> sparse_dim = {});
// The elements of a dense tensor at the places of a sparse one.
WENGERT_API Tensor sparse_mask(const Tensor& t, const Tensor& mask);
// The same tensor with its places in order, no two the same.
WENGERT_API Tensor coalesce(const Tensor& t);
// All elements; a dense tensor itself.
WENGERT_API Tensor to_dense(const Tensor& t);

// ---- parts
WENGERT_API bool is_sparse(const Tensor& t);
WENGERT_API Tensor indices(const Tensor& t);
WENGERT_API Tensor values(const Tensor& t);
WENGERT_API bool is_coalesced(const Tensor& t);   // whether its places are known to be in order
WENGERT_API int64_t sparse_dim(const Tensor& t);  // how many dimensions are indexed
WENGERT_API int64_t dense_dim(const Tensor& t);   // how many are stored densely
WENGERT_API int64_t nnz(const Tensor& t);         // how many values are stored

// ---- arithmetic
// a + alpha b of two sparse tensors, or of a dense one and a sparse one, which is dense.
WENGERT_API Tensor add(const Tensor& a, const Tensor& b, const Scalar& alpha = 1);
WENGERT_API Tensor sub(const Tensor& a, const Tensor& b, const Scalar& alpha = 1);
// With a number, with a dense tensor that broadcasts to the shape, or of two sparse tensors;
// sparse.
WENGERT_API Tensor mul(const Tensor& t, const Scalar& number);
WENGERT_API Tensor mul(const Tensor& a, const Tensor& b);
WENGERT_API Tensor div(const Tensor& t, const Scalar& number);
WENGERT_API Tensor neg(const Tensor& t);
// A function of single elements that keeps zero, such as relu, of the coalesced values.
WENGERT_API Tensor map(const Tensor& t, const std::function<Tensor(const Tensor& values)>& f);

// ---- over dimensions
// Sums: dense over all of them or all that are indexed, else sparse.
WENGERT_API Tensor sum(const Tensor& t, Dims dims = {}, bool keepdim = false);
// The norm of all elements.
WENGERT_API Tensor norm(const Tensor& t, double p = 2);
// Over the stored elements; the others count as -inf.
WENGERT_API Tensor softmax(const Tensor& t, int64_t dim);
WENGERT_API Tensor log_softmax(const Tensor& t, int64_t dim);
// Indexed dimensions in another order.
WENGERT_API Tensor transpose(const Tensor& t, int64_t dim0, int64_t dim1);
WENGERT_API Tensor t(const Tensor& matrix);

// ---- products, of tensors of one dtype
// Of two matrices, of which one at least is sparse (else as wengert::mm); sparse if both are.
WENGERT_API Tensor mm(const Tensor& a, const Tensor& b);
// Of a sparse matrix and a dense vector, and of the matrices of a sparse batch and of a dense one.
WENGERT_API Tensor mv(const Tensor& a, const Tensor& x);
WENGERT_API Tensor bmm(const Tensor& a, const Tensor& b);
// beta input + alpha a b, with a dense input.
WENGERT_API Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, double beta = 1,
                         double alpha = 1);

}  // namespace sparse
WENGERT_NAMESPACE_END
