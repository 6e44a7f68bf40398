#include "tests/unit/house/style.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/house/cpp_text.h"

namespace wherry::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Repeat(std::string_view line, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text.append(line).append("\n");
  return text;
}

TEST(House, FilesAndLinesOfTheTreeAreShort) { EXPECT_THAT(CheckSizes(OwnTree()), IsEmpty()); }
TEST(House, FunctionsOfTheTreeAreShort) { EXPECT_THAT(CheckFunctions(OwnTree()), IsEmpty()); }
TEST(House, NamesOfTheTreeSaySomething) { EXPECT_THAT(CheckNames(OwnTree()), IsEmpty()); }
TEST(House, HeadersOfTheTreeAreReadOnce) { EXPECT_THAT(CheckPragmaOnce(OwnTree()), IsEmpty()); }
TEST(House, PublicHeadersAreDescribed) { EXPECT_THAT(CheckPublicComments(OwnTree()), IsEmpty()); }
TEST(House, NothingWasLeftInTheTree) { EXPECT_THAT(CheckLeftovers(OwnTree()), IsEmpty()); }

TEST(HouseSizes, AFileMayHaveTheLimitAndNoLineMore) {
  EXPECT_THAT(CheckSizes({FileOf("storage/a.cc", Repeat("x", kMaxLines))}), IsEmpty());
  EXPECT_THAT(CheckSizes({FileOf("storage/a.cc", Repeat("x", kMaxLines + 1))}),
              ElementsAre("storage/a.cc: 601 lines"));
}

TEST(HouseSizes, ColumnsAreCodePoints) {
  std::string line;
  for (std::size_t i = 0; i < kMaxColumns; ++i) line += "\u00e9";
  EXPECT_THAT(CheckSizes({FileOf("storage/a.cc", line)}), IsEmpty());
  EXPECT_THAT(CheckSizes({FileOf("storage/a.cc", line + "x")}),
              ElementsAre("storage/a.cc:1: 101 columns"));
}

TEST(HouseFunctions, AreFoundByTheirBraces) {
  const SourceFile file = FileOf("storage/a.cc", R"code(namespace wherry {
constexpr int kTable[] = {1, Square(2), 3};
struct Visitor {
  int Size() const { return 1; }
  template <class T>
  void Visit(T& t) {
    if (t) {
      Call("}{", '}');  // }
    }
  }
};
bool operator==(A a, B b) {
  return true;
}
}
)code");
  std::vector<std::size_t> sizes;
  for (const FunctionBody& body : FunctionBodies(file)) sizes.push_back(body.size());
  EXPECT_THAT(sizes, ElementsAre(1, 5, 3));
}

TEST(HouseFunctions, MayHaveTheLimitAndNoLineMore) {
  const std::string exact = "void F() {\n" + Repeat("x;", kMaxFunctionLines - 2) + "}\n";
  EXPECT_THAT(CheckFunctions({FileOf("storage/a.cc", exact)}), IsEmpty());
  const std::string more =
      "namespace {\nvoid F() {\n" + Repeat("x;", kMaxFunctionLines - 1) + "}\n}";
  EXPECT_THAT(CheckFunctions({FileOf("storage/a.cc", more)}),
              ElementsAre("storage/a.cc:2: a function of 71 lines"));
}

TEST(HouseFunctions, ATableOrAClassIsNoFunction) {
  EXPECT_THAT(
      CheckFunctions(
          {FileOf("a/b.cc", "const Row kRows[] = {\n" + Repeat("{F(1)},", 90) + "};"),
           FileOf("a/c.cc", "class X final : public Y {\n" + Repeat("int F();", 90) + "};")}),
      IsEmpty());
}

TEST(HouseNames, EmptyWordsAreBreaches) {
  EXPECT_THAT(
      CheckNames({FileOf("storage/a.h", "class LogManager;\nstruct [[nodiscard]] PeerImpl {")}),
      SizeIs(2));
  EXPECT_THAT(CheckNames({FileOf("storage/a.h", "using NatsContext = int;")}), SizeIs(1));
  EXPECT_THAT(CheckNames({FileOf("storage/log_util.h", "")}), SizeIs(1));
  EXPECT_THAT(CheckNames({FileOf("storage/database.h", "class Database;\nenum Implicit {};")}),
              IsEmpty());
  EXPECT_THAT(CheckNames({FileOf("storage/a.h", "// class LogManager")}), IsEmpty());
}

TEST(HousePragma, ComesBeforeAllCode) {
  EXPECT_THAT(CheckPragmaOnce({FileOf("storage/a.h", "// Why.\n#pragma once\n")}), IsEmpty());
  EXPECT_THAT(CheckPragmaOnce({FileOf("storage/a.h", "#include <map>\n#pragma once\n")}),
              SizeIs(1));
  EXPECT_THAT(CheckPragmaOnce({FileOf("storage/a.h", "")}), SizeIs(1));
}

TEST(HouseComments, APublicFunctionWithoutOneIsABreach) {
  const SourceFile header = FileOf("broker/include/wherry/a.h", R"code(// A thing.
class WHERRY_EXPORT Thing {
 public:
  Thing(Thing&&) noexcept;
  ~Thing();

  // Described.
  void One();
  void OneOverload(int x);

  void Two(int a,
           int b);

 private:
  void Hidden();
};

int Free();

struct Undescribed {
  int field = 0;
};
)code");
  EXPECT_THAT(CheckPublicComments({header}),
              ElementsAre("broker/include/wherry/a.h:11: a public function without a comment",
                          "broker/include/wherry/a.h:18: a public function without a comment",
                          "broker/include/wherry/a.h:20: a public type without a comment"));
}

TEST(HouseLeftovers, AreFound) {
  const std::string unfinished = std::string("// TO") + "DO later";
  const std::string machine = std::string("cd /ho") + "me/someone";
  EXPECT_THAT(CheckLeftovers({FileOf("a.cc", unfinished), FileOf("b.sh", machine)}), SizeIs(2));
  EXPECT_THAT(CheckLeftovers({FileOf("a.md",
                                     "see http"
                                     "://some.where.else/x")}),
              SizeIs(1));
  EXPECT_THAT(CheckLeftovers({FileOf("a.md", "http://127.0.0.1:8222 http://localhost")}),
              IsEmpty());
}

}  // namespace
}  // namespace wherry::house
