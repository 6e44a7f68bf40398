#include "broker/kafka/security/authentication.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/kafka/cluster.h"

namespace wherry::kafka {

namespace {

constexpr std::int16_t kSaslHandshake = 17;
constexpr std::int16_t kApiVersions = 18;
constexpr std::int16_t kSaslAuthenticate = 36;

std::int64_t MillisOf(runtime::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

Authentication::Authentication(const Entrance& entrance, runtime::Shard& shard, Enter enter,
                               GiveUp give_up)
    : entrance_(entrance),
      shard_(shard),
      enter_(std::move(enter)),
      give_up_(std::move(give_up)),
      patience_(shard.timers(), runtime::TimerKind::kPatience, "authentication") {
  patience_.Arm(kTimeout, [this] { give_up_("it has not said who it is in time"); });
}

bool Authentication::Expired() const {
  return session_ends_.has_value() && shard_.clock().Now() >= *session_ends_;
}

bool Authentication::MayBeginAgain() const {
  if (!session_ends_.has_value()) return false;
  return !began_again_.has_value() || shard_.clock().Now() - *began_again_ >= kMinReauthInterval;
}

Authentication::Admission Authentication::Admit(std::int16_t api_key, const char* api_name,
                                                std::string& why) {
  switch (state_) {
    case State::kBeginning:
      if (api_key == kApiVersions || api_key == kSaslHandshake) return Admission::kYes;
      why = absl::StrCat("unexpected request ", api_name, " during SASL handshake");
      return Admission::kNever;
    case State::kTokens:
    case State::kBareTokens:
      if (api_key == kSaslAuthenticate) return Admission::kYes;
      why = absl::StrCat("unexpected request ", api_name, " during SASL authentication");
      return Admission::kRefused;
    case State::kComplete:
      if (api_key == kSaslHandshake || !Expired()) return Admission::kYes;
      why = "its session has expired";
      return Admission::kNever;
    case State::kFailed:
      break;
  }
  why = "its authentication has failed";
  return Admission::kNever;
}

std::unique_ptr<SaslExchange> Authentication::MakeExchange(const std::string& mechanism) const {
  if (mechanism == kPlainMechanism) return MakePlainExchange(*entrance_.settings);
  if (mechanism == kOauthBearerMechanism) return MakeOauthBearerExchange(shard_.clock());
  const std::optional<ScramMechanism> scram = FindScramMechanism(mechanism);
  if (!scram.has_value()) return nullptr;
  // Looked up each time: a namespace that is reset has another cluster.
  return MakeScramExchange(
      *scram, [&entrance = entrance_, scram = *scram](const std::string& user) {
        Cluster* const cluster = entrance.find("").cluster;
        return cluster == nullptr ? nullptr : cluster->scram().Find(user, scram);
      });
}

std::optional<bool> Authentication::Begin(const std::string& mechanism, std::int16_t version) {
  const bool again = state_ == State::kComplete;
  if (again ? !MayBeginAgain() : state_ != State::kBeginning) return std::nullopt;
  if (!entrance_.settings->Offers(mechanism)) {
    state_ = State::kFailed;
    return false;
  }
  if (again) {
    began_again_ = shard_.clock().Now();
    patience_.Arm(kTimeout, [this] { give_up_("it has not said again who it is in time"); });
  }
  if (again && mechanism != mechanism_) refused_mechanism_ = mechanism;
  if (!again) mechanism_ = mechanism;
  exchange_ = MakeExchange(mechanism_);
  state_ = version == 0 ? State::kBareTokens : State::kTokens;
  return true;
}

SaslStep Authentication::Evaluate(std::string_view token) {
  if (!refused_mechanism_.empty()) {
    return Failed(SaslStep::Failed(absl::StrCat(
        "SASL mechanism '", refused_mechanism_,
        "' requested by client is not supported for re-authentication of mechanism '", mechanism_,
        "'")));
  }
  SaslStep step = exchange_->Evaluate(token);
  switch (step.outcome) {
    case SaslStep::Outcome::kMore:
      return step;
    case SaslStep::Outcome::kDone:
      return Complete(std::move(step));
    case SaslStep::Outcome::kFailed:
      break;
  }
  return Failed(std::move(step));
}

SaslStep Authentication::Complete(SaslStep step) {
  if (!user_.empty() && user_ != step.user) {
    return Failed(SaslStep::Failed(absl::StrCat("Cannot change principals during re-authentication "
                                                "from User.",
                                                user_, ": User.", step.user)));
  }
  if (user_.empty() && !enter_(step.user)) {
    return Failed(SaslStep::FailedBecause("there is no namespace of its name"));
  }
  user_ = step.user;
  const runtime::Duration max_reauth = entrance_.settings->max_reauth();
  std::optional<std::int64_t> lifetime;
  if (max_reauth.count() > 0) lifetime = MillisOf(max_reauth);
  if (step.expires_unix_millis.has_value()) {
    const std::int64_t left =
        std::max<std::int64_t>(*step.expires_unix_millis - shard_.clock().UnixMillis(), 0);
    lifetime = std::min(left, lifetime.value_or(left));
  }
  session_lifetime_ms_ = lifetime.value_or(0);
  session_ends_.reset();
  // Further away than that no clock of ours counts.
  constexpr std::int64_t kForEver = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  if (lifetime.has_value()) {
    session_ends_ =
        shard_.clock().Now() + std::chrono::milliseconds(std::min(*lifetime, kForEver));
  }
  exchange_ = nullptr;
  state_ = State::kComplete;
  patience_.Cancel();
  return step;
}

SaslStep Authentication::Failed(SaslStep step) {
  const bool again = !user_.empty();
  if (step.error.empty()) {
    step.error = absl::StrCat("Authentication failed during ",
                              again ? "re-authentication" : "authentication",
                              " due to invalid credentials with SASL mechanism ", mechanism_);
  }
  exchange_ = nullptr;
  state_ = State::kFailed;
  return step;
}

void Authentication::Delay(absl::AnyInvocable<void()> answer) {
  patience_.Arm(kFailureDelay, std::move(answer));
}

}  // namespace wherry::kafka
