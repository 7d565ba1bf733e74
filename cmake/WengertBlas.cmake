# Copies the BLAS into the build tree, next to the library that will load it by path. The copy
# outlives the isolated environment of a Python build, so that later rebuilds still have it.

set(blas_copy ${WENGERT_LIBRARY_DIR}/libwengert_blas${CMAKE_SHARED_LIBRARY_SUFFIX})
set(blas_source "${WENGERT_BLAS_LIBRARY}")
if(NOT blas_source)
  find_package(Python 3.10 QUIET COMPONENTS Interpreter)
  if(Python_Interpreter_FOUND)
    execute_process(
      COMMAND ${Python_EXECUTABLE} -c
        "import pathlib, scipy_openblas32 as s; \
print(pathlib.Path(s.get_lib_dir(), s.get_library(fullname=True)), end='')"
      OUTPUT_VARIABLE blas_source ERROR_QUIET)
  endif()
elseif(NOT EXISTS "${blas_source}")
  message(FATAL_ERROR "WENGERT_BLAS_LIBRARY: no such file: ${blas_source}")
endif()

if(blas_source)
  file(MAKE_DIRECTORY ${WENGERT_LIBRARY_DIR})
  file(COPY_FILE "${blas_source}" ${blas_copy} ONLY_IF_DIFFERENT)
endif()
if(EXISTS ${blas_copy})
  set(WENGERT_BLAS_FILE ${blas_copy})
elseif(WENGERT_MAIN_PROJECT)
  message(STATUS "wengert: no BLAS to bundle (scipy-openblas32 is not installed); "
                 "its own kernels do all products")
endif()
