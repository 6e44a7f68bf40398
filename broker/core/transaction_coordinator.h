#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/namespace.h"
#include "broker/core/partition.h"
#include "broker/core/pending_offsets.h"
#include "broker/core/transaction_record.h"
#include "broker/core/transaction_types.h"
#include "broker/runtime/shard.h"

namespace wherry::core {

// The transactions of one namespace's producers, by their transactional ids (KIP-98): who has an
// id, in which epoch; what its transaction has written to; how it ends.
//
//   Empty, CompleteCommit, CompleteAbort -> Ongoing -> PrepareCommit -> CompleteCommit
//                                                   -> PrepareAbort  -> CompleteAbort
//
// The markers in all partitions, the offsets and the new state are one commit: after a crash a
// transaction has ended everywhere or is open everywhere, and what is open ends when its time is
// up. While that commit (or a new epoch's) is under way, requests of the id get kConcurrent.
//
// Threads: the home shard only, or before it starts. Owned by the protocol's state of a namespace;
// what Services refers to must outlive it.
class TransactionCoordinator {
 public:
  struct Services {
    storage::LogStore& store;
    CommitQueue& commits;
    runtime::Shard& home;
    PendingOffsets& offsets;
    // nullptr: there is no such partition.
    std::function<Partition*(std::string_view topic, std::int32_t partition)> find_partition;
    // A producer id that nobody has had. The callback runs now or later, on the home shard.
    std::function<void(absl::AnyInvocable<void(absl::StatusOr<std::int64_t>)>)> next_producer_id;
    // A marker as the protocol writes it.
    std::string (*marker_bytes)(const TransactionMarker& marker);
  };

  // Loads what `services.store` holds for the namespace. kDataLoss: it cannot be read.
  static absl::StatusOr<std::unique_ptr<TransactionCoordinator>> Open(
      const Namespace& name_space, Services services, TransactionSettings settings);
  TransactionCoordinator(const TransactionCoordinator&) = delete;
  TransactionCoordinator& operator=(const TransactionCoordinator&) = delete;

  // Makes the caller the only producer of its id: all before it are fenced. A transaction that is
  // open is aborted, and the answer meanwhile is kConcurrent. `done` runs as a later task.
  void InitProducer(const InitProducerRequest& request, TransactionDone done);

  // Adds partitions, or a group's offsets, to the producer's transaction, which begins where none
  // is open. What is submitted to the commit queue behind this is kept only with it; `kept` runs
  // when it is kept, or could not be, unless another answer than kNone is given.
  TransactionError AddPartitions(const ProducerClaim& claim, const PartitionsByTopic& partitions,
                                 CommitQueue::Done kept);
  TransactionError AddGroup(const ProducerClaim& claim, const std::string& group,
                            CommitQueue::Done kept);
  // kNone: the producer's transaction is open, and the partition, or the group, is part of it.
  TransactionError Verify(const ProducerClaim& claim, std::string_view topic,
                          std::int32_t partition) const;
  TransactionError VerifyGroup(const ProducerClaim& claim, std::string_view group) const;

  // Commits or aborts. `done` runs as a later task, when that is kept. With kEndsEpoch the producer
  // goes on under the identity of the answer.
  void End(const ProducerClaim& claim, bool commit, TransactionProtocol protocol,
           TransactionDone done);

  // nullopt: nobody has this id.
  std::optional<TransactionDescription> Describe(std::string_view transactional_id) const;
  std::vector<TransactionListing> List() const;

 private:
  struct Producer {
    Producer(runtime::Shard& home, const std::string& id)
        : label("transaction of '" + id + "'"),
          timeout(home.timers(), runtime::TimerKind::kTransaction, label) {}

    TransactionRecord record;
    bool kept = false;     // the record, as it is
    bool ending = false;   // a commit is under way on which the next state depends
    std::size_t bytes = 0;  // counted in bytes_
    const std::string label;
    runtime::Timer timeout;
  };
  using Producers = std::map<std::string, std::unique_ptr<Producer>, std::less<>>;
  // How a transaction ends, and who its producer is then.
  struct Ending {
    bool commit = false;
    std::int16_t marker_epoch = -1;
    TransactionRecord after;
  };

  TransactionCoordinator(const Namespace& name_space, Services services,
                         TransactionSettings settings);
  absl::Status Load();
  Producer* Find(std::string_view id) const;
  Producer& Create(const std::string& id);
  void Forget(const std::string& id);
  void Answer(TransactionDone& done, TransactionResult result);
  void Keep(const std::string& id, const TransactionRecord& record,
            storage::CommitBatch& batch) const;
  std::int64_t now() const { return services_.home.clock().UnixMillis(); }
  // Notes what the record takes; false: that is too much.
  bool Count(Producer& producer, const TransactionRecord& record, const std::string& id);

  // Whose it is, and whether anything can be done with it now.
  TransactionError Check(const ProducerClaim& claim, Producer*& found) const;
  TransactionRecord Begun(const TransactionRecord& record) const;
  TransactionError Add(const std::string& id, Producer& producer, TransactionRecord added,
                       CommitQueue::Done kept);

  // transaction_begin.cc: who is the producer.
  void Renew(const std::string& id, Producer& producer, const InitProducerRequest& request,
             TransactionDone done);
  void KeepIdentity(const std::string& id, TransactionRecord after, TransactionDone done);
  void WithNewId(const std::string& id, TransactionDone done,
                 absl::AnyInvocable<void(std::int64_t, TransactionDone)> then);

  // transaction_end.cc: how it ends.
  TransactionError CheckEnd(const ProducerClaim& claim, bool commit, TransactionProtocol protocol,
                            const Producer& producer, bool& ended_before) const;
  void EndOfClient(const std::string& id, Producer& producer, bool commit,
                   TransactionProtocol protocol, TransactionDone done);
  void Finish(const std::string& id, Producer& producer, Ending ending, TransactionDone done);
  void OnFinished(const std::string& id, TransactionState before, const TransactionRecord& after,
                  const absl::Status& status);
  // Aborts what is open in a new epoch, which nobody is given.
  void Fence(const std::string& id, Producer& producer);
  void ArmTimeout(const std::string& id, Producer& producer, runtime::Duration at_least);
  void ArmExpiry(runtime::Duration in);
  void Expire();

  const Services services_;
  const TransactionSettings settings_;
  const std::string key_prefix_;
  Producers producers_;
  std::size_t bytes_ = 0;
  runtime::Timer expiry_;
  // Posted tasks hold it weakly, to find out whether the coordinator is still there.
  std::shared_ptr<TransactionCoordinator*> self_ = std::make_shared<TransactionCoordinator*>(this);
};

}  // namespace wherry::core
