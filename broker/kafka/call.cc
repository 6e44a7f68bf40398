#include "broker/kafka/call.h"

#include "broker/kafka/connection_info.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

std::uint64_t Call::connection_id() const { return connection == nullptr ? 0 : connection->id; }

void ResponseSlot::Fill(absl::AnyInvocable<void(wire::Encoder&)> encode) {
  if (!changed) return;  // nobody will send it
  wire::Writer writer(frame.head);
  writer.Int<std::int32_t>(0);  // the size, known at the end
  writer.Int(correlation_id);
  if (flexible_header) writer.Uvarint(0);  // no tagged fields
  wire::Encoder encoder(frame, version, flexible);
  encode(encoder);
  std::string size;
  wire::Writer(size).Int(static_cast<std::int32_t>(frame.size() - sizeof(std::int32_t)));
  frame.head.replace(0, size.size(), size);
  Become(State::kReady);
}

void ResponseSlot::Become(State next) {
  state = next;
  if (note != nullptr && next == State::kSilent) note->Ended("");
  if (note != nullptr && next == State::kClosing) note->Ended("the connection was closed");
  if (note != nullptr && next == State::kResetting) note->Ended("the connection was reset");
  abandoned = nullptr;
  if (changed) changed();
}

}  // namespace wherry::kafka
