#pragma once

#include <memory>
#include <utility>

#include "broker/core/fault_plan.h"
#include "broker/core/storage_faults.h"
#include "wherry/faults.h"

namespace wherry {

// What Faults shares with the broker. Threads: any.
struct Faults::State {
  State(std::shared_ptr<core::FaultPlan> plan, std::shared_ptr<core::StorageFaults> storage)
      : plan(std::move(plan)), storage(std::move(storage)) {}

  const std::shared_ptr<core::FaultPlan> plan;
  const std::shared_ptr<core::StorageFaults> storage;  // the broker's
};

}  // namespace wherry
