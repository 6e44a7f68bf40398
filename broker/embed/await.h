#pragma once

#include <chrono>
#include <memory>

#include "broker/embed/namespace_state.h"
#include "wherry/await.h"

namespace wherry::embed {

// As Namespace::Await and AwaitIdle say.
Status Await(const std::shared_ptr<NamespaceState>& state, const Condition& condition,
             std::chrono::milliseconds limit);
Status AwaitIdle(const std::shared_ptr<NamespaceState>& state, std::chrono::milliseconds limit);

}  // namespace wherry::embed
