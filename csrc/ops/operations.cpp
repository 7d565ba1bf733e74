#include "ops/operations.h"

#include <algorithm>

WENGERT_NAMESPACE_BEGIN

#define WG_FAMILIES(F)  \
  F(binary)             \
  F(cat)                \
  F(compare)            \
  F(complex)            \
  F(creation)           \
  F(distance)           \
  F(distribution)       \
  F(elementwise)        \
  F(extremum)           \
  F(fft)                \
  F(gather)             \
  F(indexing)           \
  F(linalg_cholesky)    \
  F(linalg_eig)         \
  F(linalg_exp)         \
  F(linalg_ldl)         \
  F(linalg_lstsq)       \
  F(linalg_lu)          \
  F(linalg_qr)          \
  F(linalg_reflect)     \
  F(linalg_spectrum)    \
  F(linalg_triangular)  \
  F(masked)             \
  F(matmul)             \
  F(moments)            \
  F(nn_attention)       \
  F(nn_average_pool)    \
  F(nn_batch_norm)      \
  F(nn_convolution)     \
  F(nn_cross_entropy)   \
  F(nn_ctc_loss)        \
  F(nn_embedding)       \
  F(nn_embedding_bag)   \
  F(nn_fold)            \
  F(nn_grid_sample)     \
  F(nn_group_norm)      \
  F(nn_layer_norm)      \
  F(nn_linear)          \
  F(nn_loss)            \
  F(nn_max_pool)        \
  F(nn_pool)            \
  F(nn_quantized)       \
  F(nn_recurrent_layer) \
  F(nn_resample)        \
  F(nn_window_max)      \
  F(norm)               \
  F(optimizer_clip)     \
  F(optimizer_steps)    \
  F(pad)                \
  F(parametric)         \
  F(pointwise)          \
  F(prod)               \
  F(product)            \
  F(random)             \
  F(random_samplers)    \
  F(rank)               \
  F(rearrange)          \
  F(reduction)          \
  F(scan)               \
  F(scan_extremum)      \
  F(scatter_reduce)     \
  F(search)             \
  F(softmax)            \
  F(sort)               \
  F(sparse_product)     \
  F(strided)            \
  F(ternary)            \
  F(triangle)           \
  F(unary)              \
  F(view)               \
  F(where)

#define WG_DECLARE(family) extern const OperationTable family##_operations;
WG_FAMILIES(WG_DECLARE)
#undef WG_DECLARE

namespace {
#define WG_TABLE(family) &family##_operations,
constexpr const OperationTable* tables[] = {WG_FAMILIES(WG_TABLE)};
#undef WG_TABLE
}  // namespace

std::vector<const Operation*> all_operations() {
  std::vector<const Operation*> all;
  for (const OperationTable* t : tables) {
    for (size_t i = 0; i < t->count; ++i) all.push_back(t->operations + i);
  }
  return all;
}

namespace {
// By key and by class.
struct Index {
  std::vector<const Operation*> keys = all_operations(), classes = keys;
  Index() {
    std::sort(keys.begin(), keys.end(),
              [](auto* a, auto* b) { return std::string_view(a->key) < std::string_view(b->key); });
    std::sort(classes.begin(), classes.end(),
              [](auto* a, auto* b) { return std::less<>()(a->cls, b->cls); });
  }
};
const Index& index() {
  static const Index* const only = new Index;
  return *only;
}
}  // namespace

const Operation* find_operation(std::string_view key) {
  const auto& all = index().keys;
  const auto it = std::lower_bound(all.begin(), all.end(), key,
                                   [](auto* a, std::string_view k) { return a->key < k; });
  return it != all.end() && (*it)->key == key ? *it : nullptr;
}

const char* key_of(const OpClass& cls) {
  const auto& all = index().classes;
  const auto it = std::lower_bound(all.begin(), all.end(), &cls, [](auto* a, const OpClass* c) {
    return std::less<>()(a->cls, c);
  });
  return it != all.end() && (*it)->cls == &cls ? (*it)->key : nullptr;
}

WENGERT_NAMESPACE_END
