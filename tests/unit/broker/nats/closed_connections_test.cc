#include "broker/nats/closed_connections.h"

#include <gmock/gmock.h>

namespace wherry::nats {
namespace {

ConnectionInfo Ended(std::uint64_t cid, std::size_t name_size = 0) {
  ConnectionInfo info;
  info.cid = cid;
  info.name = std::string(name_size, 'x');
  return info;
}

std::vector<std::uint64_t> Cids(const ClosedConnections& closed) {
  std::vector<std::uint64_t> cids;
  for (const auto& entry : closed.All()) cids.push_back(entry->cid);
  return cids;
}

TEST(ClosedConnectionsTest, ForgetsTheOldest) {
  ClosedConnections closed(3);
  for (std::uint64_t cid = 1; cid <= 5; ++cid) closed.Add(Ended(cid));
  EXPECT_THAT(Cids(closed), ::testing::ElementsAre(3, 4, 5));
}

TEST(ClosedConnectionsTest, TakesNoMoreMemoryThanItMay) {
  ClosedConnections closed(1000, 10'000);
  for (std::uint64_t cid = 1; cid <= 100; ++cid) closed.Add(Ended(cid, 4000));
  EXPECT_THAT(Cids(closed), ::testing::ElementsAre(99, 100));
  closed.Add(Ended(101, 20'000));
  EXPECT_THAT(Cids(closed), ::testing::IsEmpty());
  closed.Add(Ended(102));
  EXPECT_THAT(Cids(closed), ::testing::ElementsAre(102));
}

TEST(ClosedConnectionsTest, WhatWasTakenOutLivesOn) {
  ClosedConnections closed(1);
  closed.Add(Ended(1));
  const auto all = closed.All();
  closed.Add(Ended(2));
  EXPECT_EQ(all.at(0)->cid, 1u);
}

}  // namespace
}  // namespace wherry::nats
