#include "wengert/nn/embedding.h"

#include "nn/make.h"
#include "nn/text.h"
#include "wengert/nn/functional/embedding.h"
#include "wengert/nn/init.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

template <class Options>
Options checked(const char* layer, int64_t rows, int64_t columns, Options o) {
  check_size(layer, "num_embeddings", rows, 0);
  check_size(layer, "embedding_dim", columns, 0);
  if (o.padding_idx) {
    WG_CHECK(*o.padding_idx >= -rows && *o.padding_idx < rows, ValueError, layer,
             ": padding_idx must be within num_embeddings, but is ", *o.padding_idx);
    if (*o.padding_idx < 0) *o.padding_idx += rows;
  }
  return o;
}

int64_t size_of(const char* layer, const Tensor& table, int64_t dim) {
  WG_CHECK(table.dim() == 2, ValueError, layer, ": expected a table of 2 dimensions, got shape ",
           table.shape());
  return table.size(dim);
}

void draw_rows(Tensor& weight, std::optional<int64_t> padding) {
  init::normal_(weight);
  if (!padding) return;
  const NoGradGuard no_grad;
  Tensor row = select(weight, 0, *padding);
  zero_(row);
}

}  // namespace

// ---- single rows

Embedding::Embedding(int64_t rows, int64_t columns, const EmbeddingOptions& o)
    : num_embeddings(rows),
      embedding_dim(columns),
      options(checked("Embedding", rows, columns, o)) {
  weight = register_parameter("weight", empty({rows, columns}, o.dtype));
  reset_parameters();
}
Embedding::Embedding(Given, const Tensor& table, const EmbeddingOptions& o)
    : num_embeddings(size_of("Embedding", table, 0)),
      embedding_dim(size_of("Embedding", table, 1)),
      options(checked("Embedding", num_embeddings, embedding_dim, o)) {
  weight = register_parameter("weight", table.detach());
}
std::shared_ptr<Embedding> Embedding::from_pretrained(const Tensor& embeddings, bool freeze,
                                                      const EmbeddingOptions& o) {
  std::shared_ptr<Embedding> made(new Embedding(Given{}, embeddings, o));
  made->weight.requires_grad_(!freeze);
  return made;
}
void Embedding::reset_parameters() { draw_rows(weight, options.padding_idx); }
Tensor Embedding::forward(const Tensor& input) {
  return functional::embedding(input, weight,
                               {.padding_idx = options.padding_idx,
                                .max_norm = options.max_norm,
                                .norm_type = options.norm_type,
                                .scale_grad_by_freq = options.scale_grad_by_freq,
                                .sparse = options.sparse});
}

// ---- bags

EmbeddingBag::EmbeddingBag(int64_t rows, int64_t columns, const EmbeddingBagOptions& o)
    : num_embeddings(rows),
      embedding_dim(columns),
      options(checked("EmbeddingBag", rows, columns, o)) {
  weight = register_parameter("weight", empty({rows, columns}, o.dtype));
  reset_parameters();
}
EmbeddingBag::EmbeddingBag(Given, const Tensor& table, const EmbeddingBagOptions& o)
    : num_embeddings(size_of("EmbeddingBag", table, 0)),
      embedding_dim(size_of("EmbeddingBag", table, 1)),
      options(checked("EmbeddingBag", num_embeddings, embedding_dim, o)) {
  weight = register_parameter("weight", table.detach());
}
std::shared_ptr<EmbeddingBag> EmbeddingBag::from_pretrained(const Tensor& embeddings, bool freeze,
                                                            const EmbeddingBagOptions& o) {
  std::shared_ptr<EmbeddingBag> made(new EmbeddingBag(Given{}, embeddings, o));
  made->weight.requires_grad_(!freeze);
  return made;
}
void EmbeddingBag::reset_parameters() { draw_rows(weight, options.padding_idx); }
Tensor EmbeddingBag::forward(const Tensor& input) { return forward(input, {}); }
Tensor EmbeddingBag::forward(const Tensor& input, const Tensor& offsets, const Tensor& factors) {
  return functional::embedding_bag(input, weight, offsets,
                                   {.max_norm = options.max_norm,
                                    .norm_type = options.norm_type,
                                    .scale_grad_by_freq = options.scale_grad_by_freq,
                                    .mode = options.mode,
                                    .sparse = options.sparse,
                                    .per_sample_weights = factors,
                                    .include_last_offset = options.include_last_offset,
                                    .padding_idx = options.padding_idx});
}
Tensor EmbeddingBag::operator()(const Tensor& input, const Tensor& offsets, const Tensor& factors) {
  return call(input, [&](const Tensor& x) { return forward(x, offsets, factors); });
}

// ---- text and copies

std::string Embedding::extra_repr() const {
  const EmbeddingOptions& o = options;
  Text text;
  text.add(num_embeddings).add(embedding_dim);
  if (o.padding_idx) text.add("padding_idx", *o.padding_idx);
  if (o.max_norm) text.add("max_norm", *o.max_norm);
  return text.add_unless(2.0, "norm_type", o.norm_type)
      .add_unless(false, "scale_grad_by_freq", o.scale_grad_by_freq)
      .add_unless(false, "sparse", o.sparse);
}
std::string EmbeddingBag::extra_repr() const {
  const EmbeddingBagOptions& o = options;
  Text text;
  text.add(num_embeddings).add(embedding_dim);
  if (o.max_norm) text.add("max_norm", *o.max_norm);
  text.add_unless(2.0, "norm_type", o.norm_type)
      .add_unless(false, "scale_grad_by_freq", o.scale_grad_by_freq)
      .add("mode", quoted(o.mode));
  if (o.padding_idx) text.add("padding_idx", *o.padding_idx);
  return text;
}
std::shared_ptr<Module> Embedding::make_like() const {
  return from_pretrained(empty(weight.shape(), weight.dtype()), false, options);
}
std::shared_ptr<Module> EmbeddingBag::make_like() const {
  return from_pretrained(empty(weight.shape(), weight.dtype()), false, options);
}

}  // namespace nn
WENGERT_NAMESPACE_END
