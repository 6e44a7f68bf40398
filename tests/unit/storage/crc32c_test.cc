#include "storage/crc32c.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace rocksdb::crc32c {
std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size);
std::uint32_t Crc32cCombine(std::uint32_t first, std::uint32_t second, std::size_t second_size);
}  // namespace rocksdb::crc32c

namespace wherry::storage {
namespace {

std::string RandomBytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(Crc32cTest, IsCastagnolis) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);  // RFC 3720, B.4 has more
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32cTest, GoesOnFromAnother) { EXPECT_EQ(Crc32c("56789", Crc32c("1234")), 0xE3069283u); }

TEST(Crc32cTest, OfTwoPiecesIsThatOfTheWhole) {
  std::mt19937_64 random(7);
  for (const std::size_t size : {0, 1, 2, 3, 7, 8, 255, 256, 32'761, 32'768, 1'000'003}) {
    const std::string first = RandomBytes(random, random() % 100);
    const std::string second = RandomBytes(random, size);
    EXPECT_EQ(JoinCrc32c(Crc32c(first), Crc32c(second), size), Crc32c(first + second)) << size;
  }
}

// Whichever definitions the linker took: files must not depend on it.
TEST(Crc32cTest, IsRocksdbsToo) {
  std::mt19937_64 random(8);
  const std::string first = RandomBytes(random, 1000), second = RandomBytes(random, 40'000);
  const std::uint32_t crc = rocksdb::crc32c::Extend(0, first.data(), first.size());
  EXPECT_EQ(crc, Crc32c(first));
  EXPECT_EQ(rocksdb::crc32c::Extend(crc, second.data(), second.size()), Crc32c(first + second));
  EXPECT_EQ(rocksdb::crc32c::Crc32cCombine(crc, Crc32c(second), second.size()),
            Crc32c(first + second));
}

}  // namespace
}  // namespace wherry::storage
