#pragma once

#include <string>
#include <utility>

namespace wherry::kafka {

// Whom Kafka takes a client for: "User:ann". A value.
struct Principal {
  std::string type = "User";
  std::string name = "ANONYMOUS";  // who has not said who they are

  static Principal User(std::string name) { return {"User", std::move(name)}; }
  std::string ToString() const { return type + ":" + name; }
  bool operator==(const Principal&) const = default;
};

}  // namespace wherry::kafka
