#pragma once

#include <cstdint>

#include <gtest/gtest.h>

#include "wherry/broker.h"

namespace wherry::conformance {

// Fails the test if the broker refuses the fault.
inline void AddFault(Broker& broker, const Fault& fault) {
  const auto added = broker.faults().Add(fault);
  ASSERT_TRUE(added.ok()) << added.status();
}

// How many operations all faults together have struck.
inline std::uint64_t FiredFaults(Broker& broker) {
  std::uint64_t sum = 0;
  for (const FaultInfo& info : broker.faults().List()) sum += info.fired;
  return sum;
}

}  // namespace wherry::conformance
