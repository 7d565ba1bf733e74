# wengert._tensor (Cython) and wengert._core (pybind11). The tools are asked of the interpreter at
# every configuration: a cached path may point into an isolated environment that is gone.

find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)

function(wengert_ask_python result statement)
  execute_process(COMMAND ${Python_EXECUTABLE} -c "${statement}"
                  OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
                  ERROR_VARIABLE problem RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "WENGERT_BUILD_PYTHON needs pybind11, Cython and cython-cmake in the "
                        "environment of ${Python_EXECUTABLE}:\n${problem}")
  endif()
  set(${result} "${answer}" PARENT_SCOPE)
endfunction()

wengert_ask_python(pybind11_DIR "import pybind11; print(pybind11.get_cmake_dir())")
set(pybind11_DIR "${pybind11_DIR}" CACHE PATH "pybind11" FORCE)
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 3.1 CONFIG REQUIRED)
wengert_ask_python(cython_cmake_dir
  "import Cython, cython_cmake, pathlib; print(pathlib.Path(cython_cmake.__file__).parent / 'cmake')")
list(APPEND CMAKE_MODULE_PATH "${cython_cmake_dir}")
include(UseCython)

set(bindings_dir ${PROJECT_SOURCE_DIR}/csrc/bindings)
set(generated_dir ${PROJECT_BINARY_DIR}/bindings)
cython_transpile(${bindings_dir}/tensor.pyx
  LANGUAGE CXX MODULE_NAME wengert._tensor
  OUTPUT ${generated_dir}/tensor.cpp OUTPUT_VARIABLE tensor_cpp
  INCLUDE_DIRECTORIES ${bindings_dir}
  CYTHON_ARGS -3)
python_add_library(_tensor MODULE WITH_SOABI ${tensor_cpp})
# Generated code is not ours to keep free of warnings.
set_source_files_properties(${tensor_cpp} PROPERTIES COMPILE_OPTIONS "-w")

file(GLOB binding_sources CONFIGURE_DEPENDS ${bindings_dir}/*.cpp)
python_add_library(_core MODULE WITH_SOABI ${binding_sources})
target_link_libraries(_core PRIVATE pybind11::headers)
# The type caster includes the header that Cython writes beside tensor.cpp.
add_dependencies(_core _tensor)

foreach(module _tensor _core)
  target_link_libraries(${module} PRIVATE wengert wengert_flags)
  target_include_directories(${module} PRIVATE ${PROJECT_SOURCE_DIR}/csrc ${bindings_dir})
  target_include_directories(${module} SYSTEM PRIVATE ${generated_dir})
  set_target_properties(${module} PROPERTIES
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/lib")
endforeach()
