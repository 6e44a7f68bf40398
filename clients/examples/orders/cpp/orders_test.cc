// The order application against what goes wrong in production, without a sleep.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "clients/examples/orders/cpp/orders.h"
#include "wherry/testing.h"

namespace orders {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using wherry::Fault;

constexpr std::chrono::seconds kLimit{20};

// The application as a test starts it, and what the broker has of it.
class Application {
 public:
  explicit Application(wherry::Namespace& broker) : broker_(broker) {}

  std::unique_ptr<Shop> OpenShop() { return std::make_unique<Shop>(broker_.Url("nats")); }
  std::unique_ptr<OrderService> StartService(bool idempotent = true) {
    return std::make_unique<OrderService>(broker_.Url("nats"), broker_.Address("kafka"),
                                          idempotent);
  }
  std::unique_ptr<Fulfilment> Join(const std::string& name) {
    return std::make_unique<Fulfilment>(broker_.Url("nats"), broker_.Address("kafka"), name);
  }

  std::vector<std::string> Kept() {
    std::vector<std::string> ids;
    for (const auto& record : broker_.kafka().Records(kTopic).value()) {
      ids.push_back(record.key.value());
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  // The orders that a member ("": any) announced as fulfilled, some perhaps more than once.
  std::set<std::string> Announced(const std::string& client = "") {
    std::set<std::string> ids;
    wherry::RequestFilter filter;
    filter.operation = "nats.PUB";
    filter.subject = "orders.fulfilled.>";
    filter.client = client;
    for (const auto& request : broker_.Requests(filter)) {
      ids.insert(request.subject.substr(sizeof("orders.fulfilled.") - 1));
    }
    return ids;
  }
  // How many partitions each member has.
  std::map<std::string, std::size_t> Shares() {
    std::map<std::string, std::size_t> shares;
    for (const auto& member : broker_.kafka().DescribeGroup(kGroup).value().members) {
      shares[member.client_id] = member.assignment.at(kTopic).size();
    }
    return shares;
  }

 private:
  wherry::Namespace& broker_;
};

class OrdersTest : public wherry::testing::NamespaceTest {
 protected:
  // Nobody listens to what the fulfilment announces; the tests look at the broker's log.
  OrdersTest() { AllowLint(wherry::LintRule::kUnreceived); }
};

TEST_F(OrdersTest, RequestTimesOut) {
  Application app(ns());
  ASSERT_TRUE(ns().kafka().CreateTopic(kTopic).ok());
  const auto service = app.StartService();
  const auto shop = app.OpenShop();
  ASSERT_TRUE(
      ns().faults().Add(Fault::On("nats.MSG").Subject("orders.new").Times(1).Drop()).ok());
  EXPECT_THROW(shop->Place({"1"}, std::chrono::milliseconds(100)), TimeoutError);
  // The shop may give up before its request arrives; that is struck all the same, before this.
  shop->Place({"2"});
  EXPECT_EQ(ns().faults().List()[0].fired, 1u);
  EXPECT_THAT(app.Kept(), ElementsAre("2"));
}

TEST_F(OrdersTest, LostProduceReply) {
  Application app(ns());
  ASSERT_TRUE(ns().kafka().CreateTopic(kTopic).ok());
  const auto shop = app.OpenShop();
  for (const auto& [id, idempotent] : {std::pair("once", true), std::pair("twice", false)}) {
    ASSERT_TRUE(
        ns().faults().Add(Fault::On("kafka.Produce").Times(1).AfterApply().Reset()).ok());
    const auto service = app.StartService(idempotent);
    shop->Place({id});
    EXPECT_EQ(ns().faults().List().back().fired, 1u);
  }
  EXPECT_THAT(app.Kept(), ElementsAre("once", "twice", "twice"));
}

TEST_F(OrdersTest, Rebalance) {
  Application app(ns());
  ASSERT_TRUE(ns().kafka().CreateTopic(kTopic, 4).ok());
  const auto service = app.StartService();
  const auto shop = app.OpenShop();
  const auto stays = app.Join("stays");
  auto leaves = app.Join("leaves");
  ASSERT_EQ(ns().Await(wherry::GroupStable(kGroup, 2), kLimit), wherry::Status());
  EXPECT_THAT(app.Shares(), UnorderedElementsAre(Pair("stays", 2u), Pair("leaves", 2u)));
  std::vector<std::string> all;
  for (int id = 10; id < 30; ++id) {
    if (id == 20) {
      leaves.reset();
      ASSERT_EQ(ns().Await(wherry::GroupStable(kGroup, 1), kLimit), wherry::Status());
      EXPECT_THAT(app.Shares(), ElementsAre(Pair("stays", 4u)));
    }
    all.push_back(std::to_string(id));
    shop->Place({all.back()});
  }
  ASSERT_EQ(ns().Await(wherry::Consumed(kTopic, kGroup), kLimit), wherry::Status());
  EXPECT_THAT(app.Kept(), ElementsAreArray(all));
  EXPECT_THAT(app.Announced(), ElementsAreArray(all));
}

TEST_F(OrdersTest, Redelivery) {
  Application app(ns());
  ASSERT_TRUE(ns().kafka().CreateTopic(kTopic).ok());
  const auto service = app.StartService();
  app.OpenShop()->Place({"1"});
  wherry::Hold hold =
      ns().faults()
          .Hold(Fault::On("nats.PUB").Subject("orders.fulfilled.>").Client("first"))
          .value();
  auto first = app.Join("first");
  ASSERT_EQ(hold.Wait(kLimit), wherry::Status());
  first.reset();
  hold.Release();
  ASSERT_EQ(ns().Await(wherry::GroupEmpty(kGroup), kLimit), wherry::Status());
  EXPECT_THAT(ns().kafka().CommittedOffsets(kGroup).value(), IsEmpty());
  const auto second = app.Join("second");
  ASSERT_EQ(ns().Await(wherry::Consumed(kTopic, kGroup), kLimit), wherry::Status());
  EXPECT_THAT(app.Kept(), ElementsAre("1"));
  EXPECT_THAT(app.Announced("second"), ElementsAre("1"));
}

// A broker of its own, with a disk that outlives its crash.
class OrdersCrashTest : public wherry::testing::BrokerTest {
 protected:
  OrdersCrashTest() { AllowLint(wherry::LintRule::kUnreceived); }
  wherry::Options options() const override {
    wherry::Options options;
    options.simulated_disk = true;
    return options;
  }
};

TEST_F(OrdersCrashTest, CrashAndRestart) {
  wherry::Namespace& ns = broker().default_namespace();
  Application app(ns);
  ASSERT_TRUE(ns.kafka().CreateTopic(kTopic).ok());
  const auto service = app.StartService();
  const auto shop = app.OpenShop();
  const auto member = app.Join("fulfilment");
  ASSERT_EQ(ns.Await(wherry::GroupStable(kGroup), kLimit), wherry::Status());
  shop->Place({"1"});
  shop->Place({"2"});
  ASSERT_TRUE(broker().Crash().ok());
  ASSERT_TRUE(broker().Restart().ok());
  // All are back by themselves: what is sent to a connection that has died is lost.
  ASSERT_EQ(ns.Await(wherry::Connections("nats", 3), kLimit), wherry::Status());
  ASSERT_EQ(ns.Await(wherry::Subscribed("orders.new"), kLimit), wherry::Status());
  shop->Place({"3"});
  ASSERT_EQ(ns.Await(wherry::Consumed(kTopic, kGroup), kLimit), wherry::Status());
  EXPECT_THAT(app.Kept(), ElementsAre("1", "2", "3"));
  EXPECT_THAT(app.Announced(), ElementsAre("1", "2", "3"));
}

}  // namespace
}  // namespace orders
