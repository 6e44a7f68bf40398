#include "protocol/kafka/otlp_metrics.h"

#include <gmock/gmock.h>

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A field of bytes, shorter than 128, as protobuf writes it.
std::string Field(int number, const std::string& bytes) {
  std::string field;
  field.push_back(static_cast<char>(number << 3 | 2));
  field.push_back(static_cast<char>(bytes.size()));
  return field + bytes;
}

std::string Metric(const std::string& name) {
  // Its name, a description that is skipped, and its data.
  return Field(1, name) + Field(2, "not a name") + Field(7, std::string("\x0a\x00", 2));
}

TEST(OtlpMetricsTest, NamesOfAllScopesAndResourcesOnceInOrder) {
  const std::string scope = Field(1, Field(1, "a scope's name"));
  const std::string first =
      Field(1, "a resource") + Field(2, scope + Field(2, Metric("b")) + Field(2, Metric("a")));
  const std::string second = Field(2, Field(2, Metric("c")) + Field(2, Metric("a")));
  EXPECT_THAT(MetricNames(Field(1, first) + Field(1, second)).value(), ElementsAre("a", "b", "c"));
}

TEST(OtlpMetricsTest, NothingIsNoMetrics) { EXPECT_THAT(MetricNames("").value(), IsEmpty()); }

TEST(OtlpMetricsTest, FieldsOfAllTypesAreSkipped) {
  const std::string number("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);  // 3: varint, -1
  const std::string wide("\x21" "12345678", 9);                                   // 4: 64 bits
  const std::string narrow("\x2d" "1234", 5);                                     // 5: 32 bits
  const std::string scope = Field(2, Field(2, number + wide + narrow + Metric("a")));
  EXPECT_THAT(MetricNames(number + wide + narrow + Field(1, scope)).value(), ElementsAre("a"));
}

TEST(OtlpMetricsTest, WhatIsCutShortIsRefusedWhereverThatIs) {
  const std::string whole = Field(1, Field(2, Field(2, Field(1, "name"))));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_FALSE(MetricNames(whole.substr(0, size)).ok()) << size;
  }
}

TEST(OtlpMetricsTest, LengthsBeyondTheEndAndGroupsAreRefused) {
  EXPECT_FALSE(MetricNames(std::string("\x0a\xff\xff\xff\xff\x0f", 6)).ok()) << "4 GiB";
  EXPECT_FALSE(MetricNames(std::string("\x0a\x04\x12\x7f\x00\x00", 6)).ok()) << "inside";
  EXPECT_FALSE(MetricNames("\x0b").ok()) << "a group";
  EXPECT_FALSE(MetricNames("\x0e").ok()) << "no wire type";
}

}  // namespace
}  // namespace wherry::kafka
