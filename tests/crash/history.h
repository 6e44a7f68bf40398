#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/crashable.h"
#include "tests/crash/fetched_log.h"
#include "tests/crash/kafka_caller.h"

namespace wherry::crash {

// A random history of producers, transactions, groups and crashes, and what must hold of it:
// - an acknowledged record is there, once, at the offset of its acknowledgement, after any crash;
// - a record that was sent and never acknowledged is there at most once;
// - of a transaction that was committed all is read, of one that was aborted, or is not ended,
//   nothing by those who read what is committed; one whose end was never answered is either;
// - committed offsets of a group never go back, and are what was acknowledged or sent since.
//
// Everything it does follows from its seed but the broker's own threads.
// Threads: one at a time. Owned by the test.
class History {
 public:
  History(Crashable& server, std::uint32_t seed);

  // `steps` random ones, then a look at everything.
  void Run(int steps);

  // What it has done, to tell that it did something.
  int crashes() const { return crashes_; }
  std::size_t acknowledged() const { return acknowledged_; }
  int transactions() const { return transactions_; }

 private:
  enum class Fate { kUnknown, kAcknowledged, kRefused };
  struct Written {
    Fate fate = Fate::kUnknown;
    std::int64_t offset = -1;
    int transaction = -1;  // of which it is a part; -1: of none
  };
  struct Producer {
    std::string transactional_id;  // empty: an idempotent producer without transactions
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    std::map<int, std::int32_t> next_sequence;  // by partition
    int transaction = -1;                       // the open one
    std::vector<int> in_transaction;            // partitions added to it
  };
  enum class End { kOpen, kCommitted, kAborted, kUnknownCommit, kUnknownAbort };

  void Note(std::string what);
  int Below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  void Step();
  void Produce(Producer& producer);
  bool SendBatch(Producer& producer, int partition, const std::vector<std::string>& values,
                 bool crash_before_answer);
  bool Begin(Producer& producer, int partition);
  void EndTransaction(Producer& producer);
  void Initialize(Producer& producer);
  void CommitOffset();
  void Crash();
  std::optional<boost::json::value> AnswerTo(bool crash);
  void Check();
  void CheckPartition(int partition);
  void CheckCommittedReads(int partition);
  void CheckOffsets();
  std::vector<FetchedLog::Entry> Fetch(int partition, bool committed_only);

  Crashable& server_;
  std::mt19937 random_;
  KafkaCaller caller_;
  std::vector<Producer> producers_;
  std::vector<std::map<std::string, Written>> written_;  // by partition, by value
  std::vector<End> ends_;                                // of each transaction
  std::map<int, std::pair<std::int64_t, std::int64_t>> offsets_;  // acknowledged, sent
  std::deque<std::string> trace_;  // what was done last, for people
  int values_ = 0;
  int crashes_ = 0;
  int transactions_ = 0;
  std::size_t acknowledged_ = 0;
};

}  // namespace wherry::crash
