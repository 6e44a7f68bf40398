#include "tests/conformance/nats/nats_server.h"

#include <charconv>
#include <csignal>
#include <optional>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

#include "tests/conformance/nats/security_config.h"
#include "tests/conformance/support/child_process.h"
#include "tests/conformance/support/environment.h"
#include "tests/conformance/support/go_program.h"
#include "tests/conformance/support/raw_socket.h"
#include "tests/conformance/support/temp_folder.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

constexpr char kStockProgram[] = "nats-server";

std::string UrlOfPort(int port) { return "nats://127.0.0.1:" + std::to_string(port); }

// How many threads the environment asks for.
int WantedThreads() {
  const std::string wanted = Environment("WHERRY_TEST_THREADS");
  int threads = 1;
  std::from_chars(wanted.data(), wanted.data() + wanted.size(), threads);
  return threads;
}

class WherryServer final : public NatsServer {
 public:
  explicit WherryServer(const Setup& setup) {
    options_.nats = setup.nats;
    options_.threads = setup.threads > 0 ? setup.threads : WantedThreads();
    options_.listen = {UrlOfPort(0)};
    if (setup.monitored) options_.listen.push_back("http://127.0.0.1:0");
    StartAgain();
    if (broker_.has_value()) options_.listen = broker_->Urls();
  }

  std::string monitor_url() const override {
    return broker_.has_value() ? broker_->Url("http") : "";
  }

  std::string url() const override { return broker_.has_value() ? broker_->Url("nats") : ""; }

  void Stop() override {
    if (!broker_.has_value()) return;
    EXPECT_TRUE(broker_->Stop().ok());
    broker_.reset();
  }

  void StartAgain() override {
    StatusOr<Broker> started = Broker::Start(options_);
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
  }

 private:
  Options options_;
  std::optional<Broker> broker_;
};

// In nats-server's configuration language.
void AddTls(const NatsOptions& options, std::ostream& config) {
  if (!options.tls.has_value()) return;
  const TlsOptions& tls = *options.tls;
  const auto seconds = [](std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
  };
  config << "tls {\n cert_file: \"" << tls.cert_file << "\"\n key_file: \"" << tls.key_file
         << "\"\n timeout: " << seconds(tls.timeout) << "\n";
  if (!tls.ca_file.empty()) config << " ca_file: \"" << tls.ca_file << "\"\n";
  if (tls.verify) config << " verify: true\n";
  if (tls.handshake_first == TlsOptions::HandshakeFirst::kAlways) {
    config << " handshake_first: true\n";
  }
  if (tls.handshake_first == TlsOptions::HandshakeFirst::kAuto) {
    config << " handshake_first: \"" << seconds(tls.handshake_first_wait) << "s\"\n";
  }
  if (tls.connection_rate_limit > 0) {
    config << " connection_rate_limit: " << tls.connection_rate_limit << "\n";
  }
  if (!tls.pinned_certs.empty()) config << " pinned_certs: [\"" << tls.pinned_certs[0] << "\"]\n";
  config << "}\n";
  if (options.allow_non_tls) config << "allow_non_tls: true\n";
}

class StockServer final : public NatsServer {
 public:
  StockServer(std::string program, const Setup& setup)
      : program_(std::move(program)), port_(FreePort()) {
    const NatsOptions& options = setup.nats;
    std::ostringstream config;
    config << "listen: 127.0.0.1:" << port_ << "\nmax_payload: " << options.max_payload
           << "\nmax_control_line: " << options.max_control_line
           << "\nmax_pending: " << options.max_pending << "\n";
    config << SecurityConfig(options);
    AddTls(options, config);
    if (setup.monitored) {
      monitor_port_ = FreePort();
      config << "http: 127.0.0.1:" << monitor_port_ << "\nno_system_account: true\n";
    }
    WriteFile(folder_.File("server.conf"), config.str());
    StartAgain();
  }

  std::string url() const override { return UrlOfPort(port_); }

  std::string monitor_url() const override {
    return "http://127.0.0.1:" + std::to_string(monitor_port_);
  }

  void Stop() override {
    if (!process_.has_value()) return;
    process_->Signal(SIGINT);
    EXPECT_TRUE(process_->AwaitExit().has_value());
    process_.reset();
  }

  void StartAgain() override {
    process_.emplace(std::vector<std::string>{program_, "-c", folder_.File("server.conf")});
    // It says when it is ready only in its log, so knock until it answers or is gone.
    const Deadline deadline;
    // Where connections are counted, a knock would be one.
    const auto is_ready = [&] {
      return monitor_port_ == 0 ? Accepts(port_)
                                : process_->Errors().find("Server is ready") != std::string::npos;
    };
    while (!is_ready()) {
      ASSERT_FALSE(deadline.Passed()) << process_->Errors();
      ASSERT_FALSE(process_->AwaitExit(std::chrono::milliseconds(5)).has_value())
          << process_->Errors();
    }
  }

 private:
  std::string program_;
  TempFolder folder_;
  int port_;
  int monitor_port_ = 0;  // 0: none
  std::optional<ChildProcess> process_;
};

class RemoteServer final : public NatsServer {
 public:
  std::string url() const override { return Environment("WHERRY_TEST_NATS_URL"); }
  void Stop() override { ADD_FAILURE() << "a remote server cannot be stopped from here"; }
  void StartAgain() override { ADD_FAILURE() << "a remote server cannot be started from here"; }
};

const GoProgram& Newest() {
  static const GoProgram* const program = [] {
    const std::string wanted = Environment("WHERRY_TEST_NEWEST_NATS_SERVER");
    return new GoProgram(wanted.empty() ? GoProgram::Install(NatsServer::kNewestPackage)
                                        : GoProgram{wanted, ""});
  }();
  return *program;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, NatsServer::Kind kind) {
  static constexpr const char* kNames[] = {"Wherry", "Stock", "Newest", "Remote"};
  return out << kNames[static_cast<int>(kind)];
}

NatsServer::Kind NatsServer::Wanted() {
  if (!Environment("WHERRY_TEST_NATS_URL").empty()) return Kind::kRemote;
  return Environment("WHERRY_TEST_NATS_SERVER").empty() ? Kind::kWherry : Kind::kStock;
}

std::string NatsServer::WhyMissing(Kind kind) {
  if (kind == Kind::kStock && Environment("WHERRY_TEST_NATS_SERVER").empty() &&
      !HasProgram(kStockProgram)) {
    return "nats-server is not installed";
  }
  return kind == Kind::kNewest ? Newest().missing : "";
}

std::unique_ptr<NatsServer> NatsServer::Start(Kind kind, const Setup& setup) {
  const std::string wanted = Environment("WHERRY_TEST_NATS_SERVER");
  std::unique_ptr<NatsServer> server;
  if (kind == Kind::kWherry) server = std::make_unique<WherryServer>(setup);
  if (kind == Kind::kStock) {
    server = std::make_unique<StockServer>(wanted.empty() ? kStockProgram : wanted, setup);
  }
  if (kind == Kind::kNewest) server = std::make_unique<StockServer>(Newest().path, setup);
  if (kind == Kind::kRemote) server = std::make_unique<RemoteServer>();
  return ::testing::Test::HasFatalFailure() ? nullptr : std::move(server);
}

}  // namespace wherry::conformance
