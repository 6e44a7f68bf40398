#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "broker/kafka/request_subjects.h"
#include "broker/kafka/security/acl.h"
#include "protocol/kafka/error_code.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/encoder.h"

// Requests taken apart by what a client may do, and responses put together again, through their
// Visit: an API needs no line for it, as long as it calls things what Kafka's schemas call them.
namespace wherry::kafka {

// What a request, or an element of one of its arrays, is about.
struct NamedResource {
  AclResourceType type = AclResourceType::kUnknown;
  std::string name;
};

// Says whether a client may do what a request asks for.
class RequestJudge {
 public:
  // Of what the request as a whole names; kNone: it may.
  virtual ErrorCode OfWhole(const std::vector<NamedResource>& named) = 0;
  virtual ErrorCode OfElement(const std::vector<NamedResource>& named) = 0;

 protected:
  ~RequestJudge() = default;
};

// A part of a request that gets the same answer: kNone is handled.
struct RequestPart {
  ErrorCode error = ErrorCode::kNone;
  std::string body;
};

// Finds what the fields of a message itself, not those of its arrays, name.
class OwnResources : public wire::Vocabulary<OwnResources> {
 public:
  explicit OwnResources(int version) : version_(version) {}
  int version() const { return version_; }

  template <typename T>
  void Take(const char* name, const T& value, bool) {
    if constexpr (std::is_same_v<T, std::string>) {
      SeeText(name, value);
    } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
      if (value.has_value()) SeeText(name, *value);
    } else if constexpr (std::is_same_v<T, std::int8_t>) {
      SeeNumber(name, value);
    }
  }
  template <typename T, typename D>
  void TakeTagged(std::uint32_t, const char*, const T&, const D&) {}

  std::vector<NamedResource> Found() const;
  // Of an array of strings in this message.
  std::optional<NamedResource> FoundIn(std::string_view array, const std::string& text) const;

 private:
  void SeeText(std::string_view name, const std::string& text);
  void SeeNumber(std::string_view name, std::int8_t number);
  AclResourceType KeyType() const;

  const int version_;
  std::vector<NamedResource> found_;
  std::optional<std::string> key_;            // FindCoordinator's
  std::int8_t key_type_ = 0;                  // 0: a group, 1: a transactional id
  std::optional<std::int8_t> resource_type_;  // of configurations
};

// Walks the arrays of a request itself: judges their elements, or keeps those of one verdict.
class ArraySieve : public wire::Vocabulary<ArraySieve> {
 public:
  ArraySieve(int version, const TopicNames& names, const OwnResources& own, RequestJudge& judge)
      : version_(version), names_(names), own_(own), judge_(judge) {}
  int version() const { return version_; }

  template <typename M>
  void Judge(const M& request) {
    M::Visit(*this, request);
  }
  // Leaves the elements of that verdict in their arrays, and no others.
  template <typename M>
  void Keep(M& request, ErrorCode verdict) {
    next_ = 0;
    keeping_ = verdict;
    M::Visit(*this, request);
  }

  // Each once; kNone only if such an element names anything.
  std::vector<ErrorCode> Verdicts() const;

  template <typename T>
  void Take(const char* name, T& value, bool) {
    See(name, value);
  }
  template <typename T, typename D>
  void TakeTagged(std::uint32_t, const char*, T&, const D&) {}

 private:
  struct Verdict {
    ErrorCode error = ErrorCode::kNone;
    bool about_something = false;
  };

  template <typename T>
  void See(const char*, T&) {}
  template <typename T>
  void See(const char* name, const std::vector<T>& values) {
    std::vector<Verdict>& verdicts = verdicts_.emplace_back();
    for (const T& value : values) verdicts.push_back(Of(ResourcesOf(name, value)));
  }
  template <typename T>
  void See(const char* name, const std::optional<std::vector<T>>& values) {
    See(name, values.has_value() ? *values : std::vector<T>());
  }
  template <typename T>
  void See(const char*, std::vector<T>& values) {
    const std::vector<Verdict>& verdicts = verdicts_[next_++];
    std::vector<T> kept;
    for (std::size_t i = 0; i < values.size() && i < verdicts.size(); ++i) {
      // What names nothing goes with every part.
      if (verdicts[i].error == keeping_ || !verdicts[i].about_something) {
        kept.push_back(std::move(values[i]));
      }
    }
    values = std::move(kept);
  }
  template <typename T>
  void See(const char* name, std::optional<std::vector<T>>& values) {
    if (values.has_value()) return See(name, *values);
    ++next_;
  }

  template <typename T>
  std::vector<NamedResource> ResourcesOf(const char* array, const T& value) const {
    if constexpr (std::is_same_v<T, std::string>) {
      const std::optional<NamedResource> found = own_.FoundIn(array, value);
      return found.has_value() ? std::vector<NamedResource>{*found} : std::vector<NamedResource>();
    } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, wire::Bytes> &&
                         !std::is_same_v<T, wire::Uuid>) {
      OwnResources own(version_);
      T::Visit(own, value);
      std::vector<NamedResource> named = own.Found();
      if (!named.empty()) return named;
      RequestSubjects subjects;
      SubjectCollector(subjects, version_, names_).Take(array, std::vector<T>{value}, false);
      for (std::string& topic : subjects.topics) {
        named.push_back({AclResourceType::kTopic, std::move(topic)});
      }
      return named;
    } else {
      return {};
    }
  }
  Verdict Of(const std::vector<NamedResource>& named) const {
    return {judge_.OfElement(named), !named.empty()};
  }

  const int version_;
  const TopicNames& names_;
  const OwnResources& own_;
  RequestJudge& judge_;
  std::vector<std::vector<Verdict>> verdicts_;  // array by array, as they are visited
  std::size_t next_ = 0;
  ErrorCode keeping_ = ErrorCode::kNone;
};

// What becomes of a request: one part, or several where it is cut. nullopt: the bytes are no such
// request. A part that is the whole of it has no body of its own.
template <typename M>
std::optional<std::vector<RequestPart>> SiftRequest(std::string_view body, int version,
                                                    bool flexible, const TopicNames& names,
                                                    RequestJudge& judge) {
  M request;
  if (!wire::Decoder(body, version, flexible).Decode(request)) return std::nullopt;
  OwnResources own(version);
  M::Visit(own, std::as_const(request));
  const ErrorCode whole = judge.OfWhole(own.Found());
  if (whole != ErrorCode::kNone) return std::vector<RequestPart>{{whole, ""}};
  ArraySieve sieve(version, names, own, judge);
  sieve.Judge(std::as_const(request));
  const std::vector<ErrorCode> verdicts = sieve.Verdicts();
  if (verdicts.empty()) return std::vector<RequestPart>{{ErrorCode::kNone, ""}};
  std::vector<RequestPart> parts;
  for (const ErrorCode verdict : verdicts) {
    RequestPart& part = parts.emplace_back(RequestPart{verdict, ""});
    if (verdicts.size() == 1) break;
    M copy = request;
    sieve.Keep(copy, verdict);
    wire::Encoded encoded;
    wire::Encoder(encoded, version, flexible).Encode(copy);
    part.body = encoded.Flat();
  }
  return parts;
}

// Moves the elements of one response's arrays behind those of another.
class ArrayJoin : public wire::Vocabulary<ArrayJoin> {
 public:
  explicit ArrayJoin(int version) : version_(version) {}
  int version() const { return version_; }

  template <typename M>
  void Join(M& first, M& second) {
    M::Visit(*this, second);
    joining_ = true;
    M::Visit(*this, first);
  }

  template <typename T>
  void Take(const char*, T& value, bool) {
    See(value);
  }
  template <typename T, typename D>
  void TakeTagged(std::uint32_t, const char*, T&, const D&) {}

 private:
  template <typename T>
  void See(T&) {}
  template <typename T>
  void See(std::vector<T>& values) {
    if (!joining_) return arrays_.push_back(&values);
    // The visits of both are alike: the array at the same place has the same type.
    auto& others = *static_cast<std::vector<T>*>(arrays_[next_++]);
    for (T& other : others) values.push_back(std::move(other));
  }

  const int version_;
  bool joining_ = false;
  std::vector<void*> arrays_;
  std::size_t next_ = 0;
};

// One response out of the bodies of those to a request's parts.
template <typename M>
void JoinResponses(const std::vector<std::string>& bodies, int version, bool flexible,
                   wire::Encoder& encoder) {
  M joined;
  for (const std::string& body : bodies) {
    M part;
    wire::Decoder(body, version, flexible).Decode(part);
    if (&body == &bodies.front()) {
      joined = std::move(part);
    } else {
      ArrayJoin(version).Join(joined, part);
    }
  }
  encoder.Encode(joined);
}

}  // namespace wherry::kafka
