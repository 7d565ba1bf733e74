#include "wengert/nn/packed_sequence.h"

#include <algorithm>

#include "tensor/check.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"
#include "wengert/ops/sorting.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils::rnn {

namespace {

std::vector<int64_t> numbers(const Tensor& t) {
  const Tensor dense = t.to(DType::int64).contiguous();
  return {dense.data<int64_t>(), dense.data<int64_t>() + dense.numel()};
}

std::vector<int64_t> behind_first(const Tensor& t) {
  return {t.shape().begin() + 1, t.shape().end()};
}

}  // namespace

Tensor invert_permutation(const Tensor& permutation) {
  if (!permutation.defined()) return {};
  return scatter(zeros_like(permutation), 0, permutation,
                 arange(0, permutation.numel(), 1, permutation.dtype()));
}

PackedSequence pack_padded_sequence(const Tensor& given, const Tensor& lengths, bool batch_first,
                                    bool enforce_sorted) {
  const char* op = "pack_padded_sequence";
  Tensor input = given, counts = lengths.to(DType::int64);
  WG_CHECK(counts.dim() == 1, Error, op, ": expected lengths of 1 dimension, but got ",
           counts.dim());
  WG_CHECK(input.dim() >= 2 && input.numel() > 0, Error, op,
           ": expected a tensor (steps, N, ...) that is not empty, but got shape ", input.shape());
  const int64_t batch_dim = batch_first ? 0 : 1;
  WG_CHECK(counts.numel() == input.size(batch_dim), Error, op, ": expected a length for each of ",
           input.size(batch_dim), " sequences, but got ", counts.numel());
  Tensor sorted_indices;
  if (!enforce_sorted) {
    std::tie(counts, sorted_indices) = sort(counts, -1, true);
    input = index_select(input, batch_dim, sorted_indices);
  }
  if (batch_first) input = transpose(input, 0, 1);
  const std::vector<int64_t> known = numbers(counts);
  WG_CHECK(std::is_sorted(known.rbegin(), known.rend()), Error, op,
           ": expected lengths that do not grow; sort the sequences, or use enforce_sorted = "
           "false");
  const int64_t longest = known.front();
  WG_CHECK(known.back() > 0 && longest <= input.size(0), Error, op, ": expected lengths from 1 to ",
           input.size(0), ", the steps of the input, but got ", Dims(known));
  const Tensor within = unsqueeze(arange(0, longest), 1) < counts;
  const Tensor steps = slice(input, 0, {}, longest);
  Tensor data = longest != known.back() ? index(steps, {within}) : flatten(steps, 0, 1);
  return {std::move(data), sum(within, {1}), sorted_indices, invert_permutation(sorted_indices)};
}

std::pair<Tensor, Tensor> pad_packed_sequence(const PackedSequence& sequence, bool batch_first,
                                              double padding_value,
                                              std::optional<int64_t> total_length) {
  const Tensor& sizes = sequence.batch_sizes;
  const int64_t longest = sizes.size(0), steps = total_length.value_or(longest);
  WG_CHECK(steps >= longest, ValueError,
           "pad_packed_sequence: expected total_length to be at "
           "least ",
           longest, ", the length of the longest sequence, but got ", steps);
  Tensor within = arange(0, numbers(sizes).front()) < unsqueeze(sizes, 1);
  Tensor lengths = sum(within, {0});
  if (steps > longest) {
    within = cat({within, zeros({steps - longest, within.size(1)}, DType::bool_)});
  }
  std::vector<int64_t> shape = within.shape().vec();
  for (const int64_t size : behind_first(sequence.data)) shape.push_back(size);
  Tensor padded = full(shape, padding_value, sequence.data.dtype());
  index_put_(padded, {within}, sequence.data);
  if (sequence.unsorted_indices.defined()) {
    padded = index_select(padded, 1, sequence.unsorted_indices);
    lengths = index_select(lengths, 0, sequence.unsorted_indices);
  }
  return {batch_first ? transpose(padded, 0, 1) : padded, lengths};
}

Tensor pad_sequence(const std::vector<Tensor>& sequences, bool batch_first, double padding_value,
                    std::string_view padding_side) {
  const char* op = "pad_sequence";
  WG_CHECK(!sequences.empty(), Error, op, ": received an empty list of sequences");
  WG_CHECK(padding_side == "left" || padding_side == "right", Error, op,
           ": expected padding_side 'left' or 'right', but got '", padding_side, "'");
  int64_t longest = 0;
  for (const Tensor& s : sequences) {
    WG_CHECK(s.dim() > 0, Error, op, ": expected sequences (length, ...), but got a 0-d tensor");
    longest = std::max(longest, s.size(0));
  }
  const std::vector<int64_t> rest = behind_first(sequences[0]);
  const auto shape_of = [&](int64_t length) {
    std::vector<int64_t> shape{length};
    shape.insert(shape.end(), rest.begin(), rest.end());
    return shape;
  };
  std::vector<Tensor> columns;
  for (const Tensor& given : sequences) {
    Tensor s = given.to(sequences[0].dtype());
    const int64_t n = s.size(0);
    if (behind_first(s) != rest) s = expand(s, shape_of(n));
    if (n < longest) {
      const Tensor padding = full(shape_of(longest - n), padding_value, s.dtype());
      s = padding_side == "left" ? cat({padding, s}) : cat({s, padding});
    }
    columns.push_back(s);
  }
  return stack(columns, batch_first ? 0 : 1);
}

std::vector<Tensor> unpad_sequence(const Tensor& padded, const Tensor& lengths, bool batch_first) {
  const Tensor rows = batch_first ? padded : transpose(padded, 0, 1);
  const std::vector<int64_t> known = numbers(lengths);
  WG_CHECK(rows.size(0) == static_cast<int64_t>(known.size()), ValueError,
           "unpad_sequence: expected a length for each of ", rows.size(0), " sequences, but got ",
           known.size());
  std::vector<Tensor> all = unbind(rows);
  for (size_t i = 0; i < all.size(); ++i) {
    all[i] = slice(all[i], 0, {}, std::max<int64_t>(known[i], 0));
  }
  return all;
}

PackedSequence pack_sequence(const std::vector<Tensor>& sequences, bool enforce_sorted) {
  std::vector<int64_t> lengths;
  for (const Tensor& s : sequences) lengths.push_back(s.dim() ? s.size(0) : 0);
  const Tensor counts =
      from_data(lengths.data(), {static_cast<int64_t>(lengths.size())}, DType::int64);
  return pack_padded_sequence(pad_sequence(sequences), counts, false, enforce_sorted);
}

std::vector<Tensor> unpack_sequence(const PackedSequence& sequence) {
  const auto [padded, lengths] = pad_packed_sequence(sequence, true);
  return unpad_sequence(padded, lengths, true);
}

}  // namespace nn::utils::rnn
WENGERT_NAMESPACE_END
