// What the losses have in common.
#pragma once

#include <string_view>

#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

enum class Reduction : int64_t { none, mean, sum };
Reduction reduction_of(const char* op, std::string_view name);  // ValueError
Tensor reduced(const Tensor& loss, Reduction r);

}  // namespace detail
WENGERT_NAMESPACE_END
