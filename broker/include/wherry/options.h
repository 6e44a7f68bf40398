#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/clock.h"
#include "wherry/kafka_security_options.h"
#include "wherry/nats_options.h"

namespace wherry {

// What an acknowledged Kafka record or committed offset has survived. Without a data directory
// everything is in memory and this has no effect.
enum class SyncMode {
  kCommit,  // power loss: every acknowledgement waits for a sync that it shares with all that wait
  kInterval,  // kill -9 of the process; power loss costs at most the last second
  kOs,        // kill -9 of the process; power loss costs what the kernel had not written yet
};

// How much a log line matters.
enum class LogLevel { kError, kWarning, kInfo, kDebug, kTrace };

// At which HTTP listeners POST /control/... changes the broker's state, as tests do from another
// process: whoever reaches one of them can read and delete everything.
enum class ControlAccess {
  kOff,
  kLoopback,    // those at 127.0.0.1, ::1 and localhost
  kEverywhere,  // all
};

// How the broker's Kafka side behaves.
struct KafkaOptions {
  // Partitions of a topic that is created without naming a number.
  std::int32_t default_partitions = 1;
  // How many Kafka brokers the process poses as, 1 to 100: node ids from 1 on. Each has a listener
  // for every Kafka listener that is given, which is node 1's: the others take the ports behind it,
  // or free ones where it has a free one.
  std::int32_t nodes = 1;
  // Whether a replication factor above `nodes` is refused, as by Kafka, and replicas that are
  // assigned to nodes that there are not. If not, such a topic has as many replicas as there are
  // nodes: what was written for a cluster runs on one.
  bool strict = false;
  // Whether producing to, or asking for, an unknown topic creates it.
  bool auto_create_topics = true;
  // How long the first member of a new group waits for others before partitions are assigned
  // (group.initial.rebalance.delay.ms, KIP-134). Kafka's default is 3 s.
  std::chrono::milliseconds initial_rebalance_delay{0};
  // Who may connect to its listeners, and do what. Without it: everybody, everything.
  KafkaSecurityOptions security;
};

// How a Broker is to run. `Options{}` is a broker for a test: in memory, on free loopback ports,
// silent.
struct Options {
  // Where data is kept, created if it is missing. Empty: in memory only, nothing is left behind.
  std::string data_dir;
  SyncMode sync = SyncMode::kCommit;
  // Without a data directory: a disk in memory that is the broker's own, for tests of crashes. What
  // is synced (as `sync` says) survives Broker::Crash and Restart; it ends with the Broker.
  bool simulated_disk = false;

  // Where to listen: "nats://127.0.0.1:4222", "kafka://localhost:0", "http://[::1]:8222", and
  // "https://...", which uses the certificate and key of nats.tls; for Kafka's other security
  // protocols "kafka+ssl://...", "kafka+sasl_plaintext://..." and "kafka+sasl_ssl://...". Port 0
  // takes a free one; "localhost" is 127.0.0.1 and ::1 with the same port, and "*" every address of
  // the machine, of IPv4 and IPv6. Empty: one listener of each protocol on a free port of
  // 127.0.0.1.
  std::vector<std::string> listen;
  // Threads that serve NATS connections, each with a share of them; 0: as many as the machine has
  // cores, at most 8. One is right for tests, and for a machine that clients share.
  int threads = 1;

  // "host" or "host:port" that Kafka clients are told to connect to. Empty: the address at which
  // the client reached us.
  std::string advertise;

  // Bytes of records the broker may hold in memory; reached, produce requests fail with a clear
  // error until something is deleted. 0: no limit.
  std::uint64_t memory_limit = 0;

  // How many of the clients' latest operations each namespace remembers, for
  // Namespace::Requests, Lint, and what ExplainRoute tells of the past. 0: none, at no cost; with a
  // history NATS handles its messages one by one. wherry/testing.h sets it.
  std::size_t history = 0;

  // Which clock all timers and timestamps go by; with kVirtual, a test moves it (Broker::clock).
  ClockMode clock = ClockMode::kReal;

  NatsOptions nats;
  KafkaOptions kafka;

  ControlAccess control = ControlAccess::kLoopback;

  // Receives log lines, from the broker's threads; must not block. Empty: they are dropped.
  std::function<void(LogLevel, std::string_view line)> log;
};

}  // namespace wherry
