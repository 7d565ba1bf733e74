// The list of all operations: every family's table, for the bindings, the stubs and the tests.
#include "ops/function.h"

WENGERT_NAMESPACE_BEGIN

// clang-format off
#define WG_TABLES(X) \
  X(unary) \
  X(test) \
  X(binary) \
  X(creation) \
  X(view) \
  X(cat) \
  X(reduction) \
  X(prod) \
  X(extremum) \
  X(moments) \
  X(norm) \
  X(softmax) \
  X(scan) \
  X(scan_extremum) \
  X(sort) \
  X(rank) \
  X(quantile) \
  X(unique) \
  X(search) \
  X(close) \
  X(matmul) \
  X(gather) \
  X(indexing) \
  X(where) \
  X(complex) \
  X(fft) \
  X(random) \
  X(strided) \
  X(reshape) \
  X(rearrange) \
  X(triangle) \
  X(pad) \
  X(masked) \
  X(scatter_reduce) \
  X(index_along) \
  X(arithmetic) \
  X(alias) \
  X(promotion) \
  X(pointwise) \
  X(parametric) \
  X(ternary) \
  X(product) \
  X(distribution) \
  X(sparse_product) \
  X(einsum) \
  X(matrix_power) \
  X(vander) \
  X(grid) \
  X(window) \
  X(stft) \
  X(statistics) \
  X(histogram) \
  X(trapezoid) \
  X(random_sampler) \
  X(linalg_triangular) \
  X(linalg_cholesky) \
  X(linalg_lu) \
  X(linalg_qr) \
  X(linalg_spectrum) \
  X(linalg_eig) \
  X(linalg_exp) \
  X(linalg_reflect) \
  X(linalg_ldl) \
  X(linalg_lstsq) \
  X(nn_linear) \
  X(nn_quantized) \
  X(nn_convolution) \
  X(nn_max_pool) \
  X(nn_window_max) \
  X(nn_batch_norm) \
  X(nn_cross_entropy) \
  X(nn_average_pool) \
  X(nn_group_norm) \
  X(nn_layer_norm) \
  X(nn_attention) \
  X(nn_embedding) \
  X(nn_recurrent) \
  X(nn_embedding_bag) \
  X(nn_loss) \
  X(nn_ctc_loss) \
  X(distance) \
  X(nn_conv_tbc) \
  X(nn_resample) \
  X(nn_fold) \
  X(nn_shuffle) \
  X(nn_grid_sample) \
  X(nn_affine_grid)
// clang-format on

#define X(family) extern const FunctionTable family##_functions;
WG_TABLES(X)
#undef X

const std::vector<FunctionTable>& all_function_tables() {
#define X(family) family##_functions,
  static const auto* tables = new std::vector<FunctionTable>{WG_TABLES(X)};
#undef X
  return *tables;
}

WENGERT_NAMESPACE_END
