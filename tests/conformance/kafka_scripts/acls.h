#pragma once

#include <string>
#include <vector>

namespace wherry::conformance {

// kafka-acls.sh as far as librdkafka's tests call it:
//
//   --bootstrap-server HOST:PORT --add --allow-principal|--deny-principal PRINCIPAL
//   --allow-host|--deny-host HOST --operation NAME --topic NAME
//
// The exit status: 0, 1 if the broker refused, 2 if the arguments cannot be read.
int RunAcls(const std::vector<std::string>& words);

}  // namespace wherry::conformance
