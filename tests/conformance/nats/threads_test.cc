// Order and completeness across shards: clients spread over three threads, on raw sockets, so that
// nothing but the server can be at fault.
#include <atomic>
#include <charconv>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

constexpr int kThreads = 3;

// One client as bytes: connections are dealt to the shards in turn, so that three in a row are on
// three shards. Threads: one at a time. Owned by the test.
class WireClient {
 public:
  explicit WireClient(const std::string& url) : socket_(AddressOfUrl(url)) {
    EXPECT_TRUE(socket_.TakeLine().starts_with("INFO {"));
    Send("CONNECT {\"verbose\":false}\r\n");
    Fence();
  }

  void Send(std::string_view bytes) { EXPECT_TRUE(socket_.Send(bytes)); }
  void Publish(const std::string& subject, const std::string& payload) {
    Send("PUB " + subject + " " + std::to_string(payload.size()) + "\r\n" + payload + "\r\n");
  }
  // What was sent has been handled. Messages that came meanwhile are kept.
  void Fence() {
    Send("PING\r\n");
    ++fences_;
    while (fences_ > 0 && !broken_) HandleSome();
  }

  struct Message {
    std::string subject, sid, payload;
  };
  // The next message; an empty subject if none came in time.
  Message Next() {
    while (messages_.empty() && !broken_) HandleSome();
    if (messages_.empty()) return {};
    Message message = std::move(messages_.front());
    messages_.erase(messages_.begin());
    return message;
  }
  // Those that have come and were not taken.
  std::vector<Message> TakeArrived() { return std::exchange(messages_, {}); }
  bool broken() const { return broken_; }

 private:
  void HandleSome() {
    if (!socket_.AwaitBytes(1)) {
      ADD_FAILURE() << "nothing came any more";
      broken_ = true;
      return;
    }
    bytes_ += socket_.Take();
    std::string_view rest = bytes_;
    while (HandleOne(rest)) {
    }
    bytes_.erase(0, bytes_.size() - rest.size());
  }

  // Takes "MSG subject sid size\r\npayload\r\n", or another line, off `rest`.
  bool HandleOne(std::string_view& rest) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return false;
    std::string_view line = rest.substr(0, end);
    std::size_t taken = end + 2;
    if (line.starts_with("MSG ")) {
      const std::size_t sid = line.find(' ', 4) + 1;
      const std::size_t size_at = line.rfind(' ') + 1;
      std::size_t size = 0;
      std::from_chars(line.data() + size_at, line.data() + line.size(), size);
      if (rest.size() < taken + size + 2) return false;
      messages_.push_back({std::string(line.substr(4, sid - 5)),
                           std::string(line.substr(sid, line.find(' ', sid) - sid)),
                           std::string(rest.substr(taken, size))});
      EXPECT_EQ(rest.substr(taken + size, 2), "\r\n");
      taken += size + 2;
    } else if (line == "PONG") {
      --fences_;
    } else if (line == "PING") {
      Send("PONG\r\n");
    } else if (!line.starts_with("INFO ")) {
      ADD_FAILURE() << "got \"" << line << "\"";
    }
    rest.remove_prefix(taken);
    return true;
  }

  RawSocket socket_;
  std::string bytes_;
  std::vector<Message> messages_;
  int fences_ = 0;
  bool broken_ = false;
};

class NatsThreadsTest : public NatsTest {
 protected:
  int threads() const override { return kThreads; }

  std::vector<std::unique_ptr<WireClient>> Clients(int count) {
    std::vector<std::unique_ptr<WireClient>> clients;
    for (int i = 0; i < count; ++i) clients.push_back(std::make_unique<WireClient>(url()));
    return clients;
  }
};

// Every publisher sends its numbers in turn to some subjects; who hears which of them must hear
// them all, in order.
class NatsThreadsOrderTest : public NatsThreadsTest {
 protected:
  static constexpr int kPublishers = 6;
  static constexpr int kPerPublisher = 3'000;
  static constexpr int kSubjects = 3;
  static constexpr int kGroupSize = 6;

  struct Heard {
    int publisher = -1;
    int number = -1;
  };
  static Heard Read(const std::string& payload) {
    Heard heard;
    const std::size_t blank = payload.find(' ');
    std::from_chars(payload.data(), payload.data() + blank, heard.publisher);
    std::from_chars(payload.data() + blank + 1, payload.data() + payload.size(), heard.number);
    return heard;
  }
  std::string SubjectOf(int number) const {
    return Subject("x." + std::to_string(number % kSubjects));
  }

  void PublishAll(WireClient& client, int publisher) {
    std::string gathered;
    for (int i = 0; i < kPerPublisher; ++i) {
      const std::string payload = std::to_string(publisher) + " " + std::to_string(i);
      gathered +=
          "PUB " + SubjectOf(i) + " " + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
      // Sometimes one at a time, sometimes many in one read.
      if (i % 7 == 0 || gathered.size() > 20'000) client.Send(std::exchange(gathered, ""));
    }
    client.Send(gathered);
    client.Fence();
  }

  // Takes what every publisher sent to the subjects with `step` between their numbers.
  static void HearAll(WireClient& client, int first, int step) {
    std::map<int, int> next;
    for (int left = kPublishers * (kPerPublisher / step); left > 0; --left) {
      const Heard heard = Read(client.Next().payload);
      if (client.broken()) return;
      const auto [at, added] = next.try_emplace(heard.publisher, first);
      ASSERT_EQ(heard.number, at->second) << "of publisher " << heard.publisher;
      at->second += step;
    }
  }

  // Inboxes come and go, as with old-style requests, and wildcards, which every route must notice.
  void Churn(WireClient& client, int self, const std::atomic<bool>& ended) {
    for (int i = 0; !ended && !client.broken(); ++i) {
      const std::string inbox = Subject("inbox." + std::to_string(self) + "." + std::to_string(i));
      client.Send("SUB " + inbox + " " + std::to_string(i) + "\r\n");
      if (i % 8 == 0) client.Send("SUB " + Subject("x.>") + " w\r\n");
      client.Publish(inbox, "answer");
      client.Send("UNSUB " + std::to_string(i) + "\r\n");
      if (i % 8 == 4) client.Send("UNSUB w\r\n");
      client.Fence();
      int answers = 0;
      for (const auto& message : client.TakeArrived()) answers += message.subject == inbox;
      ASSERT_EQ(answers, 1) << inbox;
    }
  }
};

TEST_F(NatsThreadsOrderTest, EverySubscriberHearsEveryPublisherWholeAndInOrder) {
  const auto literal = Clients(kThreads);
  const auto wildcard = Clients(kThreads);
  const auto members = Clients(kGroupSize);
  const auto publishers = Clients(kPublishers);
  const auto churners = Clients(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    literal[i]->Send("SUB " + SubjectOf(1) + " 1\r\n");
    wildcard[i]->Send("SUB " + Subject(i == 0 ? "x.>" : "x.*") + " 1\r\n");
    literal[i]->Fence();
    wildcard[i]->Fence();
  }
  for (const auto& member : members) {
    member->Send("SUB " + Subject("x.*") + " q workers\r\n");
    member->Fence();
  }

  std::vector<std::thread> hearing, speaking, churning;
  std::atomic<bool> ended = false;
  for (int i = 0; i < kThreads; ++i) {
    hearing.emplace_back([&, i] { HearAll(*literal[i], 1, kSubjects); });
    hearing.emplace_back([&, i] { HearAll(*wildcard[i], 0, 1); });
    churning.emplace_back([&, i] { Churn(*churners[i], i, ended); });
  }
  std::atomic<int> shared = 0;
  std::vector<std::vector<Heard>> by_member(kGroupSize);
  for (int i = 0; i < kGroupSize; ++i) {
    hearing.emplace_back([&, i] {
      while (shared < kPublishers * kPerPublisher && !members[i]->broken()) {
        members[i]->Fence();
        for (const auto& message : members[i]->TakeArrived()) {
          by_member[i].push_back(Read(message.payload));
          ++shared;
        }
      }
    });
  }
  for (int i = 0; i < kPublishers; ++i) {
    speaking.emplace_back([&, i] { PublishAll(*publishers[i], i); });
  }
  for (auto& thread : speaking) thread.join();
  for (auto& thread : hearing) thread.join();
  ended = true;
  for (auto& thread : churning) thread.join();

  std::map<std::pair<int, int>, int> times;
  for (const auto& heard_by_one : by_member) {
    EXPECT_FALSE(heard_by_one.empty());
    std::map<int, int> latest;
    for (const Heard& heard : heard_by_one) {
      ++times[{heard.publisher, heard.number}];
      const auto [at, added] = latest.try_emplace(heard.publisher, -1);
      EXPECT_LT(at->second, heard.number) << "of publisher " << heard.publisher;
      at->second = heard.number;
    }
  }
  EXPECT_EQ(times.size(), static_cast<std::size_t>(kPublishers * kPerPublisher));
  for (const auto& [message, count] : times) EXPECT_EQ(count, 1);
  for (const auto& client : literal) {
    client->Fence();
    EXPECT_TRUE(client->TakeArrived().empty());
  }
}

TEST_F(NatsThreadsTest, ASubscriptionIsSeenOnEveryShardOnceItsPongHasCome) {
  constexpr int kRounds = 60;
  const auto clients = Clients(kThreads);
  int serial = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& subscriber : clients) {
      for (const auto& publisher : clients) {
        const std::string n = std::to_string(++serial);
        // Some subjects are new, others have a route on every shard already.
        const std::string token = round % 2 == 0 ? n : "known";
        const std::string subject = Subject("s." + token + ".end");
        const std::string pattern = round % 3 == 0   ? subject
                                    : round % 3 == 1 ? Subject("s.*.end")
                                                     : Subject("s.>");
        subscriber->Send("SUB " + pattern + (serial % 2 == 0 ? " group " : " ") + n + "\r\n");
        subscriber->Fence();
        publisher->Publish(subject, n);
        const WireClient::Message message = subscriber->Next();
        ASSERT_EQ(message.subject, subject);
        ASSERT_EQ(message.sid, n);
        ASSERT_EQ(message.payload, n);
        // And so is its end.
        subscriber->Send("UNSUB " + n + "\r\n");
        subscriber->Fence();
        publisher->Publish(subject, "late");
        publisher->Fence();
        subscriber->Fence();
        ASSERT_TRUE(subscriber->TakeArrived().empty());
      }
    }
  }
}

TEST_F(NatsThreadsTest, AnAnswerComesFromWhicheverShard) {
  constexpr int kRequests = 300;
  const auto responders = Clients(kThreads);
  const auto requesters = Clients(kThreads);
  for (const auto& responder : responders) {
    responder->Send("SUB " + Subject("work") + " 1 workers\r\n");
    responder->Fence();
  }
  std::atomic<int> asking = kThreads;
  std::vector<std::thread> threads;
  for (const auto& responder : responders) {
    threads.emplace_back([&] {
      while (asking > 0 && !responder->broken()) {
        responder->Fence();
        // The payload says where the answer goes.
        for (const auto& work : responder->TakeArrived()) {
          responder->Publish(work.payload, work.payload);
        }
      }
    });
  }
  for (int self = 0; self < kThreads; ++self) {
    threads.emplace_back([&, self] {
      for (int i = 0; i < kRequests; ++i) {
        const std::string inbox = Subject("in." + std::to_string(self) + "." + std::to_string(i));
        // Without a PING between: the answer must still find the subscription.
        requesters[self]->Send("SUB " + inbox + " " + std::to_string(i) + "\r\n");
        requesters[self]->Publish(Subject("work"), inbox);
        if (requesters[self]->Next().payload != inbox) break;
        requesters[self]->Send("UNSUB " + std::to_string(i) + "\r\n");
      }
      --asking;
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace wherry::conformance
