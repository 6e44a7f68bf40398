#include "tests/conformance/nats/transcript.h"

#include <algorithm>
#include <chrono>
#include <regex>

#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

// What is left out of CONNECT is true.
constexpr std::string_view kQuiet = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n";
constexpr std::string_view kPedantic = "CONNECT {\"verbose\":false,\"pedantic\":true}\r\n";
constexpr std::string_view kVerbosePedantic = "CONNECT {\"verbose\":true,\"pedantic\":true}\r\n";
constexpr std::string_view kHeaders = "CONNECT {\"verbose\":false,\"headers\":true}\r\n";
constexpr std::string_view kNoResponders =
    "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n";

constexpr char kUnknownOperation[] = "-ERR 'Unknown Protocol Operation'\r\n";
constexpr char kMaximumPayload[] = "-ERR 'Maximum Payload Violation'\r\n";
constexpr std::string_view kInvalidSubject = "-ERR 'Invalid Subject'\r\n";
constexpr std::string_view kInvalidPublishSubject = "-ERR 'Invalid Publish Subject'\r\n";
constexpr char kPong[] = "PONG\r\n";

// The second INFO goes to clients that understand more than one.
constexpr std::string_view kAsyncInfo = "CONNECT {\"verbose\":false,\"protocol\":1}\r\n";
constexpr std::string_view kSecondInfo =
    "INFO {\"connect_info\":true,\"remote_account\":\"$G\"}\r\n";

// More than the 4096 bytes a control line may have.
constexpr int kTooLong = 5000;

std::string operator+(std::string_view start, std::string_view end) {
  return std::string(start).append(end);
}

std::vector<Transcript> Connecting() {
  return {
      {"Silence", "", ""},
      {"ConnectPing", kQuiet + "PING\r\n", kPong},
      {"ConnectPingPing", kQuiet + "PING\r\nPING\r\n", "PONG\r\nPONG\r\n"},
      {"PingWithoutConnect", "PING\r\n", kPong},
      {"NoConnectMeansVerbose", "SUB a 1\r\nPUB a 2\r\nhi\r\n",
       "+OK\r\n+OK\r\nMSG a 1 2\r\nhi\r\n"},
      {"VerboseConfirmsEach",
       "CONNECT {\"verbose\":true}\r\nPING\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nUNSUB 1\r\n",
       "+OK\r\nPONG\r\n+OK\r\n+OK\r\nMSG a 1 2\r\nhi\r\n+OK\r\n"},
      {"LowerCase", "connect {}\r\nping\r\nsub a 1\r\npub a 1\r\nx\r\n",
       "+OK\r\nPONG\r\n+OK\r\n+OK\r\nMSG a 1 1\r\nx\r\n"},
      {"MixedCase", kQuiet + "SuB a 1\r\npUb a 1\r\nx\r\nPiNg\r\n", "MSG a 1 1\r\nx\r\nPONG\r\n"},
      {"SecondConnect", kQuiet + "PING\r\n" + kQuiet + "PING\r\n", "PONG\r\nPONG\r\n"},
      {"SecondConnectChangesVerbose",
       "CONNECT {\"verbose\":false}\r\nSUB a 1\r\nCONNECT {\"verbose\":true}\r\nSUB a "
       "2\r\nPING\r\n",
       "+OK\r\n+OK\r\nPONG\r\n"},
      {"EchoOff",
       "CONNECT {\"verbose\":false,\"echo\":false}\r\nSUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n", kPong},
      {"EchoOmitted", "CONNECT {}\r\nSUB a 1\r\nPUB a 1\r\nx\r\n",
       "+OK\r\n+OK\r\n+OK\r\nMSG a 1 1\r\nx\r\n"},
      {"UnknownConnectFieldsAreIgnored",
       "CONNECT {\"verbose\":false,\"color\":\"red\",\"list\":[1,{\"a\":null}]}\r\nPING\r\n",
       kPong},
      {"BadConnectJson", "CONNECT {verbose\r\nPING\r\n", "", true},
      {"ConnectWithoutJson", "CONNECT\r\nPING\r\n", "", true},
      {"ConnectProtocolNine", "CONNECT {\"protocol\":9}\r\nPING\r\n",
       "-ERR 'invalid client protocol'\r\n", true},
      {"NoRespondersWithoutHeaders",
       "CONNECT {\"verbose\":false,\"no_responders\":true,\"headers\":false}\r\nPING\r\n",
       "-ERR 'no responders requires headers support'\r\n", true},
      {"AccountInConnect", "CONNECT {\"verbose\":false,\"account\":\"a\"}\r\nPING\r\n",
       "-ERR 'Authorization Violation'\r\n", true},
  };
}

std::vector<Transcript> SecondInfo() {
  const std::string pong(kPong);
  const std::string answer = pong + std::string(kSecondInfo);
  return {
      {"SecondInfoFollowsTheFirstPong", kAsyncInfo + "PING\r\n", answer, false, kConnectInfoSince},
      {"SecondInfoComesOnce", kAsyncInfo + "PING\r\nPING\r\n", answer + kPong, false,
       kConnectInfoSince},
      {"SecondInfoWaitsForPing", kAsyncInfo + "SUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n",
       "MSG a 1 1\r\nx\r\n" + answer, false, kConnectInfoSince},
      {"SecondInfoComesAmongOks",
       "CONNECT {\"verbose\":true,\"protocol\":1}\r\nSUB a 1\r\nPING\r\nPUB a 1\r\nx\r\n",
       "+OK\r\n+OK\r\n" + answer + "+OK\r\nMSG a 1 1\r\nx\r\n", false, kConnectInfoSince},
      {"SecondInfoOfTheLastConnect", "CONNECT {}\r\n" + std::string(kAsyncInfo) + "PING\r\n",
       "+OK\r\n" + answer, false, kConnectInfoSince},
      {"SecondInfoOfTheFirstPingOnly",
       "CONNECT {\"verbose\":false,\"protocol\":0}\r\nPING\r\n" + std::string(kAsyncInfo) +
           "PING\r\n",
       pong + pong},
      {"NoSecondInfoForProtocolZero", "CONNECT {\"verbose\":false,\"protocol\":0}\r\nPING\r\n",
       kPong},
      {"NoSecondInfoBefore", kAsyncInfo + "PING\r\n", kPong, false, 0, kConnectInfoSince},
  };
}

std::vector<Transcript> Operations() {
  return {
      {"UnknownOperation", kQuiet + "FOO\r\n", kUnknownOperation, true},
      {"UnknownOperationAfterP", kQuiet + "PXX\r\n", kUnknownOperation, true},
      {"MsgFromAClient", kQuiet + "MSG a 1 1\r\nx\r\n", kUnknownOperation, true},
      {"RouteOperationFromAClient", kQuiet + "RS+ a b\r\n", kUnknownOperation, true},
      {"InfoFromAClient", kQuiet + "INFO {}\r\nPING\r\n", kPong},
      {"OkFromAClient", kQuiet + "+OK\r\nPING\r\n", kPong},
      {"PongFromAClient", kQuiet + "PONG\r\nPING\r\n", kPong},
      {"ErrFromAClient", kQuiet + "-ERR 'x'\r\nPING\r\n", "", true},
      {"TabsAndSpaces", kQuiet + "SUB\ta \t 1  \r\nPUB  a\t 1 \r\nx\r\nPING\r\n",
       "MSG a 1 1\r\nx\r\nPONG\r\n"},
      {"LineFeedOnly", kQuiet + "SUB a 1\nPUB a 1\nx\r\nPING\n", "MSG a 1 1\r\nx\r\nPONG\r\n"},
      {"PayloadEndsWithLineFeedOnly", kQuiet + "SUB a 1\r\nPUB a 1\r\nx\nPING\r\n",
       kUnknownOperation, true},
      {"ControlLineTooLong", kQuiet + "SUB " + std::string(kTooLong, 'a') + " 1\r\n",
       "-ERR 'maximum control line exceeded'\r\n", true},
      {"ControlLineTooLongAndNeverEnds", kQuiet + "PUB " + std::string(kTooLong, 'a'),
       "-ERR 'maximum control line exceeded'\r\n", true},
  };
}

std::vector<Transcript> Publishing() {
  const std::string over = std::to_string(kTranscriptMaxPayload + 1);
  const std::string exact = std::to_string(kTranscriptMaxPayload);
  const std::string body(kTranscriptMaxPayload, 'x');
  return {
      {"PubWithoutSize", kQuiet + "PUB a\r\n", "", true},
      {"PubNegativeSize", kQuiet + "PUB a -1\r\n", "", true},
      {"PubBadSize", kQuiet + "PUB a x\r\n", "", true},
      {"PubHugeSize", kQuiet + "PUB a 99999999999999999999\r\n", "", true},
      {"PubFiveArguments", kQuiet + "PUB a b c d 1\r\n", "", true},
      {"PubNoArguments", kQuiet + "PUB\r\n", kUnknownOperation, true},
      {"PayloadLongerThanSize", kQuiet + "PUB a 1\r\nxyz\r\nPING\r\n", kUnknownOperation, true},
      {"PayloadWithoutEnd", kQuiet + "PUB a 1\r\nxPING\r\n", kUnknownOperation, true},
      {"PayloadOfExactlyTheMaximum", kQuiet + "SUB a 1\r\nPUB a " + exact + "\r\n" + body + "\r\n",
       "MSG a 1 " + exact + "\r\n" + body + "\r\n"},
      {"PubOverMaxPayload", kQuiet + "PUB a " + over + "\r\n", kMaximumPayload, true},
      {"PubOverMaxPayloadWithData", kQuiet + "PUB a " + over + "\r\n" + body + "x\r\n",
       kMaximumPayload, true},
      {"EmptyPayload", kQuiet + "SUB a 1\r\nPUB a 0\r\n\r\nPING\r\n", "MSG a 1 0\r\n\r\nPONG\r\n"},
      {"SizeIsRepeatedAsItWasWritten", kQuiet + "SUB a 1\r\nPUB a 001\r\nx\r\nPING\r\n",
       "MSG a 1 001\r\nx\r\nPONG\r\n"},
      {"ReplyIsDelivered", kQuiet + "SUB a 1\r\nPUB a r.1 1\r\nx\r\nPING\r\n",
       "MSG a 1 r.1 1\r\nx\r\nPONG\r\n"},
      {"PubToWildcard", kQuiet + "SUB a.* 1\r\nSUB a.b 2\r\nPUB a.* 1\r\nx\r\nPING\r\n",
       "MSG a.* 1 1\r\nx\r\nPONG\r\n"},
      {"PubToWildcardPedantic", kPedantic + "SUB a.* 1\r\nPUB a.* 1\r\nx\r\nPING\r\n",
       kInvalidPublishSubject + "MSG a.* 1 1\r\nx\r\nPONG\r\n"},
      {"PubEmptyTokenPedanticVerbose", kVerbosePedantic + "PUB a..b 1\r\nx\r\nPING\r\n",
       "+OK\r\n" + kInvalidPublishSubject + "+OK\r\nPONG\r\n"},
      {"PubEmptyTokenMatchesNothing", kQuiet + "SUB > 1\r\nPUB a..b 1\r\nx\r\nPING\r\n", kPong},
      {"ReservedReply", kQuiet + "PUB a _R_.x.y 1\r\nx\r\nPING\r\n",
       "-ERR 'Permissions Violation for Publish with Reply of \"_R_.x.y\"'\r\nPONG\r\n"},
      {"ReservedSubject", kQuiet + "PUB _GR_.a.b.c 1\r\nx\r\nPING\r\n",
       "-ERR 'Permissions Violation for Publish to \"_GR_.a.b.c\"'\r\nPONG\r\n"},
      {"PedanticIsTheDefault", "CONNECT {\"verbose\":false}\r\nPUB a..b 1\r\nx\r\nPING\r\n",
       kInvalidPublishSubject + kPong},
      {"Utf8Subject",
       kQuiet + "SUB gr\xc3\xbc\xc3\x9f.* 1\r\nPUB gr\xc3\xbc\xc3\x9f.dich 2\r\nhi\r\nPING\r\n",
       "MSG gr\xc3\xbc\xc3\x9f.dich 1 2\r\nhi\r\nPONG\r\n"},
  };
}

std::vector<Transcript> Subscribing() {
  return {
      {"SubWithoutSid", kQuiet + "SUB a\r\nPING\r\n", "", true},
      {"SubEmptyToken", kQuiet + "SUB a..b 1\r\nPING\r\n", kInvalidSubject + kPong},
      {"SubGreaterNotLast", kQuiet + "SUB a.>.b 1\r\nPING\r\n", kInvalidSubject + kPong},
      {"SubLeadingDot", kQuiet + "SUB .a 1\r\nPING\r\n", kInvalidSubject + kPong},
      {"SubTrailingDot", kQuiet + "SUB a. 1\r\nPING\r\n", kInvalidSubject + kPong},
      {"SubInvalidVerbosePedantic", kVerbosePedantic + "SUB a..b 1\r\nPING\r\n",
       "+OK\r\n" + kInvalidSubject + kPong},
      {"StarInsideATokenIsLiteral",
       kQuiet + "SUB a*b 1\r\nPUB a*b 1\r\nx\r\nPUB axb 1\r\ny\r\nPING\r\n",
       "MSG a*b 1 1\r\nx\r\nPONG\r\n"},
      {"GreaterInsideATokenIsLiteral",
       kQuiet + "SUB a> 1\r\nPUB a> 1\r\nx\r\nPUB ab 1\r\ny\r\nPING\r\n",
       "MSG a> 1 1\r\nx\r\nPONG\r\n"},
      {"SubEverything", kQuiet + "SUB > 1\r\nPUB q.w 1\r\nx\r\n", "MSG q.w 1 1\r\nx\r\n"},
      {"SidIsAnyToken", kQuiet + "SUB a my-sid.1\r\nPUB a 1\r\nx\r\nPING\r\n",
       "MSG a my-sid.1 1\r\nx\r\nPONG\r\n"},
      {"DuplicateSidKeepsTheFirst",
       kQuiet + "SUB a 1\r\nSUB b 1\r\nPUB a 1\r\nx\r\nPUB b 1\r\ny\r\nPING\r\n",
       "MSG a 1 1\r\nx\r\nPONG\r\n"},
      {"UnsubUnknown", kQuiet + "UNSUB 7\r\nPING\r\n", kPong},
      {"UnsubEnds", kQuiet + "SUB a 1\r\nUNSUB 1\r\nPUB a 1\r\nx\r\nPING\r\n", kPong},
      {"UnsubMax",
       kQuiet + "SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\nPING\r\n",
       "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\nPONG\r\n"},
      {"UnsubMaxCountsFromSub",
       kQuiet + "SUB a 1\r\nPUB a 1\r\n1\r\nUNSUB 1 2\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\nPING\r\n",
       "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\nPONG\r\n"},
      {"UnsubMaxAlreadyReached",
       kQuiet + "SUB a 1\r\nPUB a 1\r\n1\r\nUNSUB 1 1\r\nPUB a 1\r\n2\r\nPING\r\n",
       "MSG a 1 1\r\n1\r\nPONG\r\n"},
      {"UnsubMaxZero", kQuiet + "SUB a 1\r\nUNSUB 1 0\r\nPUB a 1\r\nx\r\nPING\r\n", kPong},
      {"UnsubWithoutSid", kQuiet + "UNSUB\r\n", kUnknownOperation, true},
      {"QueueGetsOneCopy", kQuiet + "SUB a q 1\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\nPING\r\n",
       "MSG a 1 1\r\nx\r\nMSG a 1 1\r\ny\r\nPONG\r\n"},
      {"PlainThenQueue", kQuiet + "SUB a q 1\r\nSUB a 3\r\nPUB a 1\r\nx\r\nPING\r\n",
       "MSG a 3 1\r\nx\r\nMSG a 1 1\r\nx\r\nPONG\r\n"},
  };
}

std::vector<Transcript> Headers() {
  return {
      {"HeadersArrive",
       kHeaders + "SUB a 1\r\nHPUB a r 22 24\r\nNATS/1.0\r\nBar: Baz\r\n\r\nhi\r\nPING\r\n",
       "HMSG a 1 r 22 24\r\nNATS/1.0\r\nBar: Baz\r\n\r\nhi\r\nPONG\r\n"},
      {"HeadersWithoutReply",
       kHeaders + "SUB a 1\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\n",
       "HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n"},
      {"HpubWithoutHeaderSupport", "CONNECT {}\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
       "+OK\r\n", true},
      {"HpubHeaderLargerThanTotal", kHeaders + "HPUB a 24 22\r\n", "", true},
      {"HpubWithoutHeaderSize", kHeaders + "HPUB a 22\r\n", "", true},
      {"HpubOverMaxPayload", kHeaders + "HPUB a 12 1025\r\n", kMaximumPayload, true},
      {"NoRespondersWithoutSubject",
       kNoResponders + "SUB inbox.* 1\r\nPUB nobody inbox.1 1\r\nx\r\nPING\r\n",
       "HMSG inbox.1 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\nPONG\r\n", false, 0, kNatsSubjectSince},
      {"NoResponders", kNoResponders + "SUB inbox.* 1\r\nPUB nobody inbox.1 1\r\nx\r\nPING\r\n",
       "HMSG inbox.1 1 38 38\r\nNATS/1.0 503\r\nNats-Subject: nobody\r\n\r\n\r\nPONG\r\n", false,
       kNatsSubjectSince},
      {"NoRespondersToHeaders",
       kNoResponders + "SUB inbox.1 1\r\nHPUB a.b inbox.1 12 13\r\nNATS/1.0\r\n\r\nx\r\nPING\r\n",
       "HMSG inbox.1 1 35 35\r\nNATS/1.0 503\r\nNats-Subject: a.b\r\n\r\n\r\nPONG\r\n", false,
       kNatsSubjectSince},
      {"NoRespondersWithoutInbox", kNoResponders + "PUB nobody inbox.1 1\r\nx\r\nPING\r\n", kPong},
      {"NoRespondersNotWanted", kHeaders + "SUB inbox.* 1\r\nPUB nobody inbox.1 1\r\nx\r\nPING\r\n",
       kPong},
      {"RespondersMeanNoStatus",
       kNoResponders + "SUB inbox.* 1\r\nSUB a 2\r\nPUB a inbox.1 1\r\nx\r\nPING\r\n",
       "MSG a 2 inbox.1 1\r\nx\r\nPONG\r\n"},
  };
}

// Ends a conversation that the server leaves open: whatever came before its answer is all there is.
constexpr char kEpilogue[] = "PING\r\n";
// A wrong server may send less than it should; a right one has long answered by then.
constexpr std::chrono::seconds kTranscriptPatience{5};

std::size_t CountPongs(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(kPong); at != text.npos; at = text.find(kPong, at + 1)) ++count;
  return count;
}

// INFO lines without what is the same in all of a server's, so that a table can hold them.
std::string WithShortInfo(const std::string& output) {
  static const std::regex kInfo(R"re(INFO (\{[^\r]*\}) ?\r\n)re");
  static const std::regex kChanging(
      R"re("(connect_info|remote_account|acc_is_sys|ldm)":("[^"]*"|[^,}]*))re");
  std::string text;
  std::string::const_iterator at = output.begin();
  for (std::sregex_iterator it(output.begin(), output.end(), kInfo), end; it != end; ++it) {
    const std::string fields = (*it)[1];
    text.append(at, (*it)[0].first).append("INFO {");
    for (std::sregex_iterator field(fields.begin(), fields.end(), kChanging); field != end; ++field)
      text.append(text.back() == '{' ? "" : ",").append(field->str());
    text.append("}\r\n");
    at = (*it)[0].second;
  }
  return text.append(at, output.end());
}

}  // namespace

const std::vector<Transcript>& Transcripts() {
  static const auto* const all = [] {
    auto* transcripts = new std::vector<Transcript>;
    for (auto group :
         {Connecting(), SecondInfo(), Operations(), Publishing(), Subscribing(), Headers()}) {
      transcripts->insert(transcripts->end(), group.begin(), group.end());
    }
    return transcripts;
  }();
  return *all;
}

int MinorVersion(std::string_view address) {
  const std::string info = RawSocket(address).TakeLine(kTranscriptPatience);
  static const std::regex kVersion(R"re("version":"2\.(\d+)\.)re");
  std::smatch match;
  return std::regex_search(info, match, kVersion) ? std::stoi(match[1]) : -1;
}

Outcome Play(const Transcript& transcript, std::string_view address, Pace pace) {
  RawSocket socket(address);
  socket.TakeLine(kTranscriptPatience);
  const std::size_t step =
      pace == Pace::kAtOnce ? std::max<std::size_t>(transcript.input.size(), 1) : 1;
  for (std::size_t at = 0; at < transcript.input.size(); at += step) {
    if (!socket.Send(std::string_view(transcript.input).substr(at, step))) break;
  }
  if (transcript.closes) {
    const bool closed = socket.AwaitClosed(kTranscriptPatience);
    return {socket.Take(), closed};
  }
  socket.AwaitBytes(transcript.output.size(), kTranscriptPatience);
  socket.Send(kEpilogue);
  const std::size_t pongs = CountPongs(transcript.output) + 1;
  while (CountPongs(socket.received()) < pongs &&
         socket.AwaitBytes(socket.received().size() + 1, kTranscriptPatience)) {
  }
  std::string output = socket.Take();
  if (output.ends_with(kPong)) output.resize(output.size() - std::string_view(kPong).size());
  return {WithShortInfo(output), socket.closed()};
}

}  // namespace wherry::conformance
