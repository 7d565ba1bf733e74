// What layers with statistics have in common with lazy ones.
#pragma once

#include "nn/text.h"
#include "wengert/nn/normalization.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

inline std::string norm_text(int64_t num_features, const BatchNormOptions& o) {
  return Text()
      .add(num_features)
      .add("eps", o.eps)
      .add("momentum", o.momentum)
      .add("affine", o.affine)
      .add("bias", o.affine && o.bias)
      .add("track_running_stats", o.track_running_stats);
}

inline InstanceNormOptions of_instances(const BatchNormOptions& o) {
  return {.eps = o.eps,
          .momentum = o.momentum,
          .affine = o.affine,
          .track_running_stats = o.track_running_stats,
          .bias = o.bias,
          .dtype = o.dtype};
}

}  // namespace nn
WENGERT_NAMESPACE_END
