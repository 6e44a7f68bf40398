#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/measurement.h"

namespace wherry::bench {

// What to load a Kafka broker with. A value.
struct KafkaLoad {
  std::string bootstrap;
  std::string topic = "bench";
  int partitions = 1;
  std::size_t payload = 1024;
  std::uint64_t per_partition = 0;  // records
  pid_t pid = 0;                    // the broker's process, for CPU and memory; 0: nobody's
  double stall_seconds = 30;

  std::uint64_t records() const { return per_partition * static_cast<std::uint64_t>(partitions); }
};

// Creates the topic where the broker can, and checks that it has that many partitions.
absl::Status CreateTopic(const KafkaLoad& load);

// Produces all records with acks=all and linger 5 ms. Every delivery report must come, without an
// error and with the next offset of its partition.
absl::StatusOr<Measurement> Produce(const KafkaLoad& load);

// Consumes everything from the start. Each partition must hold exactly what was produced, in order.
absl::StatusOr<Measurement> Consume(const KafkaLoad& load);

// Produces one record at a time, `rate` a second, without linger, and takes the time until a
// consumer that waits has it.
absl::StatusOr<Measurement> MeasureLatency(const KafkaLoad& load, double rate);

}  // namespace wherry::bench
