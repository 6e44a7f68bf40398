#include "broker/kafka/producer_ids.h"

#include <utility>

#include "protocol/wire/cursor.h"

namespace wherry::kafka {

absl::StatusOr<std::unique_ptr<ProducerIds>> ProducerIds::Open(const core::Namespace& home,
                                                               storage::LogStore& store,
                                                               core::CommitQueue& commits) {
  std::unique_ptr<ProducerIds> ids(new ProducerIds(Key(home), commits));
  const auto kept = store.Get(ids->key_);
  if (!kept.ok()) return kept.status();
  if (kept->has_value()) {
    wire::Reader reader(**kept);
    ids->next_ = ids->reserved_ = reader.Int<std::int64_t>();
    if (!reader.ok() || !reader.rest().empty()) {
      return absl::DataLossError("the record of reserved producer ids is damaged");
    }
  }
  return ids;
}

void ProducerIds::Next(Done done) {
  if (next_ < reserved_) return done(next_++);
  waiting_.push_back(std::move(done));
  if (waiting_.size() == 1) Reserve();
}

void ProducerIds::Reserve() {
  const std::int64_t reserved = reserved_ + kBlock;
  std::string value;
  wire::Writer(value).Int(reserved);
  storage::CommitBatch commit;
  commit.Put(key_, std::move(value));
  commits_.Submit(std::move(commit), [this, reserved](const absl::Status& status) {
    if (status.ok()) reserved_ = reserved;
    for (Done& done : std::exchange(waiting_, {})) {
      if (status.ok()) {
        Next(std::move(done));
      } else {
        done(status);
      }
    }
  });
}

}  // namespace wherry::kafka
