# The core. All sources are compiled once into object libraries (csrc/kernels/isa once per level);
# the shared library, the static library and the C++ tests are made of these objects.

find_package(Threads REQUIRED)

set(level_macros "")
foreach(level IN LISTS WENGERT_ISA_LEVELS)
  string(TOUPPER ${level} upper)
  list(APPEND level_macros WENGERT_HAS_${upper}=1)
endforeach()

set(WENGERT_OBJECTS "")
# Adds the sources matched by `globs` as the object library `name`, with further `flags`.
function(wengert_add_objects name globs)
  file(GLOB sources CONFIGURE_DEPENDS ${globs})
  if(NOT sources)
    return()
  endif()
  add_library(${name} OBJECT ${sources})
  target_link_libraries(${name} PRIVATE wengert_flags ${ARGN})
  target_include_directories(${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/csrc/include ${PROJECT_SOURCE_DIR}/csrc)
  target_compile_definitions(${name} PRIVATE ${level_macros})
  target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections)
  set_target_properties(${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  set(WENGERT_OBJECTS ${WENGERT_OBJECTS} $<TARGET_OBJECTS:${name}> PARENT_SCOPE)
endfunction()

set(globs "")
foreach(folder runtime tensor autograd ops tape nn optim io)
  list(APPEND globs ${PROJECT_SOURCE_DIR}/csrc/${folder}/*.cpp)
endforeach()
wengert_add_objects(wengert_core_objects "${globs}")
wengert_add_objects(wengert_kernel_objects ${PROJECT_SOURCE_DIR}/csrc/kernels/*.cpp
                    wengert_kernel_flags)
foreach(level IN LISTS WENGERT_ISA_LEVELS)
  wengert_isa_flags(${level} isa_flags)
  wengert_add_objects(wengert_isa_${level}_objects ${PROJECT_SOURCE_DIR}/csrc/kernels/isa/*.cpp
                      wengert_kernel_flags)
  if(TARGET wengert_isa_${level}_objects)
    target_compile_options(wengert_isa_${level}_objects PRIVATE ${isa_flags})
    target_compile_definitions(wengert_isa_${level}_objects PRIVATE WENGERT_LEVEL=${level})
  endif()
endforeach()

# What every form of the library tells its users.
function(wengert_usage target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/csrc/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${target} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()

if(WENGERT_STATIC)
  add_library(wengert STATIC ${WENGERT_OBJECTS})
  target_compile_definitions(wengert INTERFACE WENGERT_STATIC)
  target_link_options(wengert INTERFACE $<$<PLATFORM_ID:Linux>:-Wl,--gc-sections>)
else()
  add_library(wengert SHARED ${WENGERT_OBJECTS})
  # A symbol left undefined must fail here, not when a program loads the library.
  if(NOT WENGERT_SANITIZE)
    target_link_options(wengert PRIVATE $<$<PLATFORM_ID:Linux>:-Wl,--no-undefined>)
  endif()
endif()
wengert_usage(wengert)
if(WENGERT_SANITIZE)
  target_link_options(wengert PUBLIC -fsanitize=${WENGERT_SANITIZE})
endif()
set_target_properties(wengert PROPERTIES
  LIBRARY_OUTPUT_DIRECTORY ${WENGERT_LIBRARY_DIR} ARCHIVE_OUTPUT_DIRECTORY ${WENGERT_LIBRARY_DIR})
add_library(wengert::wengert ALIAS wengert)
