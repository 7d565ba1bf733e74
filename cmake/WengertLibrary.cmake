# The core. All sources are compiled once into object libraries (csrc/kernels/isa once per level);
# the shared library, the static library and the C++ tests are made of these objects.

find_package(Threads REQUIRED)

# What this build contains, for the code that chooses: WENGERT_HAS_V3=1, WENGERT_NO_BLAS=1.
set(WENGERT_CHOICES "")
foreach(level IN LISTS WENGERT_ISA_LEVELS)
  string(TOUPPER ${level} upper)
  list(APPEND WENGERT_CHOICES WENGERT_HAS_${upper}=1)
endforeach()
if(NOT WENGERT_BLAS)
  list(APPEND WENGERT_CHOICES WENGERT_NO_BLAS=1)
endif()

set(WENGERT_OBJECTS "")
# Adds csrc/<folder>/*.cpp of each folder as the object library `name`; none where there are none.
function(wengert_add_objects name)
  list(TRANSFORM ARGN REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/csrc/\\1/*.cpp" OUTPUT_VARIABLE globs)
  file(GLOB sources CONFIGURE_DEPENDS ${globs})
  if(NOT sources)
    return()
  endif()
  add_library(${name} OBJECT ${sources})
  target_link_libraries(${name} PRIVATE wengert_flags)
  target_include_directories(${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/csrc/include ${PROJECT_SOURCE_DIR}/csrc)
  target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections)
  if(WENGERT_STATIC)  # what is linked with the library does not export its names
    target_compile_definitions(${name} PRIVATE WENGERT_STATIC)
  endif()
  set_target_properties(${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  set(WENGERT_OBJECTS ${WENGERT_OBJECTS} $<TARGET_OBJECTS:${name}> PARENT_SCOPE)
endfunction()

# Only these two are told; all other objects are the same for any choice.
wengert_add_objects(wengert_runtime runtime)
wengert_add_objects(wengert_kernels kernels)
foreach(target wengert_runtime wengert_kernels)
  if(TARGET ${target})
    target_compile_definitions(${target} PRIVATE ${WENGERT_CHOICES})
  endif()
endforeach()

wengert_add_objects(wengert_core tensor autograd ops tape nn nn/functional optim io data capi)

foreach(level IN LISTS WENGERT_ISA_LEVELS)
  wengert_isa_flags(${level} isa_flags)
  wengert_add_objects(wengert_kernels_${level} kernels/isa)
  if(TARGET wengert_kernels_${level})
    target_compile_options(wengert_kernels_${level} PRIVATE ${isa_flags})
    target_compile_definitions(wengert_kernels_${level} PRIVATE WENGERT_LEVEL=${level})
    target_link_libraries(wengert_kernels_${level} PRIVATE wengert_kernel_flags)
  endif()
endforeach()
if(TARGET wengert_kernels)
  target_link_libraries(wengert_kernels PRIVATE wengert_generic_flags)
endif()

# What every form of the library tells its users.
function(wengert_usage target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/csrc/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${target} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
  if(WENGERT_SANITIZE)
    target_link_options(${target} PUBLIC -fsanitize=${WENGERT_SANITIZE})
  endif()
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()

if(WENGERT_STATIC)
  add_library(wengert STATIC ${WENGERT_OBJECTS})
  target_compile_definitions(wengert INTERFACE WENGERT_STATIC)
  # A library that contains this one exports nothing of it, templates of the standard library
  # included, and keeps what it calls.
  target_link_options(wengert INTERFACE
    $<$<PLATFORM_ID:Linux>:-Wl,--gc-sections,--exclude-libs,libwengert.a>)
else()
  add_library(wengert SHARED ${WENGERT_OBJECTS})
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    set(exports ${PROJECT_SOURCE_DIR}/cmake/wengert.map)
    target_link_options(wengert PRIVATE -Wl,--version-script=${exports} -Wl,--gc-sections
      -Wl,-Bsymbolic-functions -Wl,-z,nodelete)
    set_target_properties(wengert PROPERTIES LINK_DEPENDS ${exports})
    # An undefined symbol fails here, not in the program that loads the library.
    if(NOT WENGERT_SANITIZE)
      target_link_options(wengert PRIVATE -Wl,--no-undefined)
    endif()
  endif()
endif()
wengert_usage(wengert)
set_target_properties(wengert PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY ${WENGERT_LIBRARY_DIR} ARCHIVE_OUTPUT_DIRECTORY ${WENGERT_LIBRARY_DIR})
add_library(wengert::wengert ALIAS wengert)
