# Tests, examples and benchmarks: one program per source file.

# Tests and benchmarks reach internal functions, which the shared library hides.
add_library(wengert_internal STATIC EXCLUDE_FROM_ALL ${WENGERT_OBJECTS})
wengert_usage(wengert_internal)
target_link_libraries(wengert_internal PUBLIC wengert_flags)
target_include_directories(wengert_internal PUBLIC ${PROJECT_SOURCE_DIR}/csrc)
target_compile_definitions(wengert_internal PUBLIC ${WENGERT_CHOICES})
set_target_properties(wengert_internal PROPERTIES
  ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/internal)

if(WENGERT_BUILD_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  include(GoogleTest)
  file(GLOB test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/cpp/*_test.cpp)
  foreach(source IN LISTS test_sources)
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE wengert_internal GTest::gtest GTest::gtest_main)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${WENGERT_LIBRARY_DIR})
    gtest_discover_tests(${name} TEST_PREFIX ${name}/ DISCOVERY_MODE PRE_TEST
                         PROPERTIES LABELS ${name})
  endforeach()
endif()

# Programs stand in lib/ too: the BLAS must be beside the program that contains the library.
function(wengert_add_programs prefix library glob)
  file(GLOB sources CONFIGURE_DEPENDS ${glob})
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    add_executable(${prefix}_${name} ${source})
    target_link_libraries(${prefix}_${name} PRIVATE ${library} wengert_flags)
    set_target_properties(${prefix}_${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${WENGERT_LIBRARY_DIR})
  endforeach()
endfunction()

if(WENGERT_BUILD_EXAMPLES)
  wengert_add_programs(example wengert ${PROJECT_SOURCE_DIR}/examples/cpp/*.cpp)
endif()
if(WENGERT_BUILD_BENCHMARKS)
  wengert_add_programs(benchmark wengert_internal ${PROJECT_SOURCE_DIR}/benchmarks/*.cpp)
endif()
