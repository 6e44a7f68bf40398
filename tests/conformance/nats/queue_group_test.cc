// Queue groups: each message to exactly one member of each group.
#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_test.h"

namespace wherry::conformance {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

// So many that a fair choice leaves no member out: the odds are below 1e-50 for groups this small.
constexpr int kMessages = 1000;

class NatsQueueGroupTest : public NatsTest {
 protected:
  // Publishes "0" to "999" and returns when all have been handed to the subscribers.
  void PublishNumbers(const NatsConnection& publisher, const std::string& subject) {
    for (int i = 0; i < kMessages; ++i) Publish(publisher, subject, std::to_string(i));
    Flush(publisher);
  }

  // Every number exactly once, over all members together.
  static void ExpectEachNumberOnce(const std::vector<std::vector<std::string>>& members) {
    std::vector<int> times(kMessages);
    for (const auto& member : members) {
      for (const std::string& number : member) ++times.at(std::stoi(number));
    }
    EXPECT_THAT(times, ::testing::Each(1));
  }

  static bool InOrder(const std::vector<std::string>& numbers) {
    return std::is_sorted(numbers.begin(), numbers.end(),
                          [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); });
  }
};

TEST_F(NatsQueueGroupTest, EachMessageGoesToOneMemberAndEveryMemberGetsSome) {
  const NatsConnection publisher = Connect(url());
  std::vector<NatsConnection> connections;
  std::vector<NatsSub> workers;
  for (int i = 0; i < 3; ++i) {
    connections.push_back(Connect(url()));
    workers.push_back(Subscribe(connections.back(), Subject("jobs"), "workers"));
  }

  PublishNumbers(publisher, Subject("jobs"));

  std::vector<std::vector<std::string>> got;
  for (int i = 0; i < 3; ++i) {
    Flush(connections[i]);
    got.push_back(ArrivedPayloads(workers[i]));
    EXPECT_THAT(got.back(), Not(IsEmpty())) << "member " << i << " was left out";
    EXPECT_TRUE(InOrder(got.back())) << "member " << i;
  }
  ExpectEachNumberOnce(got);
}

TEST_F(NatsQueueGroupTest, GroupsAndPlainSubscribersDoNotTakeFromEachOther) {
  const NatsConnection connection = Connect(url());
  const NatsSub red_one = Subscribe(connection, Subject("jobs"), "red");
  const NatsSub red_two = Subscribe(connection, Subject("jobs"), "red");
  const NatsSub blue = Subscribe(connection, Subject("jobs"), "blue");
  const NatsSub plain = Subscribe(connection, Subject("jobs"));

  PublishNumbers(connection, Subject("jobs"));

  ExpectEachNumberOnce({ArrivedPayloads(red_one), ArrivedPayloads(red_two)});
  ExpectEachNumberOnce({ArrivedPayloads(blue)});
  ExpectEachNumberOnce({ArrivedPayloads(plain)});
}

TEST_F(NatsQueueGroupTest, OneNameOverOverlappingSubjectsIsOneGroup) {
  const NatsConnection connection = Connect(url());
  const NatsSub literal = Subscribe(connection, Subject("jobs.new"), "workers");
  const NatsSub star = Subscribe(connection, Subject("jobs.*"), "workers");

  PublishNumbers(connection, Subject("jobs.new"));

  ExpectEachNumberOnce({ArrivedPayloads(literal), ArrivedPayloads(star)});
}

TEST_F(NatsQueueGroupTest, WhenAMemberLeavesTheOthersGetEverything) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection staying = Connect(url());
  const NatsSub stays = Subscribe(staying, Subject("jobs"), "workers");
  const NatsSub unsubscribes = Subscribe(staying, Subject("jobs"), "workers");
  NatsConnection leaving = Connect(url());
  NatsSub leaves = Subscribe(leaving, Subject("jobs"), "workers");

  PublishNumbers(publisher, Subject("jobs"));
  Flush(staying);
  Flush(leaving);
  ExpectEachNumberOnce(
      {ArrivedPayloads(stays), ArrivedPayloads(unsubscribes), ArrivedPayloads(leaves)});

  ASSERT_EQ(natsSubscription_Unsubscribe(unsubscribes.get()), NATS_OK);
  ASSERT_EQ(natsSubscription_Unsubscribe(leaves.get()), NATS_OK);
  Flush(leaving);
  leaves.reset();
  leaving.reset();
  Flush(staying);

  PublishNumbers(publisher, Subject("jobs"));
  Flush(staying);
  ExpectEachNumberOnce({ArrivedPayloads(stays)});
}

TEST_F(NatsQueueGroupTest, RequestsAreSharedBetweenResponders) {
  const NatsConnection requester = Connect(url());
  std::vector<NatsConnection> connections;
  std::vector<NatsSub> responders;
  const auto respond = [](natsConnection* connection, natsSubscription*, natsMsg* request,
                          void* name) {
    natsConnection_PublishString(connection, natsMsg_GetReply(request),
                                 static_cast<const char*>(name));
    natsMsg_Destroy(request);
  };
  for (const char* name : {"first", "second"}) {
    connections.push_back(Connect(url()));
    natsSubscription* responder = nullptr;
    ASSERT_EQ(
        natsConnection_QueueSubscribe(&responder, connections.back().get(), Subject("ask").c_str(),
                                      "responders", respond, const_cast<char*>(name)),
        NATS_OK);
    responders.emplace_back(responder);
    Flush(connections.back());
  }

  std::set<std::string> answered;
  for (int i = 0; i < 200; ++i) {
    natsMsg* answer = nullptr;
    ASSERT_EQ(natsConnection_RequestString(&answer, requester.get(), Subject("ask").c_str(), "?",
                                           kPatience.count()),
              NATS_OK);
    answered.emplace(DataOf(NatsMsg(answer)));
  }
  EXPECT_THAT(answered, ::testing::ElementsAre("first", "second"));
}

}  // namespace
}  // namespace wherry::conformance
