# wherry_add_test(NAME <name> [BROKER <flags>...] [WORKING_DIRECTORY <folder>] COMMAND <command>...)
#
# A test that runs a command beside a Wherry of its own: in memory, on free ports, in the
# environment as WHERRY_NATS_URL, WHERRY_KAFKA_BOOTSTRAP and WHERRY_HTTP_URL. The command is a
# target or a program with its arguments; the test passes if it ends with status 0. BROKER gives the
# broker flags of its command line (`wherry --help`), as --kafka-default-partitions 3.
function(wherry_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;WORKING_DIRECTORY" "BROKER;COMMAND")
  if(NOT arg_NAME OR NOT arg_COMMAND OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "wherry_add_test(NAME <name> [BROKER <flags>...] "
      "[WORKING_DIRECTORY <folder>] COMMAND <command>...), not: ${ARGV}")
  endif()
  if(NOT TARGET wherry::server)
    message(FATAL_ERROR "wherry_add_test needs the wherry server, which this Wherry was built "
      "without (WHERRY_BUILD_SERVER)")
  endif()
  # add_test knows a target's file only where it is the program.
  list(POP_FRONT arg_COMMAND program)
  if(TARGET "${program}")
    set(program "$<TARGET_FILE:${program}>")
  endif()
  if(NOT arg_WORKING_DIRECTORY)
    set(arg_WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  endif()
  add_test(NAME "${arg_NAME}" WORKING_DIRECTORY "${arg_WORKING_DIRECTORY}"
    COMMAND wherry::server exec ${arg_BROKER} -- "${program}" ${arg_COMMAND})
endfunction()
