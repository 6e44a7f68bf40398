#pragma once

#include <optional>
#include <string>

#include "tools/export/rdkafka.h"

namespace wherry::exporting {

struct ExportOptions {
  std::string source = "localhost:9092";
  std::string target;
  std::string topics = ".*";  // regular expressions (ECMAScript) that a whole name must match
  std::string groups = ".*";
  std::string state_file = "wherry-export.json";
  int replication_factor = -1;  // the target's default
  bool check = true;
  Properties source_properties;  // with bootstrap.servers
  Properties target_properties;
};

// Reads the command line. nullopt: the program is to end with `exit_status`; what there was to say
// has been said.
std::optional<ExportOptions> ReadCommandLine(int argc, char** argv, int& exit_status);

}  // namespace wherry::exporting
