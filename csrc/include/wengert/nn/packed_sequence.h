// Sequences of different lengths: padded to one length, or packed without padding.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// Sequences step by step, those of equal step side by side, without padding.
struct PackedSequence {
  Tensor data;         // (sum of lengths, ...): the elements of step 0, then those of step 1, ...
  Tensor batch_sizes;  // int64: how many sequences have an element at each step
  Tensor sorted_indices;    // the order of falling length, undefined where they came in it
  Tensor unsorted_indices;  // the order that undoes it
};

namespace utils::rnn {

// The order that undoes `permutation`.
WENGERT_API Tensor invert_permutation(const Tensor& permutation);
// Packs the first lengths[i] elements of each sequence of (steps, N, ...), or (N, steps, ...) with
// batch_first. With enforce_sorted lengths that grow are an Error; otherwise the sequences are
// sorted.
WENGERT_API PackedSequence pack_padded_sequence(const Tensor& input, const Tensor& lengths,
                                                bool batch_first = false,
                                                bool enforce_sorted = true);
// The sequences padded with padding_value, in their first order, and their lengths. total_length is
// at least that of the longest sequence.
WENGERT_API std::pair<Tensor, Tensor> pad_packed_sequence(const PackedSequence& sequence,
                                                          bool batch_first = false,
                                                          double padding_value = 0,
                                                          std::optional<int64_t> total_length = {});
// Sequences (length, ...) side by side: (longest, N, ...), or (N, longest, ...). The padding goes
// to the "right" (the end) or the "left".
WENGERT_API Tensor pad_sequence(const std::vector<Tensor>& sequences, bool batch_first = false,
                                double padding_value = 0, std::string_view padding_side = "right");
// The first lengths[i] elements of each padded sequence.
WENGERT_API std::vector<Tensor> unpad_sequence(const Tensor& padded, const Tensor& lengths,
                                               bool batch_first = false);
WENGERT_API PackedSequence pack_sequence(const std::vector<Tensor>& sequences,
                                         bool enforce_sorted = true);
// The sequences that were packed, in their first order.
WENGERT_API std::vector<Tensor> unpack_sequence(const PackedSequence& sequence);

}  // namespace utils::rnn
}  // namespace nn
WENGERT_NAMESPACE_END
