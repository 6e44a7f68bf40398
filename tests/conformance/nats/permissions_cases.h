#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "wherry/nats_options.h"

namespace wherry::conformance {

// What a server with users does with several clients, one step after another, as nats-server was
// observed to do it (2.15.2, and 2.9.10 unless it says otherwise).
struct PermissionsCase {
  // Client `client` (connected by its first step; INFO is not part of `answer`) sends `send` and a
  // PING; until the PONG, which is not part of it either, it reads `answer`.
  struct Step {
    int client;
    std::string send;
    std::string answer;
    bool closes = false;
  };

  std::string name;  // CamelCase, for GoogleTest
  NatsOptions options;
  std::vector<Step> steps;
  bool newest_only = false;  // 2.9.10 answers otherwise

  friend std::ostream& operator<<(std::ostream& out, const PermissionsCase& permissions_case) {
    return out << permissions_case.name;
  }
};

const std::vector<PermissionsCase>& PermissionsCases();

}  // namespace wherry::conformance
