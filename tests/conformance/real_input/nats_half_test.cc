// Debian's package list through NATS: each under pkg.<section>.<name>, whose names hold dots.
#include <algorithm>
#include <functional>

#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_client.h"
#include "tests/conformance/real_input/apt_stanzas.h"
#include "tests/conformance/real_input/wherry_process.h"

namespace wherry::conformance {
namespace {

// So many messages the publisher sends between two flushes.
constexpr std::size_t kFlushEvery = 500;

bool HasDot(const Stanza& stanza) { return stanza.package.find('.') != std::string::npos; }

// A subscriber on a connection of its own, and which packages its subject means.
struct Interest {
  std::string subject;
  std::string queue;
  std::function<bool(const Stanza&)> matches;
  NatsConnection connection = nullptr;
  NatsSub subscription = nullptr;
};

class NatsRealInputTest : public ::testing::Test {
 protected:
  Interest Listen(std::string subject, std::function<bool(const Stanza&)> matches,
                  std::string queue = "") {
    Interest interest{std::move(subject), std::move(queue), std::move(matches)};
    interest.connection = Connect(url_);
    interest.subscription = Subscribe(interest.connection, interest.subject, interest.queue);
    // The client drops what its reader has not taken; this test reads at the end.
    EXPECT_EQ(natsSubscription_SetPendingLimits(interest.subscription.get(), -1, -1), NATS_OK);
    return interest;
  }
  void PublishAll() {
    const NatsConnection publisher = Connect(url_);
    for (std::size_t i = 0; i < stanzas_.size(); ++i) {
      const Stanza& stanza = stanzas_[i];
      Publish(publisher, "pkg." + stanza.section + "." + stanza.package, stanza.text);
      if (i % kFlushEvery == 0) Flush(publisher);
    }
    Flush(publisher);
  }
  std::vector<std::string_view> Expected(const Interest& interest) const {
    std::vector<std::string_view> texts;
    for (const Stanza& stanza : stanzas_) {
      if (interest.matches(stanza)) texts.push_back(stanza.text);
    }
    return texts;
  }
  // Everything that has arrived once all was published. The subject is checked, too.
  static std::vector<std::string> Arrived(const Interest& interest) {
    Flush(interest.connection);
    return ArrivedPayloads(interest.subscription);
  }

  const std::vector<Stanza> stanzas_ = AptStanzas();
  WherryProcess server_{{"--ephemeral"}};
  const std::string url_ = "nats://" + server_.Address("nats");
};

TEST_F(NatsRealInputTest, SubscribersReceiveExactlyWhatTheirSubjectsSay) {
  const auto in_section = [](std::string section) {
    return [section](const Stanza& stanza) { return stanza.section == section; };
  };
  std::vector<Interest> wildcards;
  wildcards.push_back(Listen("pkg.>", [](const Stanza&) { return true; }));
  wildcards.push_back(Listen("pkg.python.>", in_section("python")));
  wildcards.push_back(Listen("pkg.libs.*", [](const Stanza& stanza) {
    return stanza.section == "libs" && !HasDot(stanza);
  }));
  wildcards.push_back(Listen("pkg.*.*.>", HasDot));
  wildcards.push_back(
      Listen("pkg.*.apt", [](const Stanza& stanza) { return stanza.package == "apt"; }));
  wildcards.push_back(Listen("pkg.admin.apt", [](const Stanza& stanza) {
    return stanza.section == "admin" && stanza.package == "apt";
  }));
  wildcards.push_back(Listen("pkg.nowhere.>", [](const Stanza&) { return false; }));
  std::vector<Interest> crew;
  for (int i = 0; i < 3; ++i) crew.push_back(Listen("pkg.libs.>", in_section("libs"), "crew"));

  PublishAll();

  for (const Interest& interest : wildcards) {
    const std::vector<std::string> arrived = Arrived(interest);
    const std::vector<std::string_view> expected = Expected(interest);
    EXPECT_TRUE(std::ranges::equal(arrived, expected))
        << interest.subject << ": " << arrived.size() << " of " << expected.size();
  }
  EXPECT_GT(Expected(wildcards[3]).size(), 1000u) << "names with dots are what this is about";
  EXPECT_GE(Expected(wildcards[5]).size(), 1u);

  std::vector<std::string> shared;
  for (const Interest& member : crew) {
    const std::vector<std::string> part = Arrived(member);
    EXPECT_FALSE(part.empty());
    shared.insert(shared.end(), part.begin(), part.end());
  }
  std::vector<std::string_view> expected = Expected(crew[0]);
  std::ranges::sort(shared);
  std::ranges::sort(expected);
  EXPECT_TRUE(std::ranges::equal(shared, expected))
      << "the queue group: " << shared.size() << " of " << expected.size();
  server_.Stop();
}

}  // namespace
}  // namespace wherry::conformance
