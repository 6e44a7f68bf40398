// How transactions end: committed or aborted by their producer, or aborted when their time is up.
#include <algorithm>
#include <utility>

#include "broker/core/transaction_coordinator.h"

namespace wherry::core {

namespace {

// Who decides about transactions never changes.
constexpr std::int32_t kCoordinatorEpoch = 0;
// Between two looks for ids that have expired, at least.
constexpr std::chrono::seconds kExpiryPause{1};

TransactionRecord Ended(const TransactionRecord& record, bool commit, std::int64_t now) {
  TransactionRecord after = record;
  after.state = commit ? TransactionState::kCompleteCommit : TransactionState::kCompleteAbort;
  after.start_millis = -1;
  after.last_update_millis = now;
  after.partitions.clear();
  after.groups.clear();
  return after;
}

ProducerIdentity NextEpoch(const ProducerIdentity& producer) {
  return {producer.producer_id, static_cast<std::int16_t>(producer.epoch + 1)};
}

}  // namespace

void TransactionCoordinator::End(const ProducerClaim& claim, bool commit,
                                 TransactionProtocol protocol, TransactionDone done) {
  Producer* const producer = Find(claim.transactional_id);
  bool ended_before = false;
  const TransactionError error =
      producer == nullptr ? TransactionError::kUnknownProducer
                          : CheckEnd(claim, commit, protocol, *producer, ended_before);
  if (error != TransactionError::kNone) return Answer(done, {error, {}});
  if (ended_before) return Answer(done, {error, producer->record.producer});
  EndOfClient(claim.transactional_id, *producer, commit, protocol, std::move(done));
}

TransactionError TransactionCoordinator::CheckEnd(const ProducerClaim& claim, bool commit,
                                                  TransactionProtocol protocol,
                                                  const Producer& producer,
                                                  bool& ended_before) const {
  const TransactionRecord& record = producer.record;
  const bool ends_epoch = protocol == TransactionProtocol::kEndsEpoch;
  const bool is_present = claim.producer == record.producer;
  // Sent again, by a producer that did not hear what it is called since.
  const bool again = ends_epoch && claim.producer.producer_id >= 0 &&
                     claim.producer == record.previous;
  if (claim.producer.producer_id != record.producer.producer_id && !again) {
    return TransactionError::kUnknownProducer;
  }
  if (producer.ending) {
    return is_present ? TransactionError::kConcurrent : TransactionError::kFenced;
  }
  const bool complete = record.state == TransactionState::kCompleteCommit ||
                        record.state == TransactionState::kCompleteAbort;
  if (!is_present && !(again && complete)) return TransactionError::kFenced;
  if (record.state == TransactionState::kOngoing) return TransactionError::kNone;

  const bool committed = record.state == TransactionState::kCompleteCommit;
  const bool as_it_ended = complete && commit == committed;
  if (as_it_ended && (again || !ends_epoch)) {
    ended_before = true;
    return TransactionError::kNone;
  }
  // A transaction of nothing may be aborted: that ends the epoch, so nothing comes late.
  const bool aborts_nothing = ends_epoch && is_present && !commit;
  return aborts_nothing ? TransactionError::kNone : TransactionError::kInvalidState;
}

void TransactionCoordinator::EndOfClient(const std::string& id, Producer& producer, bool commit,
                                         TransactionProtocol protocol, TransactionDone done) {
  const TransactionRecord& record = producer.record;
  Ending ending{commit, record.producer.epoch, Ended(record, commit, now())};
  if (protocol == TransactionProtocol::kKeepsEpoch) {
    return Finish(id, producer, std::move(ending), std::move(done));
  }
  ending.marker_epoch = NextEpoch(record.producer).epoch;
  ending.after.previous = record.producer;
  ending.after.producer = NextEpoch(record.producer);
  if (!record.EpochExhausted()) return Finish(id, producer, std::move(ending), std::move(done));
  WithNewId(id, std::move(done),
            [this, id, ending](std::int64_t new_id, TransactionDone done) mutable {
              ending.after.producer = {new_id, 0};
              Finish(id, *Find(id), std::move(ending), std::move(done));
            });
}

void TransactionCoordinator::Finish(const std::string& id, Producer& producer, Ending ending,
                                    TransactionDone done) {
  TransactionRecord& record = producer.record;
  const TransactionMarker marker{record.producer.producer_id, ending.marker_epoch, ending.commit,
                                 kCoordinatorEpoch, now()};
  storage::CommitBatch batch;
  std::vector<CommitQueue::Done> staged;
  for (const auto& [topic, indexes] : record.partitions) {
    for (const std::int32_t index : indexes) {
      Partition* const partition = services_.find_partition(topic, index);
      // Deleted meanwhile, or its transaction was ended there by an administrator.
      if (partition == nullptr ||
          partition->CheckMarker(marker, ProducerTable::MarkerEpoch::kSameOrLater) !=
              AppendError::kNone) {
        continue;
      }
      staged.push_back(partition->StageMarker(marker, services_.marker_bytes(marker), batch));
    }
  }
  staged.push_back(services_.offsets.End(marker.producer_id, ending.commit, batch));
  Keep(id, ending.after, batch);
  const TransactionState before = record.state;
  record.state =
      ending.commit ? TransactionState::kPrepareCommit : TransactionState::kPrepareAbort;
  producer.ending = true;
  producer.timeout.Cancel();
  services_.commits.Submit(
      std::move(batch),
      [weak = std::weak_ptr(self_), id, staged = std::move(staged), before,
       after = std::move(ending.after),
       done = std::move(done)](const absl::Status& status) mutable {
        for (CommitQueue::Done& part : staged) part(status);
        if (const auto self = weak.lock()) {
          (*self)->OnFinished(id, before, std::move(after), status);
        }
        if (!done) return;
        done(status.ok() ? TransactionResult{TransactionError::kNone, after.producer}
                         : TransactionResult{TransactionError::kStorage, {}});
      });
}

void TransactionCoordinator::OnFinished(const std::string& id, TransactionState before,
                                        const TransactionRecord& after,
                                        const absl::Status& status) {
  Producer& producer = *Find(id);
  producer.ending = false;
  if (status.ok()) {
    producer.record = after;
    producer.kept = true;
    Count(producer, producer.record, id);
    return;
  }
  producer.record.state = before;
  producer.kept = false;
  if (before == TransactionState::kOngoing) ArmTimeout(id, producer, settings_.retry_delay);
}

void TransactionCoordinator::Fence(const std::string& id, Producer& producer) {
  const TransactionRecord& record = producer.record;
  Ending ending{/*commit=*/false, NextEpoch(record.producer).epoch,
                Ended(record, /*commit=*/false, now())};
  ending.after.producer = NextEpoch(record.producer);
  ending.after.previous = {};
  Finish(id, producer, std::move(ending), nullptr);
}

void TransactionCoordinator::ArmTimeout(const std::string& id, Producer& producer,
                                        runtime::Duration at_least) {
  const std::int64_t end = producer.record.start_millis + producer.record.timeout_ms;
  const runtime::Duration left = std::chrono::milliseconds(end - now());
  producer.timeout.Arm(std::max(left, at_least), [this, id] {
    Producer* const late = Find(id);
    if (late->record.state == TransactionState::kOngoing && !late->ending) Fence(id, *late);
  });
}

void TransactionCoordinator::ArmExpiry(runtime::Duration in) {
  if (!expiry_.armed()) expiry_.Arm(in, [this] { Expire(); });
}

void TransactionCoordinator::Expire() {
  const std::int64_t expiration =
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_.id_expiration).count();
  std::vector<std::string> expired;
  std::int64_t next = expiration;
  for (const auto& [id, producer] : producers_) {
    if (producer->ending || producer->record.state == TransactionState::kOngoing) continue;
    const std::int64_t left = producer->record.last_update_millis + expiration - now();
    if (left <= 0) {
      expired.push_back(id);
    } else {
      next = std::min(next, left);
    }
  }
  storage::CommitBatch batch;
  for (const std::string& id : expired) {
    batch.Delete(key_prefix_ + id);
    Forget(id);
  }
  // One that stays kept expires again after the next start.
  if (!expired.empty()) services_.commits.Submit(std::move(batch), [](const absl::Status&) {});
  if (producers_.empty()) return;
  ArmExpiry(std::max<runtime::Duration>(std::chrono::milliseconds(next), kExpiryPause));
}

}  // namespace wherry::core
