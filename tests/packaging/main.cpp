// A program that uses the library as any other would: it succeeds if the headers it was compiled
// with and the library it was linked with are of one version, and the library answers.
#include <iostream>

#include "wengert/runtime.h"
#include "wengert/version.h"

int main() {
  const wengert::Config config = wengert::config();
  std::cout << "version " << config.version << "\nisa " << config.isa << "\nblas " << config.blas
            << '\n';
  wengert::set_num_threads(2);
  return config.version == WENGERT_VERSION && wengert::num_threads() == 2 ? 0 : 1;
}
