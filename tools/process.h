#pragma once

#include <signal.h>

#include <initializer_list>

namespace wherry::server {

// Every connection takes a descriptor, and the customary soft limit is 1024: raises it as far as
// the system lets us and a server of this size can use.
void RaiseDescriptorLimit();

// Blocks signals in this thread and those it starts, so that the main thread alone receives them,
// with sigwait.
sigset_t BlockSignals(std::initializer_list<int> signals);

}  // namespace wherry::server
