#pragma once

#include <memory>
#include <string_view>

#include "broker/kafka/api_row.h"

namespace wherry::kafka {

// Decodes one request's header, finds its API and hands it over: the one place where versions are
// checked. False: the request cannot be answered and the connection must close; the reason has been
// logged. `call.version` and `call.client_id` are filled in here.
// Threads: the connection's shard.
bool Dispatch(Call call, std::string_view frame, const std::shared_ptr<ResponseSlot>& slot);

}  // namespace wherry::kafka
