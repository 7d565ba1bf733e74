#include "runtime/cpu.h"

#include <algorithm>

#include "runtime/platform.h"

namespace wengert::runtime {

namespace {

// The build defines WENGERT_HAS_V2, _V3 and _V4 for the copies of the kernels it contains.
IsaLevel highest_compiled(int supported) {
#if defined(WENGERT_HAS_V4)
  if (supported >= 4) return IsaLevel::v4;
#endif
#if defined(WENGERT_HAS_V3)
  if (supported >= 3) return IsaLevel::v3;
#endif
#if defined(WENGERT_HAS_V2)
  if (supported >= 2) return IsaLevel::v2;
#endif
  static_cast<void>(supported);
  return IsaLevel::baseline;
}

CpuFeatures features_up_to(int level) {
  const platform::CpuInfo info = platform::cpu_info();
  const IsaLevel found = highest_compiled(std::min(level, info.x86_level));
  const bool v4 = found == IsaLevel::v4;
  return {found,
          info.avx512_bf16 && v4,
          info.avx512_vnni && v4,
          info.amx_bf16 && v4,
          info.fast_pairs && v4,
          info.model};
}

CpuFeatures& features() {
  static CpuFeatures* const f = new CpuFeatures(features_up_to(4));
  return *f;
}

}  // namespace

const CpuFeatures& cpu() { return features(); }

void limit_isa(IsaLevel highest) {
  if (highest < features().level) features() = features_up_to(static_cast<int>(highest));
}

bool may_use_tiles() {
  if (!cpu().amx_bf16) return false;
  static const bool allowed = platform::ask_for_tiles();
  return allowed;
}

const char* name_of(IsaLevel level) {
  switch (level) {
    case IsaLevel::v2:
      return "x86-64-v2";
    case IsaLevel::v3:
      return "x86-64-v3";
    case IsaLevel::v4:
      return "x86-64-v4";
    case IsaLevel::baseline:
      break;
  }
  return "generic";
}

}  // namespace wengert::runtime
