# libwherry.so, from the objects of the archive, which are position independent anyway: what other
# languages load.
add_library(wherry_shared SHARED $<TARGET_OBJECTS:wherry>)
add_library(wherry::shared ALIAS wherry_shared)
wherry_compiler_settings(wherry_shared)
set_target_properties(wherry_shared PROPERTIES
  OUTPUT_NAME wherry EXPORT_NAME shared LINKER_LANGUAGE CXX
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LINK_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/wherry.map")
target_compile_features(wherry_shared INTERFACE cxx_std_20)
target_include_directories(wherry_shared INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/broker/include>"
  "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_link_libraries(wherry_shared PRIVATE ${WHERRY_SHARED_LIBRARIES} Threads::Threads)
target_link_options(wherry_shared PRIVATE -Wl,--no-undefined
  "-Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/wherry.map")
