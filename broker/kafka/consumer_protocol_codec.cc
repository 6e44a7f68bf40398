#include "broker/kafka/consumer_protocol_codec.h"

#include "protocol/kafka/consumer_assignment.h"
#include "protocol/kafka/consumer_subscription.h"

namespace wherry::kafka {

const core::ClassicCodec kConsumerProtocolCodec = {
    [](std::string_view metadata) -> std::optional<core::ClassicCodec::Subscription> {
      std::optional<ConsumerSubscription> parsed = ParseConsumerSubscription(metadata);
      if (!parsed.has_value()) return std::nullopt;
      return core::ClassicCodec::Subscription{
          {parsed->topics.begin(), parsed->topics.end()}, std::move(parsed->owned),
          std::move(parsed->rack_id)};
    },
    ParseConsumerAssignment,
    [](const core::ClassicCodec::Partitions& partitions, std::string_view metadata) {
      const std::optional<ConsumerSubscription> parsed = ParseConsumerSubscription(metadata);
      return MakeConsumerAssignment(partitions, parsed.has_value() ? parsed->version : 0);
    }};

}  // namespace wherry::kafka
