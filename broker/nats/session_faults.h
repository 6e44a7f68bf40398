#pragma once

#include <deque>
#include <memory>
#include <string>

#include "broker/core/fault_plan.h"
#include "broker/nats/session.h"

namespace wherry::nats {

// What faults have made of one connection.
// Threads: its session's. Owned by its session from the first fault that strikes it.
struct Session::Struck {
  explicit Struck(Session& session);

  // The connection ends.
  void Stop();

  // A message that waits, or comes behind one that does.
  struct Delivery {
    std::string bytes;
    std::size_t payload_size = 0;
    runtime::Instant due;
    std::shared_ptr<core::HoldPoint> hold;  // null: it may go when it is due
  };

  Session& session;
  bool greeted = true;              // else nothing has been said to the client yet
  bool waiting = false;             // what is carried waits, and nothing more is handled
  bool met = false;                 // the first of what is carried has met its fault
  bool mute = false;                // what is being handled gets no answer
  bool deaf = false;                // no message reaches the client any more
  std::deque<Delivery> deliveries;  // in order
  runtime::Timer operation_timer;
  runtime::Timer delivery_timer;
};

}  // namespace wherry::nats
