#pragma once

#include "wherry/faults.h"

namespace wherry::embed {

// Whether the fault can work: kInvalidArgument with the value at fault and what it can be.
Status CheckFault(const Fault& fault);

}  // namespace wherry::embed
