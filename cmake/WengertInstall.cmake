# Installs the library, its headers and its CMake package; in a wheel also the extension modules.

include(CMakePackageConfigHelpers)
if(SKBUILD)
  set(CMAKE_INSTALL_LIBDIR lib)
else()
  include(GNUInstallDirs)
endif()
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/wengert)

install(TARGETS wengert EXPORT wengertTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/csrc/include/wengert DESTINATION include
        FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
if(WENGERT_BLAS)
  install(PROGRAMS ${WENGERT_BLAS_FILE} DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
  install(FILES ${WENGERT_BLAS_LICENSE} DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
endif()

install(EXPORT wengertTargets NAMESPACE wengert:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/wengertConfig.cmake.in
  ${PROJECT_BINARY_DIR}/wengertConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/wengertConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/wengertConfig.cmake
              ${PROJECT_BINARY_DIR}/wengertConfigVersion.cmake
        DESTINATION ${package_dir})

if(WENGERT_BUILD_PYTHON)
  install(TARGETS _tensor _core LIBRARY DESTINATION .)
endif()
