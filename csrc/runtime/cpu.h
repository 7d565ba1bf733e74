// What the processor can do, and which copy of the kernels runs on it.
#pragma once

#include <string>

namespace wengert::runtime {

// Levels of the x86-64 psABI; on other architectures only `baseline` exists.
enum class IsaLevel : int { baseline = 0, v2 = 2, v3 = 3, v4 = 4 };

struct CpuFeatures {
  IsaLevel level;  // highest level whose kernels were compiled in and which CPU and OS support
  bool avx512_bf16, avx512_vnni, amx_bf16, fast_pairs;
  std::string model;
};
const CpuFeatures& cpu();  // detected once
const char* name_of(IsaLevel level);
// Whether the processor multiplies tiles of bfloat16 and the system lets this process use them,
// which it is asked for by the first call that needs it.
bool may_use_tiles();

// Lowers the level cpu() reports, so that tests reach every copy of the kernels; never raises it.
// Only before the first kernel is looked up.
void limit_isa(IsaLevel highest);

}  // namespace wengert::runtime
