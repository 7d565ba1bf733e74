// Losses of elements.
#include "ops/nn_loss.h"

#include "ops/function.h"

WENGERT_NAMESPACE_BEGIN

namespace detail {

Reduction reduction_of(const char* op, std::string_view name) {
  if (name == "mean") return Reduction::mean;
  if (name == "sum") return Reduction::sum;
  WG_CHECK(name == "none", ValueError, op, ": ", name,
           " is not a valid value for reduction; use 'mean', 'sum' or 'none'");
  return Reduction::none;
}

Tensor reduced(const Tensor& loss, Reduction r) {
  return r == Reduction::mean ? mean(loss) : r == Reduction::sum ? sum(loss) : loss;
}

}  // namespace detail

WENGERT_NAMESPACE_END
