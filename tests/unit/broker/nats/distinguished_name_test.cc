#include "broker/nats/distinguished_name.h"

#include <gtest/gtest.h>

namespace wherry::nats {
namespace {

DistinguishedName Parsed(std::string_view text) {
  const auto name = DistinguishedName::Parse(text);
  EXPECT_TRUE(name.has_value()) << text;
  return name.value_or(DistinguishedName());
}

TEST(DistinguishedNameTest, PartsAndAttributes) {
  const DistinguishedName name = Parsed("CN=ann , O= acme inc+OU=a\\,b,DC=\\41b");
  ASSERT_EQ(name.parts.size(), 3u);
  EXPECT_EQ(name.parts[0][0].type, "CN");
  EXPECT_EQ(name.parts[0][0].value, "ann");
  ASSERT_EQ(name.parts[1].size(), 2u);
  EXPECT_EQ(name.parts[1][0].value, "acme inc");
  EXPECT_EQ(name.parts[1][1].value, "a,b");
  EXPECT_EQ(name.parts[2][0].value, "Ab");
  EXPECT_EQ(Parsed("CN=a\\ ").parts[0][0].value, "a ") << "an escaped blank stays";
}

TEST(DistinguishedNameTest, WhatSpellsNone) {
  for (const char* text : {"", "ann", "CN", "=ann", "CN=a,", "CN=a,b", "CN=\\", "CN=\\4", "CN=\\zz",
                           "CN=#0400", "a+b"}) {
    EXPECT_FALSE(DistinguishedName::Parse(text).has_value()) << text;
  }
}

TEST(DistinguishedNameTest, OrderAndCase) {
  const DistinguishedName name = Parsed("CN=ann,O=acme+OU=x,DC=b,DC=a");
  EXPECT_TRUE(name.SameInOrder(Parsed("cn=ann,ou=x+o=acme,dc=b,dc=a")));
  EXPECT_FALSE(name.SameInOrder(Parsed("CN=Ann,O=acme+OU=x,DC=b,DC=a")));
  EXPECT_FALSE(name.SameInOrder(Parsed("DC=a,DC=b,O=acme+OU=x,CN=ann")));
  EXPECT_TRUE(name.SameInAnyOrder(Parsed("DC=a,DC=b,O=acme+OU=x,CN=ann")));
  EXPECT_FALSE(name.SameInAnyOrder(Parsed("DC=a,DC=a,O=acme+OU=x,CN=ann")));
  EXPECT_FALSE(name.SameInAnyOrder(Parsed("CN=ann,O=acme+OU=x")));
}

}  // namespace
}  // namespace wherry::nats
