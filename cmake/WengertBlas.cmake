# Copies the BLAS into the build tree, next to the library that will load it by path. The copy
# outlives the isolated environment of a Python build, so that later rebuilds still have it.

set(WENGERT_BLAS_FILE ${WENGERT_LIBRARY_DIR}/libwengert_blas${CMAKE_SHARED_LIBRARY_SUFFIX})
set(WENGERT_BLAS_LICENSE ${WENGERT_LIBRARY_DIR}/LICENSE.blas.txt)
set(blas_source "${WENGERT_BLAS_LIBRARY}")
set(blas_license "")
if(NOT blas_source)
  find_package(Python 3.10 QUIET COMPONENTS Interpreter)
  if(Python_Interpreter_FOUND)
    execute_process(
      COMMAND ${Python_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/find_blas.py
      OUTPUT_VARIABLE blas_found OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(blas_found)
      list(GET blas_found 0 blas_source)
      list(GET blas_found 1 blas_license)
    endif()
  endif()
elseif(NOT EXISTS "${blas_source}")
  message(FATAL_ERROR "WENGERT_BLAS_LIBRARY: no such file: ${blas_source}")
endif()

if(blas_source)
  file(MAKE_DIRECTORY ${WENGERT_LIBRARY_DIR})
  file(COPY_FILE "${blas_source}" ${WENGERT_BLAS_FILE} ONLY_IF_DIFFERENT)
endif()
if(blas_license)
  file(COPY_FILE "${blas_license}" ${WENGERT_BLAS_LICENSE} ONLY_IF_DIFFERENT)
endif()
if(WENGERT_MAIN_PROJECT AND NOT EXISTS ${WENGERT_BLAS_FILE})
  message(STATUS "wengert: no BLAS to bundle (scipy-openblas32 is not installed); "
                 "its own kernels do all products")
endif()
