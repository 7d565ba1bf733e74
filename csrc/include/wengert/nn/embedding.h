// Tables of vectors.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct EmbeddingOptions {
  std::optional<int64_t> padding_idx = {};  // this row begins as 0 and receives no gradient
  // Rows used whose norm of order norm_type is larger are first scaled down, in place.
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;  // divides the gradient of a row by how often it is used
  bool sparse = false;  // the gradient has rows that were used only; for SGD, Adagrad, SparseAdam
  std::optional<DType> dtype = {};
};
// Rows of a table (num_embeddings, embedding_dim), drawn from N(0, 1), by integers.
class WENGERT_API Embedding : public Module {
 public:
  Embedding(int64_t num_embeddings, int64_t embedding_dim, const EmbeddingOptions& options = {});
  // Uses the table `embeddings`, which is not trained if `freeze`.
  static std::shared_ptr<Embedding> from_pretrained(const Tensor& embeddings, bool freeze = true,
                                                    const EmbeddingOptions& options = {});
  Tensor forward(const Tensor& input) override;
  void reset_parameters();
  const int64_t num_embeddings, embedding_dim;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override;
  const EmbeddingOptions options;
  Tensor weight;

 private:
  struct Given {};
  Embedding(Given, const Tensor& table, const EmbeddingOptions& options);
};

struct EmbeddingBagOptions {
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  std::string mode = "mean";                // "sum" or "max"
  bool sparse = false;                      // as above; not with "max"
  bool include_last_offset = false;         // the last offset is the end of the last bag
  std::optional<int64_t> padding_idx = {};  // this row begins as 0 and is left out of every bag
  std::optional<DType> dtype = {};
};
// Sums, means or maxima of bags of rows of such a table.
class WENGERT_API EmbeddingBag : public Module {
 public:
  EmbeddingBag(int64_t num_embeddings, int64_t embedding_dim,
               const EmbeddingBagOptions& options = {});
  static std::shared_ptr<EmbeddingBag> from_pretrained(const Tensor& embeddings, bool freeze = true,
                                                       const EmbeddingBagOptions& options = {});
  // Integers (bags, k).
  Tensor forward(const Tensor& input) override;
  // Those of all bags, which begin at the offsets; with "sum" also factors of the rows, in the
  // input's shape. Without offsets the input is (bags, k).
  Tensor forward(const Tensor& input, const Tensor& offsets, const Tensor& per_sample_weights = {});
  using Module::operator();
  Tensor operator()(const Tensor& input, const Tensor& offsets,
                    const Tensor& per_sample_weights = {});
  void reset_parameters();
  const int64_t num_embeddings, embedding_dim;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override;
  const EmbeddingBagOptions options;
  Tensor weight;

 private:
  struct Given {};
  EmbeddingBag(Given, const Tensor& table, const EmbeddingBagOptions& options);
};

}  // namespace nn
WENGERT_NAMESPACE_END
