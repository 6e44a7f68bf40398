#pragma once

#include <memory>
#include <utility>

#include "broker/core/fault_plan.h"
#include "wherry/faults.h"

namespace wherry {

// What Faults shares with the broker. Threads: any.
struct Faults::State {
  explicit State(std::shared_ptr<core::FaultPlan> plan) : plan(std::move(plan)) {}

  const std::shared_ptr<core::FaultPlan> plan;
};

}  // namespace wherry
