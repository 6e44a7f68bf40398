// What it costs to give each test a world of its own: a namespace of a shared broker, a shared
// broker emptied between tests, a broker or a server each; with the least that a NATS test does, or
// one acknowledged Kafka record. Prints a Markdown table.
#include <csignal>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/first_delivery.h"
#include "tests/bench/process_meter.h"
#include "tests/bench/server_process.h"
#include "tests/bench/stamp.h"
#include "wherry/broker.h"

namespace wherry::bench {
namespace {

constexpr int kPatienceMs = 10'000;

absl::Status AsAbsl(const Status& status) {
  return status.ok() ? absl::OkStatus() : absl::InternalError(status.ToString());
}

absl::Status NatsTest(const std::string& url) {
  const absl::StatusOr<Address> address = Address::Parse(url);
  return address.ok() ? DeliverOne(*address) : address.status();
}

// One record, acknowledged. `mock`: librdkafka's own cluster instead of `bootstrap`.
absl::Status KafkaTest(const std::string& bootstrap, bool mock) {
  char error[256] = "";
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "linger.ms", "0", error, sizeof error);
  rd_kafka_conf_set(conf, "log_level", "3", error, sizeof error);  // a mock cluster says what it is
  if (mock) {
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", error, sizeof error);
  } else {
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), error, sizeof error);
  }
  std::optional<rd_kafka_resp_err_t> outcome;
  rd_kafka_conf_set_opaque(conf, &outcome);
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* to) {
    *static_cast<std::optional<rd_kafka_resp_err_t>*>(to) = message->err;
  });
  rd_kafka_t* const producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (producer == nullptr) return absl::InternalError(error);
  rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("orders"), RD_KAFKA_V_VALUE((void*)"one", 3),
                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  rd_kafka_flush(producer, kPatienceMs);
  rd_kafka_destroy(producer);
  if (!outcome.has_value()) return absl::DeadlineExceededError("no record was acknowledged");
  if (*outcome == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::InternalError(rd_kafka_err2str(*outcome));
}

// One way of isolating tests: how its world begins, what the test does in it, how it ends.
struct Way {
  std::string name;
  std::string client;
  int tests;
  std::function<absl::Status()> begin, test, end;
};

struct Figures {
  std::vector<double> begins, ends, wholes;
};

absl::Status RunWay(const Way& way, Figures& figures) {
  for (int i = 0; i < way.tests; ++i) {
    const double start = Now();
    if (absl::Status status = way.begin(); !status.ok()) return status;
    const double begun = Now();
    if (absl::Status status = way.test(); !status.ok()) return status;
    const double tested = Now();
    if (absl::Status status = way.end(); !status.ok()) return status;
    const double ended = Now();
    figures.begins.push_back(begun - start);
    figures.ends.push_back(ended - tested);
    figures.wholes.push_back(ended - start);
  }
  return absl::OkStatus();
}

absl::Status Nothing() { return absl::OkStatus(); }

// Ways that share `broker`, for one client. `test` gets the URL or address of its world.
void AddShared(Broker& broker, const std::string& client, int tests,
               const std::function<absl::Status(Namespace&)>& test, std::vector<Way>& ways) {
  const auto world = std::make_shared<std::optional<Namespace>>();
  ways.push_back({"Wherry, a namespace each", client, tests,
                  [&broker, world] {
                    StatusOr<Namespace> made = broker.NewNamespace("test");
                    if (made.ok()) world->emplace(std::move(made).value());
                    return AsAbsl(made.status());
                  },
                  [world, test] { return test(**world); },
                  [world] {
                    world->reset();
                    return absl::OkStatus();
                  }});
  ways.push_back({"Wherry, Reset after each", client, tests, Nothing,
                  [&broker, test] { return test(broker.default_namespace()); },
                  [&broker] { return AsAbsl(broker.Reset()); }});
  const auto own = std::make_shared<std::optional<Broker>>();
  ways.push_back({"Wherry, a broker each", client, tests,
                  [own] {
                    StatusOr<Broker> started = Broker::Start({});
                    if (started.ok()) own->emplace(std::move(started).value());
                    return AsAbsl(started.status());
                  },
                  [own, test] { return test((*own)->default_namespace()); },
                  [own] {
                    const absl::Status stopped = AsAbsl((*own)->Stop());
                    own->reset();
                    return stopped;
                  }});
}

Way ServerEach(const std::string& program, int tests) {
  const auto server = std::make_shared<std::optional<ServerProcess>>();
  return {absl::StrCat(program, ", a process each"), "NATS", tests,
          [program, server] {
            auto started = ServerProcess::Start({program, "-a", "127.0.0.1", "-p", "{port}"});
            if (started.ok()) server->emplace(*std::move(started));
            return started.status();
          },
          [server] { return DeliverOne((*server)->nats()); },
          [server] {
            server->reset();
            return absl::OkStatus();
          }};
}

// By the median test: librdkafka sometimes asks for a topic while it learns of its broker, and then
// asks again after a second.
void PrintRow(const Way& way, const Figures& figures) {
  const auto microseconds = [](const std::vector<double>& seconds, double percent) {
    return Percentile(seconds, percent) * 1e6;
  };
  std::printf("| %s | %s | %.0f / %.0f | %.0f / %.0f | %.0f |\n", way.name.c_str(),
              way.client.c_str(), microseconds(figures.begins, 50),
              microseconds(figures.begins, 99), microseconds(figures.ends, 50),
              microseconds(figures.ends, 99), 1 / Percentile(figures.wholes, 50));
}

int Main(int argc, char** argv) {
  CLI::App app("Measures isolated tests: how their worlds begin and end, and how many a second.");
  int rounds = 5, nats_tests = 400, kafka_tests = 40;
  std::vector<std::string> servers;
  app.add_option("--rounds", rounds, "alternating rounds")->check(CLI::PositiveNumber);
  app.add_option("--nats-tests", nats_tests, "tests of a round and way, a tenth with processes");
  app.add_option("--kafka-tests", kafka_tests, "tests of a round and way");
  app.add_option("server", servers, "nats-server programs to compare with");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  FillPattern();  // built before anything is measured

  Broker shared = Broker::Start({}).value();
  std::vector<Way> ways;
  AddShared(shared, "NATS", nats_tests,
            [](Namespace& world) { return NatsTest(world.Url("nats")); }, ways);
  for (const std::string& server : servers) ways.push_back(ServerEach(server, nats_tests / 10));
  AddShared(shared, "Kafka", kafka_tests,
            [](Namespace& world) { return KafkaTest(world.Address("kafka"), false); }, ways);
  ways.push_back({"librdkafka's mock cluster each", "Kafka", kafka_tests, Nothing,
                  [] { return KafkaTest("", true); }, Nothing});

  std::vector<Figures> figures(ways.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const absl::Status status = RunWay(ways[i], figures[i]);
      if (status.ok()) continue;
      std::fprintf(stderr, "FAILED: %s: %s\n", ways[i].name.c_str(), status.ToString().c_str());
      return 1;
    }
  }
  std::printf(
      "| a world for each test | client | begin p50 / p99 us | end p50 / p99 us | tests/s |\n"
      "|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < ways.size(); ++i) PrintRow(ways[i], figures[i]);
  return 0;
}

}  // namespace
}  // namespace wherry::bench

int main(int argc, char** argv) { return wherry::bench::Main(argc, argv); }
