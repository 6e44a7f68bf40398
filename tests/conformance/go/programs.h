#pragma once

#include "tests/conformance/support/go_program.h"

namespace wherry::conformance {

// The `nats` command-line tool, at the newest version when this was written.
inline constexpr char kNatsTool[] = "github.com/nats-io/natscli/nats@v0.5.1";

// Our own program that uses nats.go: tests/conformance/nats/go_client.
inline GoProgram NatsGoClient() { return GoProgram::Build(WHERRY_GO_CLIENT, "go_client"); }

}  // namespace wherry::conformance
