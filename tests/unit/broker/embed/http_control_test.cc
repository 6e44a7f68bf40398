// The operations over HTTP, and who may call them.
#include <future>

#include <boost/json.hpp>

#include "tests/conformance/support/http_client.h"
#include "tests/conformance/support/raw_socket.h"
#include "tests/unit/broker/embed/embed_fixture.h"

namespace wherry {
namespace {

using conformance::HttpAnswer;
using conformance::HttpControl;
using conformance::HttpGet;
using conformance::HttpSend;
using ::testing::HasSubstr;

constexpr char kJson[] = "Host: localhost\r\nContent-Type: application/json\r\n";

class HttpControlTest : public ::testing::Test {
 protected:
  HttpAnswer Call(const std::string& target, const std::string& json) {
    return HttpControl(broker_.Url("http"), target, json);
  }

  Broker broker_ = Broker::Start({}).value();
};

TEST_F(HttpControlTest, AnOperationIsAPath) {
  NatsSubscription subscription = broker_.nats().Subscribe("s").value();
  const HttpAnswer answer = Call("/control/nats/publish", R"({"subject": "s", "payload": "p"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body, "{}\n");
  EXPECT_EQ(subscription.Next(kPatience).value().payload, "p");
  EXPECT_EQ(Call("/control/kafka/topics", "").body, "{\"topics\":[]}\n");
}

TEST_F(HttpControlTest, AnErrorHasItsNameAndAStatusThatFits) {
  const HttpAnswer answer = Call("/control/kafka/records", R"({"topic": "orders"})");
  EXPECT_EQ(answer.status, 404);
  const auto error = boost::json::parse(answer.body).at("error");
  EXPECT_EQ(error.at("status"), "not_found");
  EXPECT_THAT(std::string(error.at("message").as_string()), HasSubstr("orders"));
  EXPECT_EQ(Call("/control/nats/publish", "{}").status, 400);
  EXPECT_EQ(Call("/control/nats/shout", "{}").status, 404);
  EXPECT_EQ(Call("/control/nats/request", R"({"subject": "nobody"})").status, 503);
}

TEST_F(HttpControlTest, ANamespaceHasItAtItsOwnListener) {
  Namespace space = broker_.NewNamespace("mine").value();
  EXPECT_EQ(HttpControl(space.Url("http"), "/control/kafka/create_topic", R"({"topic": "t"})")
                .status,
            200);
  EXPECT_EQ(space.kafka().Topics().value(), std::vector<std::string>{"t"});
  EXPECT_EQ(broker_.kafka().Topics().value(), std::vector<std::string>{});
}

TEST_F(HttpControlTest, ANamespaceEndsWithTheCallThatSaysSo) {
  const auto made = boost::json::parse(Call("/control/namespace/new", R"({"name": "n"})").body);
  const std::string url(made.at("urls").at("http").at(0).as_string());
  EXPECT_EQ(HttpControl(url, "/control/reset", "").status, 200);
  EXPECT_EQ(HttpControl(url, "/control/namespace/remove", "").status, 200);
  EXPECT_EQ(Call("/control/kafka/topics", R"({"namespace": "n"})").status, 404);
}

TEST_F(HttpControlTest, GetListsTheOperations) {
  const HttpAnswer answer = HttpGet(broker_.Url("http"), "/control");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("nats.publish"));
}

TEST_F(HttpControlTest, CallsThatWaitDoNotKeepOthersFromTheirTurn) {
  const std::string number =
      boost::json::serialize(boost::json::parse(
          Call("/control/nats/subscribe", R"({"subject": "s"})").body).at("subscription"));
  auto waiting = std::async(std::launch::async, [&] {
    return Call("/control/nats/next", "{\"subscription\": " + number + ", \"timeout_ms\": 20000}");
  });
  EXPECT_EQ(Call("/control/nats/publish", R"({"subject": "s", "payload": "came"})").status, 200);
  EXPECT_THAT(waiting.get().body, HasSubstr("came"));
}

TEST_F(HttpControlTest, TheEndOfTheBrokerEndsCallsThatWait) {
  Call("/control/nats/subscribe", R"({"subject": "s"})");
  Call("/control/hold", R"({"on": "nats.PUB"})");
  const std::pair<const char*, const char*> calls[] = {
      {"nats/next", R"({"subscription": 1, "timeout_ms": 3600000})"},
      {"hold/wait", R"({"hold": 1, "limit_ms": 3600000})"},
      {"await", R"({"condition": "nats.subscribed other", "limit_ms": 3600000})"},
  };
  std::vector<conformance::RawSocket> waiting;
  for (const auto& [path, json] : calls) {
    const std::string body = json;
    waiting.emplace_back(conformance::AddressOfUrl(broker_.Url("http")))
        .Send("POST /control/" + std::string(path) + " HTTP/1.1\r\n" + kJson +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  // Read on the same shard, behind those above, which have begun or never will.
  EXPECT_EQ(Call("/control/kafka/topics", "").status, 200);
  EXPECT_TRUE(broker_.Stop().ok());
  for (conformance::RawSocket& socket : waiting) EXPECT_TRUE(socket.AwaitClosed());
}

TEST_F(HttpControlTest, APageOfTheOpenWebIsRefused) {
  const auto send = [this](const std::string& method, const std::string& headers) {
    return HttpSend(broker_.Url("http"), method, "/control/kafka/topics", headers, "{}");
  };
  const HttpAnswer form =
      send("POST", "Host: localhost\r\nContent-Type: text/plain;charset=UTF-8\r\n");
  EXPECT_EQ(form.status, 415);
  EXPECT_EQ(send("POST", "Host: evil.example\r\nContent-Type: application/json\r\n").status, 403);
  EXPECT_EQ(send("OPTIONS", kJson).status, 405);
  EXPECT_EQ(send("GET", kJson).status, 405);
  for (const char* host : {"localhost", "localhost:1", "127.0.0.1:1", "[::1]:1", "[::1]", ""}) {
    EXPECT_EQ(send("POST", "Host: " + std::string(host) + "\r\nContent-Type: application/json\r\n")
                  .status,
              200)
        << host;
  }
}

TEST(HttpControlAccessTest, OnlyWhereItIsAllowed) {
  const auto status = [](const Options& options) {
    Broker broker = Broker::Start(options).value();
    const std::string port = broker.Address("http").substr(broker.Address("http").rfind(':'));
    return HttpControl("http://127.0.0.1" + port, "/control/kafka/topics", "").status;
  };
  EXPECT_EQ(status({.listen = {"http://localhost:0"}}), 200);
  EXPECT_EQ(status({.listen = {"http://0.0.0.0:0"}}), 404);
  EXPECT_EQ(status({.listen = {"http://*:0"}}), 404);
  EXPECT_EQ(status({.listen = {"http://0.0.0.0:0"}, .control = ControlAccess::kEverywhere}), 200);
  EXPECT_EQ(status({.listen = {"http://127.0.0.1:0"}, .control = ControlAccess::kOff}), 404);
}

}  // namespace
}  // namespace wherry
