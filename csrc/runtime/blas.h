// The BLAS and LAPACK library, loaded when it is first needed.
#pragma once

#include <string>

namespace wengert::runtime {

// Column-major Fortran entry points with 32-bit integers.
struct Blas {
  using Gemm32 = void (*)(const char* ta, const char* tb, const int* m, const int* n, const int* k,
                          const float* alpha, const float* a, const int* lda, const float* b,
                          const int* ldb, const float* beta, float* c, const int* ldc);
  using Gemm64 = void (*)(const char* ta, const char* tb, const int* m, const int* n, const int* k,
                          const double* alpha, const double* a, const int* lda, const double* b,
                          const int* ldb, const double* beta, double* c, const int* ldc);
  Gemm32 sgemm;
  Gemm64 dgemm;
  std::string name;       // what the library says of itself
  std::string core_type;  // its kernel family
};

// nullptr when built without a BLAS or when it cannot be loaded; never throws. The first call
// loads it, single-threaded, with kernels chosen by CPU features. The result stays valid forever.
const Blas* blas() noexcept;

// A LAPACK routine such as "dgesv" by its plain Fortran name; nullptr where there is none.
void* lapack(const char* name) noexcept;

// Uses this shared library instead of the bundled one; only before the first call of blas().
void set_blas_library(const std::string& path);

}  // namespace wengert::runtime
