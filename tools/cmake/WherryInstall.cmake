# `cmake --install`: the library, its public headers, the server, and what find_package(wherry) and
# pkg-config need. Everything is found relative to where it lies, so the prefix may be moved.
include(CMakePackageConfigHelpers)

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/wherry")
get_target_property(library_type wherry TYPE)
if(library_type STREQUAL "STATIC_LIBRARY")
  set(WHERRY_IS_STATIC ON)
else()
  set(WHERRY_IS_STATIC OFF)
endif()

install(TARGETS wherry EXPORT wherryTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(TARGET wherry_shared)
  install(TARGETS wherry_shared EXPORT wherryTargets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
install(EXPORT wherryTargets NAMESPACE wherry:: DESTINATION "${config_dir}")
if(TARGET wherry_server)
  install(TARGETS wherry_server EXPORT wherryTargets
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(FILES "${PROJECT_BINARY_DIR}/nats-server" DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
if(TARGET wherry_export)
  install(TARGETS wherry_export RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

configure_package_config_file(tools/cmake/wherryConfig.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/wherryConfig.cmake" INSTALL_DESTINATION "${config_dir}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/wherryConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/wherryConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/wherryConfigVersion.cmake" tools/cmake/WherryTest.cmake
  DESTINATION "${config_dir}")

# The way from wherry.pc up to the prefix, whatever CMAKE_INSTALL_LIBDIR is.
file(RELATIVE_PATH WHERRY_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" WHERRY_PC_PREFIX "${WHERRY_PC_PREFIX}")
set(WHERRY_PC_REQUIRES "")
set(WHERRY_PC_LIBS "")
if(WHERRY_IS_STATIC)
  set(WHERRY_PC_REQUIRES "${WHERRY_PRIVATE_PKGCONFIG}")
  set(WHERRY_PC_LIBS "-lstdc++ -lm -pthread")
endif()
configure_file(tools/cmake/wherry.pc.in "${CMAKE_CURRENT_BINARY_DIR}/wherry.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/wherry.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
