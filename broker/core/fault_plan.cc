#include "broker/core/fault_plan.h"

#include <algorithm>

namespace wherry::core {

void HoldPoint::Park(runtime::Shard& shard, Resume resume) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++arrived_;
  changed_.notify_all();
  if (closed_) return;
  if (released_) return shard.Post(std::move(resume));
  parked_.emplace_back(&shard, std::move(resume));
}

void HoldPoint::Release() {
  // Under the lock, so that Close, after which the shards may end, waits for it.
  const std::lock_guard<std::mutex> lock(mutex_);
  released_ = true;
  for (auto& [shard, resume] : parked_) shard->Post(std::move(resume));
  parked_.clear();
}

void HoldPoint::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  parked_.clear();
  changed_.notify_all();
}

bool HoldPoint::Wait(std::chrono::milliseconds limit, int count) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, limit, [this, count] { return closed_ || arrived_ >= count; });
  return arrived_ >= count;
}

int HoldPoint::arrived() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return arrived_;
}

bool HoldPoint::closed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return closed_;
}

bool SubjectIsWithin(std::string_view pattern, std::string_view subject) {
  while (!pattern.empty() && !subject.empty()) {
    if (pattern == ">") return true;
    const std::size_t pattern_dot = pattern.find('.');
    const std::size_t subject_dot = subject.find('.');
    const std::string_view token = pattern.substr(0, pattern_dot);
    // A `>` in the subject stands for more than one token, which only `>` does too.
    const std::string_view given = subject.substr(0, subject_dot);
    if (given == ">" || (token != "*" && token != given)) return false;
    pattern = pattern_dot == std::string_view::npos ? "" : pattern.substr(pattern_dot + 1);
    subject = subject_dot == std::string_view::npos ? "" : subject.substr(subject_dot + 1);
  }
  return pattern.empty() && subject.empty();
}

namespace {

bool OperationMatches(std::string_view pattern, std::string_view operation) {
  if (!pattern.ends_with(".*")) return pattern == operation;
  // A connection is no operation.
  return operation.starts_with(pattern.substr(0, pattern.size() - 1)) &&
         !operation.ends_with(".connection");
}

bool Matches(const FaultRule& rule, const FaultPoint& point) {
  const auto among = [](const std::string& name, std::span<const std::string> names) {
    return name.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  return OperationMatches(rule.operation, point.operation) &&
         (rule.connection == 0 || rule.connection == point.connection) &&
         (rule.client.empty() || rule.client == point.client || rule.client == point.user) &&
         among(rule.topic, point.topics) && among(rule.group, point.groups) &&
         (rule.subject.empty() || SubjectIsWithin(rule.subject, point.subject));
}

}  // namespace

bool FaultPlan::Entry::Strikes(const FaultPoint& point) {
  if (spent() || !Matches(rule, point)) return false;
  if (++matched <= rule.skip) return false;
  constexpr std::uint64_t kParts = std::uint64_t{1} << 53;  // as many as a double tells apart
  if (rule.probability < 1 &&
      static_cast<double>(random.Below(kParts)) >= rule.probability * static_cast<double>(kParts)) {
    return false;
  }
  ++fired;
  return true;
}

std::uint64_t FaultPlan::Add(FaultRule rule) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::uint64_t id = next_id_++;
  if (rule.strike.hold != nullptr) {
    std::erase_if(holds_, [](const std::weak_ptr<HoldPoint>& hold) { return hold.expired(); });
    holds_.push_back(rule.strike.hold);
  }
  runtime::Random random(rule.seed);
  entries_.push_back({id, std::move(rule), random});
  CountLive();
  return id;
}

bool FaultPlan::Remove(std::uint64_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool removed =
      std::erase_if(entries_, [id](const Entry& entry) { return entry.id == id; }) > 0;
  CountLive();
  return removed;
}

void FaultPlan::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_.clear();
  CountLive();
}

std::vector<FaultPlan::Listed> FaultPlan::List() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Listed> listed;
  for (const Entry& entry : entries_) {
    listed.push_back({entry.id, entry.rule.text, entry.matched, entry.fired});
  }
  return listed;
}

FaultStrike FaultPlan::Take(const FaultPoint& point) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Entry& entry : entries_) {
    if (!entry.Strikes(point)) continue;
    if (entry.spent()) CountLive();
    return entry.rule.strike;
  }
  return {};
}

std::vector<FaultStrike> FaultPlan::TakeAll(const FaultPoint& point) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<FaultStrike> strikes;
  for (Entry& entry : entries_) {
    if (!entry.Strikes(point)) continue;
    strikes.push_back(entry.rule.strike);
    if (!entry.rule.strike.impairs_connection()) break;
  }
  CountLive();
  return strikes;
}

void FaultPlan::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::weak_ptr<HoldPoint>& weak : holds_) {
    if (const std::shared_ptr<HoldPoint> hold = weak.lock()) hold->Close();
  }
}

void FaultPlan::CountLive() {
  const auto live = std::count_if(entries_.begin(), entries_.end(),
                                  [](const Entry& entry) { return !entry.spent(); });
  live_.store(static_cast<int>(live), std::memory_order_relaxed);
}

}  // namespace wherry::core
