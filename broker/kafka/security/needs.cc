#include "broker/kafka/security/needs.h"

#include <algorithm>

namespace wherry::kafka {

namespace {

using Op = AclOperation;

struct Row {
  std::int16_t api_key;
  ApiNeeds needs;
};

// As Kafka's documentation lists it ("Operations and Resources on Protocols"), by API key.
constexpr Row kTable[] = {
    {0 /* Produce */, {.transactional_id = Op::kWrite, .topic = Op::kWrite}},
    {1 /* Fetch */, {.by_handler = true}},
    {2 /* ListOffsets */, {.topic = Op::kDescribe}},
    {3 /* Metadata */, {.by_handler = true}},
    {8 /* OffsetCommit */, {.group = Op::kRead, .topic = Op::kRead}},
    {9 /* OffsetFetch */, {.group = Op::kDescribe}},
    {10 /* FindCoordinator */, {.transactional_id = Op::kDescribe, .group = Op::kDescribe}},
    {11 /* JoinGroup */, {.group = Op::kRead}},
    {12 /* Heartbeat */, {.group = Op::kRead}},
    {13 /* LeaveGroup */, {.group = Op::kRead}},
    {14 /* SyncGroup */, {.group = Op::kRead}},
    {15 /* DescribeGroups */, {.group = Op::kDescribe}},
    {16 /* ListGroups */, {.by_handler = true}},
    {17 /* SaslHandshake */, {.open = true}},
    {18 /* ApiVersions */, {.open = true}},
    {19 /* CreateTopics */,
     {.cluster = Op::kCreate, .cluster_suffices = true, .topic = Op::kCreate}},
    {20 /* DeleteTopics */, {.topic = Op::kDelete}},
    {21 /* DeleteRecords */, {.topic = Op::kDelete}},
    {22 /* InitProducerId */, {.transactional_id = Op::kWrite, .idempotent_write = true}},
    {23 /* OffsetForLeaderEpoch */,
     {.cluster = Op::kClusterAction, .cluster_suffices = true, .topic = Op::kDescribe}},
    {24 /* AddPartitionsToTxn */,
     {.transactional_id = Op::kWrite,
      .topic = Op::kWrite,
      .together = true,
      .brokers_since = 4}},
    {25 /* AddOffsetsToTxn */, {.transactional_id = Op::kWrite, .group = Op::kRead}},
    {26 /* EndTxn */, {.transactional_id = Op::kWrite}},
    {27 /* WriteTxnMarkers */, {.cluster = Op::kAlter}},
    {28 /* TxnOffsetCommit */,
     {.transactional_id = Op::kWrite, .group = Op::kRead, .topic = Op::kRead}},
    {29 /* DescribeAcls */, {.cluster = Op::kDescribe}},
    {30 /* CreateAcls */, {.cluster = Op::kAlter}},
    {31 /* DeleteAcls */, {.cluster = Op::kAlter}},
    {32 /* DescribeConfigs */, {.configs = Op::kDescribeConfigs}},
    {33 /* AlterConfigs */, {.configs = Op::kAlterConfigs}},
    {34 /* AlterReplicaLogDirs */, {.cluster = Op::kAlter}},
    {35 /* DescribeLogDirs */, {.cluster = Op::kDescribe}},
    {36 /* SaslAuthenticate */, {.open = true}},
    {37 /* CreatePartitions */, {.topic = Op::kAlter}},
    {42 /* DeleteGroups */, {.group = Op::kDelete}},
    {43 /* ElectLeaders */, {.cluster = Op::kAlter}},
    {44 /* IncrementalAlterConfigs */, {.configs = Op::kAlterConfigs}},
    {45 /* AlterPartitionReassignments */, {.cluster = Op::kAlter}},
    {46 /* ListPartitionReassignments */, {.cluster = Op::kDescribe}},
    {47 /* OffsetDelete */, {.group = Op::kDelete, .topic = Op::kRead}},
    {48 /* DescribeClientQuotas */, {.cluster = Op::kDescribeConfigs}},
    {49 /* AlterClientQuotas */, {.cluster = Op::kAlterConfigs}},
    {50 /* DescribeUserScramCredentials */, {.cluster = Op::kDescribe}},
    {51 /* AlterUserScramCredentials */, {.cluster = Op::kAlter}},
    {55 /* DescribeQuorum */, {.cluster = Op::kDescribe}},
    {57 /* UpdateFeatures */, {.cluster = Op::kAlter}},
    {60 /* DescribeCluster */, {.by_handler = true}},
    {61 /* DescribeProducers */, {.topic = Op::kRead}},
    {64 /* UnregisterBroker */, {.cluster = Op::kAlter}},
    {65 /* DescribeTransactions */, {.transactional_id = Op::kDescribe}},
    {66 /* ListTransactions */, {.by_handler = true}},
    {68 /* ConsumerGroupHeartbeat */,
     {.group = Op::kRead, .topic = Op::kDescribe, .whole = true}},
    {69 /* ConsumerGroupDescribe */, {.group = Op::kDescribe}},
    {71 /* GetTelemetrySubscriptions */, {.open = true}},
    {72 /* PushTelemetry */, {.open = true}},
    {74 /* ListConfigResources */, {.cluster = Op::kDescribeConfigs}},
    {75 /* DescribeTopicPartitions */, {.by_handler = true}},
};

}  // namespace

const ApiNeeds* NeedsOf(std::int16_t api_key) {
  const auto* const found = std::lower_bound(
      std::begin(kTable), std::end(kTable), api_key,
      [](const Row& row, std::int16_t key) { return row.api_key < key; });
  return found != std::end(kTable) && found->api_key == api_key ? &found->needs : nullptr;
}

}  // namespace wherry::kafka
