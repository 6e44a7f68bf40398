# Writes a list of table rows, one per source: "12_heartbeat.cc" becomes "ROW(12_heartbeat)".
# Self-registering globals vanish from a static library (the linker drops their objects), hence
# this.
function(wherry_write_table output)
  set(rows "")
  list(SORT ARGN COMPARE NATURAL)
  foreach(source IN LISTS ARGN)
    get_filename_component(stem "${source}" NAME_WE)
    string(APPEND rows "ROW(${stem})\n")
  endforeach()
  file(CONFIGURE OUTPUT "${output}" CONTENT "${rows}" @ONLY)
endfunction()
