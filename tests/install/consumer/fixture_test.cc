// A test of somebody else's: the fixture, the clock and a fault.
#include <chrono>

#include <gtest/gtest.h>
#include <wherry/testing.h>

namespace {

class ConsumerTest : public wherry::testing::BrokerTest {
 protected:
  wherry::Options options() const override {
    wherry::Options virtual_time;
    virtual_time.clock = wherry::ClockMode::kVirtual;
    return virtual_time;
  }
};

TEST_F(ConsumerTest, OwnsItsTime) {
  const auto before = broker().clock().Now();
  ASSERT_TRUE(broker().clock().Advance(std::chrono::minutes(31)).ok());
  EXPECT_EQ(broker().clock().Now() - before, std::chrono::minutes(31));
}

TEST_F(ConsumerTest, SaysWhatIsToGoWrong) {
  const auto fault = broker().faults().Add(wherry::Fault::On("kafka.Produce").Times(1).Drop());
  ASSERT_TRUE(fault.ok()) << fault.status();
  EXPECT_EQ(broker().faults().List().size(), 1u);
  EXPECT_FALSE(broker().faults().Add(wherry::Fault::On("kafka.Explode").Drop()).ok());
}

}  // namespace
