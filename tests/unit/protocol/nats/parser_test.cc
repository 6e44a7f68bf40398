#include "protocol/nats/parser.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace wherry::nats {
namespace {

Operation ParseOne(std::string_view text) {
  Parser parser{ParseLimits{}};
  Operation operation;
  EXPECT_EQ(parser.Next(text, operation), Parser::Result::kOperation) << text;
  EXPECT_TRUE(text.empty()) << text;
  return operation;
}

ParseError ErrorOf(std::string_view text, ParseLimits limits = {}) {
  Parser parser{limits};
  Operation operation;
  EXPECT_EQ(parser.Next(text, operation), Parser::Result::kError) << text;
  return parser.error();
}

TEST(ParserTest, APubCarriesItsTailAsASubscriberGetsIt) {
  const Operation pub = ParseOne("PUB a.b 5\r\nhello\r\n");
  EXPECT_EQ(pub.subject, "a.b");
  EXPECT_EQ(pub.reply, "");
  EXPECT_EQ(pub.payload, "hello");
  EXPECT_EQ(pub.header_size, -1);
  EXPECT_EQ(pub.tail, "5\r\nhello\r\n");
  EXPECT_EQ(ParseOne("PUB a r 2\r\nhi\r\n").tail, "r 2\r\nhi\r\n");
  EXPECT_EQ(ParseOne("HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n").tail,
            "r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
}

TEST(ParserTest, BlanksThatDifferFromTheCanonicalFormLeaveNoTail) {
  for (const char* text : {"PUB a \t 1\r\nx\r\n", "PUB a 1\nx\r\n", "pub a  1 \r\nx\r\n"}) {
    const Operation pub = ParseOne(text);
    EXPECT_EQ(pub.subject, "a") << text;
    EXPECT_EQ(pub.payload, "x") << text;
  }
  EXPECT_EQ(ParseOne("PUB a 1\nx\r\n").tail, "");
  EXPECT_EQ(ParseOne("PUB a r  1\r\nx\r\n").tail, "");
  EXPECT_EQ(ParseOne("PUB a r 1 \r\nx\r\n").tail, "");
}

TEST(ParserTest, HeadersAndBodyAreOnePayload) {
  const Operation pub = ParseOne("HPUB s 22 24\r\nNATS/1.0\r\nBar: Baz\r\n\r\nhi\r\n");
  EXPECT_EQ(pub.header_size, 22);
  EXPECT_EQ(pub.payload, "NATS/1.0\r\nBar: Baz\r\n\r\nhi");
}

TEST(ParserTest, SubUnsubAndTheRest) {
  const Operation sub = ParseOne("sub a.* workers 7\r\n");
  EXPECT_EQ(sub.verb, Verb::kSub);
  EXPECT_EQ(sub.subject, "a.*");
  EXPECT_EQ(sub.queue, "workers");
  EXPECT_EQ(sub.sid, "7");
  EXPECT_EQ(ParseOne("SUB a 1\n").queue, "");
  EXPECT_EQ(ParseOne("UNSUB 7 3\r\n").max, 3);
  EXPECT_EQ(ParseOne("UNSUB 7\r\n").max, 0);
  EXPECT_EQ(ParseOne("CONNECT {\"verbose\":false}\r\n").json, "{\"verbose\":false}");
  EXPECT_EQ(ParseOne("CONNECT\r\n").json, "") << "refused as bad JSON, as nats-server does";
  EXPECT_EQ(ParseOne("PING\r\n").verb, Verb::kPing);
  EXPECT_EQ(ParseOne("PONG\n").verb, Verb::kPong);
  EXPECT_EQ(ParseOne("+OK\r\n").verb, Verb::kOk);
}

TEST(ParserTest, ErrorsAreThoseOfNatsServer) {
  for (const char* text : {"FOO\r\n", "PXX\r\n", "MSG a 1 2\r\nhi\r\n", "UNSUB\r\n", "PUB\r\n",
                           "\r\n", "PUB a 1\r\nxyz\r\n", "PUB a 1\r\nx\n\n"}) {
    EXPECT_EQ(ErrorOf(text), ParseError::kUnknownOperation) << text;
  }
  for (const char* text : {"PUB a\r\n", "PUB a -1\r\n", "PUB a x\r\n", "PUB a b c 1\r\n",
                           "SUB a\r\n", "PUB a 1234567890\r\n", "HPUB a 5\r\n", "HPUB a 9 5\r\n",
                           "-ERR 'x'\r\n", "SUB a b c d\r\n"}) {
    EXPECT_EQ(ErrorOf(text), ParseError::kMalformed) << text;
  }
  EXPECT_EQ(ErrorOf("HPUB a 1 1\r\n", {.headers = false}), ParseError::kMalformed);
  EXPECT_EQ(ErrorOf("PUB a 11\r\n", {.max_payload = 10}), ParseError::kMaxPayload);
  EXPECT_EQ(ErrorOf("SUB " + std::string(100, 'a'), {.max_control_line = 64}),
            ParseError::kControlLine);
  EXPECT_EQ(ErrorOf("X"), ParseError::kUnknownOperation) << "no newline is needed to know";
}

TEST(ParserTest, CutAnywhereItNeedsMoreAndThenParsesTheSame) {
  const std::string whole = "HPUB a.b reply 12 15\r\nNATS/1.0\r\n\r\nabc\r\n";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Parser parser{ParseLimits{}};
    Operation operation;
    std::string_view part = std::string_view(whole).substr(0, cut);
    ASSERT_EQ(parser.Next(part, operation), Parser::Result::kNeedMore) << cut;
    EXPECT_EQ(part.size(), cut);
    const std::size_t line_end = whole.find('\n') + 1;
    EXPECT_EQ(parser.needed(), cut >= line_end ? whole.size() : 0u) << cut;
  }
  EXPECT_EQ(ParseOne(whole).payload, "NATS/1.0\r\n\r\nabc");
}

// As in nats-server, the limit is that of the arguments: neither verb nor line end counts.
TEST(ParserTest, TheControlLineIsItsArgumentsHoweverItArrives) {
  const ParseLimits limits{.max_control_line = 10};
  for (const std::string before : {"SUB ", "UNSUB ", "CONNECT ", "CONNECT   ", "info "}) {
    for (const std::string end : {"\n", "\r\n"}) {
      const std::string fits = before + "a 34567890" + end;
      const std::string too_long = before + "a 345678901" + end;
      for (std::size_t cut = 0; cut <= fits.size(); ++cut) {
        Parser parser{limits};
        Operation operation;
        std::string_view part = std::string_view(fits).substr(0, cut);
        EXPECT_EQ(parser.Next(part, operation),
                  cut == fits.size() ? Parser::Result::kOperation : Parser::Result::kNeedMore)
            << fits << cut;
      }
      EXPECT_EQ(ErrorOf(too_long, limits), ParseError::kControlLine) << too_long;
      EXPECT_EQ(ErrorOf(too_long.substr(0, before.size() + 11), limits), ParseError::kControlLine)
          << too_long << " before its end";
    }
  }
  const std::string pub = "PUB a       1\r\nx\r\n";
  EXPECT_EQ(ErrorOf(pub, {.max_control_line = 8}), ParseError::kControlLine);
  std::string_view in = pub;
  Operation operation;
  EXPECT_EQ(Parser({.max_control_line = 9}).Next(in, operation), Parser::Result::kOperation);
}

// nats-server skips what follows PING without end; here a line ends some time.
TEST(ParserTest, ALineThatNeverEndsIsAnError) {
  for (const char* verb : {"PING ", "PONG", "+OK ", "SUB "}) {
    EXPECT_EQ(ErrorOf(verb + std::string(5000, ' ')), ParseError::kControlLine) << verb;
    EXPECT_EQ(ErrorOf(verb + std::string(5000, ' ') + "\n"), ParseError::kControlLine) << verb;
  }
}

TEST(ParserTest, OperationsFollowOneAnother) {
  std::string_view in = "PING\r\nPUB a 0\r\n\r\nSUB b 1\r\nPI";
  Parser parser{ParseLimits{}};
  Operation operation;
  std::vector<Verb> verbs;
  while (parser.Next(in, operation) == Parser::Result::kOperation) verbs.push_back(operation.verb);
  EXPECT_EQ(verbs, (std::vector<Verb>{Verb::kPing, Verb::kPub, Verb::kSub}));
  EXPECT_EQ(in, "PI");
}

}  // namespace
}  // namespace wherry::nats
