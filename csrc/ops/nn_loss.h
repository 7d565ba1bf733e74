// What the losses have in common.
#pragma once

#include <string_view>

#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

enum class Reduction : int64_t { none, mean, sum };
Reduction reduction_of(const char* op, std::string_view name);  // ValueError
Tensor reduced(const Tensor& loss, Reduction r);
inline bool is_class_index(DType t) { return t == DType::int64 || t == DType::uint8; }
// Class indices of the shape `rest`, which is the input's without its classes.
Tensor checked_targets(const char* op, const Tensor& target, Dims rest);

}  // namespace detail
WENGERT_NAMESPACE_END
