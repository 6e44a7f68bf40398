// Requests: answers, no responders, time-outs; and headers, which travel the same way.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

class NatsRequestReplyTest : public NatsTest {
 protected:
  // Answers every request at `subject` with "re: " and the request.
  static NatsSub Responder(const NatsConnection& connection, const std::string& subject) {
    const auto respond = [](natsConnection* connection, natsSubscription*, natsMsg* request,
                            void*) {
      const std::string answer =
          "re: " + std::string(natsMsg_GetData(request),
                               static_cast<std::size_t>(natsMsg_GetDataLength(request)));
      natsConnection_PublishString(connection, natsMsg_GetReply(request), answer.c_str());
      natsMsg_Destroy(request);
    };
    natsSubscription* responder = nullptr;
    EXPECT_EQ(
        natsConnection_Subscribe(&responder, connection.get(), subject.c_str(), respond, nullptr),
        NATS_OK);
    Flush(connection);
    return NatsSub(responder);
  }

  struct Answer {
    natsStatus status;
    std::string data;
  };
  static Answer Request(const NatsConnection& connection, const std::string& subject,
                        const std::string& data, std::chrono::milliseconds patience = kPatience) {
    natsMsg* message = nullptr;
    const natsStatus status = natsConnection_RequestString(
        &message, connection.get(), subject.c_str(), data.c_str(), patience.count());
    const NatsMsg owner(message);
    return {status, std::string(DataOf(owner))};
  }
};

TEST_F(NatsRequestReplyTest, TheAnswerComesBackToWhoAsked) {
  const NatsConnection server = Connect(url());
  const NatsConnection client = Connect(url());
  const NatsSub responder = Responder(server, Subject("user.info"));

  const Answer answer = Request(client, Subject("user.info"), "123");

  EXPECT_EQ(answer.status, NATS_OK);
  EXPECT_EQ(answer.data, "re: 123");
}

TEST_F(NatsRequestReplyTest, OldStyleInboxesWorkToo) {
  const NatsConnection server = Connect(url());
  const NatsConnectOptions old_style = ConnectOptions(url());
  ASSERT_EQ(natsOptions_UseOldRequestStyle(old_style.get(), true), NATS_OK);
  const NatsConnection client = Connect(old_style);
  const NatsSub responder = Responder(server, Subject("user.info"));

  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Request(client, Subject("user.info"), std::to_string(i)).data,
              "re: " + std::to_string(i));
  }
}

TEST_F(NatsRequestReplyTest, WithNobodySubscribedTheClientLearnsItAtOnce) {
  const NatsConnection client = Connect(url());
  const Answer answer = Request(client, Subject("nobody"), "?");
  EXPECT_EQ(answer.status, NATS_NO_RESPONDERS) << natsStatus_GetText(answer.status);
}

TEST_F(NatsRequestReplyTest, AResponderThatHasLeftIsNoResponder) {
  const NatsConnection server = Connect(url());
  const NatsConnection client = Connect(url());
  const NatsSub responder = Responder(server, Subject("user.info"));
  ASSERT_EQ(Request(client, Subject("user.info"), "x").status, NATS_OK);

  ASSERT_EQ(natsSubscription_Unsubscribe(responder.get()), NATS_OK);
  Flush(server);

  EXPECT_EQ(Request(client, Subject("user.info"), "x").status, NATS_NO_RESPONDERS);
}

TEST_F(NatsRequestReplyTest, ASubscriberThatDoesNotAnswerMakesTheRequestTimeOut) {
  const NatsConnection silent = Connect(url());
  const NatsConnection client = Connect(url());
  const NatsSub subscription = Subscribe(silent, Subject("user.info"));

  const Answer answer = Request(client, Subject("user.info"), "?", std::chrono::milliseconds(50));

  EXPECT_EQ(answer.status, NATS_TIMEOUT) << natsStatus_GetText(answer.status);
  EXPECT_EQ(DataOf(Next(subscription)), "?") << "the request itself has to arrive";
}

TEST_F(NatsRequestReplyTest, RequestsFromManyThreadsDoNotMixTheirAnswers) {
  const NatsConnection server = Connect(url());
  const NatsConnection client = Connect(url());
  const NatsSub responder = Responder(server, Subject("user.info"));

  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 250; ++i) {
        const std::string question = std::to_string(thread) + "/" + std::to_string(i);
        EXPECT_EQ(Request(client, Subject("user.info"), question).data, "re: " + question);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(NatsRequestReplyTest, HeadersArriveWithTheirOrderAndRepetitions) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, Subject("a"));

  natsMsg* raw = nullptr;
  ASSERT_EQ(natsMsg_Create(&raw, Subject("a").c_str(), "reply.here", "body", 4), NATS_OK);
  const NatsMsg sent(raw);
  ASSERT_EQ(natsMsgHeader_Add(raw, "Content-Type", "text/plain"), NATS_OK);
  ASSERT_EQ(natsMsgHeader_Add(raw, "Tag", "first"), NATS_OK);
  ASSERT_EQ(natsMsgHeader_Add(raw, "Tag", "second"), NATS_OK);
  ASSERT_EQ(natsConnection_PublishMsg(publisher.get(), raw), NATS_OK);
  Flush(publisher);

  const NatsMsg got = Next(subscription);
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(DataOf(got), "body");
  EXPECT_STREQ(natsMsg_GetReply(got.get()), "reply.here");
  EXPECT_EQ(HeaderOf(got, "Content-Type"), "text/plain");
  const char** values = nullptr;
  int count = 0;
  ASSERT_EQ(natsMsgHeader_Values(got.get(), "Tag", &values, &count), NATS_OK);
  ASSERT_EQ(count, 2);
  EXPECT_STREQ(values[0], "first");
  EXPECT_STREQ(values[1], "second");
  free(values);
  const char** keys = nullptr;
  ASSERT_EQ(natsMsgHeader_Keys(got.get(), &keys, &count), NATS_OK);
  EXPECT_EQ(count, 2);
  free(keys);
}

TEST_F(NatsRequestReplyTest, ASubscriberWithoutHeadersGetsTheBodyAlone) {
  const NatsConnection publisher = Connect(url());
  RawSocket plain(AddressOfUrl(url()));
  plain.TakeLine();
  plain.Send("CONNECT {\"verbose\":false,\"headers\":false}\r\nSUB " + Subject("a") +
             " 1\r\nPING\r\n");
  ASSERT_EQ(plain.TakeLine(), "PONG\r\n");

  natsMsg* raw = nullptr;
  ASSERT_EQ(natsMsg_Create(&raw, Subject("a").c_str(), nullptr, "body", 4), NATS_OK);
  const NatsMsg sent(raw);
  ASSERT_EQ(natsMsgHeader_Set(raw, "Name", "value"), NATS_OK);
  ASSERT_EQ(natsConnection_PublishMsg(publisher.get(), raw), NATS_OK);
  Flush(publisher);

  EXPECT_EQ(plain.TakeLine(), "MSG " + Subject("a") + " 1 4\r\n");
  EXPECT_EQ(plain.TakeLine(), "body\r\n");
}

}  // namespace
}  // namespace wherry::conformance
