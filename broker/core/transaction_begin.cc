// Who is the producer of a transactional id: new ones, new epochs, new producer ids.
#include <utility>

#include "broker/core/transaction_coordinator.h"

namespace wherry::core {

namespace {

// Whether a producer that takes itself for `expected` may be the one of this record, or was before
// its request was sent again (KIP-360).
bool MayBe(const TransactionRecord& record, const ProducerIdentity& expected) {
  return record.producer.epoch < 0 || expected.producer_id == record.producer.producer_id ||
         (expected.producer_id == record.previous.producer_id &&
          TransactionRecord::IsExhausted(expected.epoch));
}

}  // namespace

void TransactionCoordinator::InitProducer(const InitProducerRequest& request,
                                          TransactionDone done) {
  const auto refuse = [&](TransactionError error) { Answer(done, {error, {}}); };
  if (request.timeout <= runtime::Duration::zero() || request.timeout > settings_.max_timeout) {
    return refuse(TransactionError::kInvalidTimeout);
  }
  const std::string& id = request.transactional_id;
  Producer* producer = Find(id);
  if (producer == nullptr) {
    if (producers_.size() >= settings_.max_ids) return refuse(TransactionError::kTooMany);
    producer = &Create(id);
    if (!Count(*producer, TransactionRecord{.timeout_ms = 1}, id)) {
      Forget(id);
      return refuse(TransactionError::kTooMany);
    }
  }
  if (producer->ending) return refuse(TransactionError::kConcurrent);
  if (request.expected.has_value() && !MayBe(producer->record, *request.expected)) {
    return refuse(TransactionError::kFenced);
  }
  if (producer->record.state == TransactionState::kOngoing) {
    // The epoch of the fence is given to nobody: whoever asks again gets the one behind it.
    Fence(id, *producer);
    return refuse(TransactionError::kConcurrent);
  }
  Renew(id, *producer, request, std::move(done));
}

void TransactionCoordinator::Renew(const std::string& id, Producer& producer,
                                   const InitProducerRequest& request, TransactionDone done) {
  const TransactionRecord& record = producer.record;
  const std::optional<ProducerIdentity>& expected = request.expected;
  TransactionRecord after;
  after.timeout_ms = static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(request.timeout).count());
  after.last_update_millis = now();
  if (expected.has_value()) after.previous = record.producer;

  const bool is_present = !expected.has_value() || expected->epoch == record.producer.epoch;
  if (record.producer.producer_id < 0 || (record.EpochExhausted() && is_present)) {
    return WithNewId(id, std::move(done),
                     [this, id, after](std::int64_t new_id, TransactionDone done) mutable {
                       after.producer = {new_id, 0};
                       KeepIdentity(id, std::move(after), std::move(done));
                     });
  }
  if (is_present) {
    after.producer = {record.producer.producer_id,
                      static_cast<std::int16_t>(record.producer.epoch + 1)};
    return KeepIdentity(id, std::move(after), std::move(done));
  }
  // Sent again: had another producer begun since, nobody would be remembered as the previous one.
  if (expected->epoch >= 0 && expected->epoch == record.previous.epoch) {
    return Answer(done, {TransactionError::kNone, record.producer});
  }
  Answer(done, {TransactionError::kFenced, {}});
}

void TransactionCoordinator::WithNewId(
    const std::string& id, TransactionDone done,
    absl::AnyInvocable<void(std::int64_t, TransactionDone)> then) {
  Find(id)->ending = true;
  services_.next_producer_id([weak = std::weak_ptr(self_), id, done = std::move(done),
                              then = std::move(then)](absl::StatusOr<std::int64_t> new_id) mutable {
    const auto self = weak.lock();
    if (self == nullptr) return;
    Producer& producer = *(*self)->Find(id);
    producer.ending = false;
    if (new_id.ok()) return then(*new_id, std::move(done));
    if (producer.record.producer.producer_id < 0) (*self)->Forget(id);
    (*self)->Answer(done, {TransactionError::kStorage, {}});
  });
}

void TransactionCoordinator::KeepIdentity(const std::string& id, TransactionRecord after,
                                          TransactionDone done) {
  Find(id)->ending = true;
  storage::CommitBatch batch;
  Keep(id, after, batch);
  services_.commits.Submit(
      std::move(batch), [weak = std::weak_ptr(self_), id, after = std::move(after),
                         done = std::move(done)](const absl::Status& status) mutable {
        const auto self = weak.lock();
        if (self == nullptr) return;
        Producer& producer = *(*self)->Find(id);
        producer.ending = false;
        if (!status.ok()) {
          if (producer.record.producer.producer_id < 0) (*self)->Forget(id);
          return done({TransactionError::kStorage, {}});
        }
        producer.record = std::move(after);
        producer.kept = true;
        (*self)->Count(producer, producer.record, id);
        done({TransactionError::kNone, producer.record.producer});
      });
}

}  // namespace wherry::core
