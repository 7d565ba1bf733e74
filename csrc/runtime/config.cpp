#include "runtime/blas.h"
#include "runtime/cpu.h"
#include "wengert/runtime.h"
#include "wengert/version.h"

WENGERT_NAMESPACE_BEGIN

Config config() {
  const runtime::CpuFeatures& features = runtime::cpu();
  const runtime::Blas* blas = runtime::blas();
  return {WENGERT_VERSION,
          runtime::name_of(features.level),
          features.model,
          blas != nullptr ? blas->name : "",
          blas != nullptr ? blas->core_type : "",
          num_threads()};
}

WENGERT_NAMESPACE_END
