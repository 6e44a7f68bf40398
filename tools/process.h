#pragma once

#include <signal.h>

#include <initializer_list>

namespace wherry::server {

// Every connection takes a descriptor, and the customary soft limit is 1024: raises it as far as
// the system lets us and a server of this size can use.
void RaiseDescriptorLimit();

// Has malloc keep what becomes free, up to some size, until AwaitSignal gives it back: by itself it
// returns a megabyte to the system as soon as it is free, and a moment later asks for it again. A
// third of the CPU of serving from disk went into that.
void KeepFreeMemory();

// Blocks signals in this thread and those it starts, so that the main thread alone receives them,
// with AwaitSignal.
sigset_t BlockSignals(std::initializer_list<int> signals);

// Sends this process SIGTERM when its standard input ends: a pipe whose other end the starting
// process holds ends with that process, however it dies. What comes through it is dropped.
void EndWithInput();

// Waits for one of `signals`, which are blocked. Meanwhile it gives back to the system, every few
// seconds, memory that has become free: malloc keeps what lies below a block still in use, and so
// whatever thousands of connections or a crowd of slow subscribers once needed.
int AwaitSignal(const sigset_t& signals);

}  // namespace wherry::server
