#pragma once

#include <memory>
#include <string_view>

#include "broker/core/fault_plan.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/call.h"

namespace wherry::kafka {

// Where requests meet the faults that a test has asked for (core::FaultPlan). A rule of a topic or
// a group holds for every request that names it, and then befalls the whole of the request.

// True: the request has been dealt with, or will be later; false: it is to be handled now.
// Threads: the connection's shard.
bool MeetFault(core::FaultPlan& faults, const Call& call, const ApiRow& row,
               std::string_view body, const std::shared_ptr<ResponseSlot>& slot);

// What keeps a new connection from being read; it ends with the last reference.
// Threads: the connection's shard. Owned by the connection's session.
class OpeningFault;

// For a connection that has just been accepted; nullptr: nothing keeps it from being read.
// Threads: the connection's shard.
std::shared_ptr<OpeningFault> MeetFaultsOfConnection(core::FaultPlan& faults,
                                                     net::Connection& connection);

}  // namespace wherry::kafka
