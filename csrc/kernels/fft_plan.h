// Making and keeping the tables of Fourier transforms.
#pragma once

#include <memory>

#include "fft.h"

namespace wengert::kernels {

// The plan for complex lines of this length, or for real ones and their half spectra. The last ones
// used are kept, of a bounded number of bytes in all.
std::shared_ptr<const FftPlan> fft_plan(DType real, int64_t length, bool real_lines);

}  // namespace wengert::kernels
