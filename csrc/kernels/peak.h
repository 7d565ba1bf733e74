// The most that one core can compute.
#pragma once

#include "wengert/export.h"

namespace wengert::kernels {

// float32 multiply-adds of one core, in 10^9 operations a second, measured over about a
// millisecond.
WENGERT_API double measure_fma_peak_gflops();

}  // namespace wengert::kernels
