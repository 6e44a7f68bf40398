// Runs librdkafka's mock broker as a process of its own, the ceiling of what its client can load.
// It keeps the last 5 MB of a partition only. Prints where it listens, ends at SIGTERM or SIGINT.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// Arguments: topic:partitions ...
int main(int argc, char** argv) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);  // before librdkafka starts its threads
  char error[512] = "";
  rd_kafka_t* const client =
      rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
  rd_kafka_mock_cluster_t* const cluster =
      client == nullptr ? nullptr : rd_kafka_mock_cluster_new(client, 1);
  if (cluster == nullptr) {
    std::fprintf(stderr, "no mock cluster: %s\n", error);
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    char* const colon = std::strchr(argv[i], ':');
    const int partitions = colon == nullptr ? 0 : std::atoi(colon + 1);
    if (colon != nullptr) *colon = '\0';
    if (rd_kafka_mock_topic_create(cluster, argv[i], partitions, 1) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      std::fprintf(stderr, "not topic:partitions: %s\n", argv[i]);
      return 2;
    }
  }
  std::printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(client);
  return 0;
}
