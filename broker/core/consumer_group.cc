// The part of ConsumerGroup that says who gets what.

#include "broker/core/consumer_group.h"

#include <algorithm>
#include <utility>

#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

// FNV-1a: the same on every machine, and for ever, as it is kept.
class Fnv {
 public:
  void Add(std::string_view bytes) {
    for (const char byte : bytes) Add(static_cast<std::uint8_t>(byte));
  }
  void Add(std::int32_t number) {
    for (int shift = 0; shift < 32; shift += 8) Add(static_cast<std::uint8_t>(number >> shift));
  }
  void Add(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace

ConsumerGroup::ConsumerGroup(Services services) : services_(std::move(services)) {}

void ConsumerGroup::Heartbeat(ConsumerHeartbeat request, ConsumerHeartbeatDone done) {
  ConsumerHeartbeatResult result;
  Member* member = nullptr;
  result.error = CheckRequest(request, result.message);
  if (result.error == GroupError::kNone && request.epoch < kJoinEpoch) {
    return Leave(request, std::move(done));
  }
  if (result.error == GroupError::kNone) result.error = Admit(request, member, result.message);
  if (result.error != GroupError::kNone) return Answer(std::move(done), std::move(result));

  HearFrom(*member, request.connection);
  const PartitionsOfTopics before = member->record.has.assigned;
  Advance(Update(*member, request));
  Step(*member, request.owned);
  RestartSession(*member);
  result.member_id = member->id;
  result.epoch = member->record.has.epoch;
  result.interval = services_.times().heartbeat_interval;
  // A request with every field comes from a member that wants to hear everything again.
  const bool full = request.epoch == kJoinEpoch ||
                    (request.rebalance_timeout.has_value() && request.owned.has_value() &&
                     (request.topics.has_value() || request.pattern.has_value()));
  if (full || before != member->record.has.assigned) {
    result.assignment = member->record.has.assigned;
  }
  Answer(std::move(done), std::move(result));
}

void ConsumerGroup::Answer(ConsumerHeartbeatDone done, ConsumerHeartbeatResult result) {
  Keep([done = std::move(done),
        result = std::move(result)](const absl::Status& status) mutable {
    if (status.ok()) return done(std::move(result));
    ConsumerHeartbeatResult failed;
    failed.error = GroupError::kStorage;
    failed.message = std::string(status.message());
    done(std::move(failed));
  });
}

void ConsumerGroup::Advance(bool subscriptions_changed) {
  bool changed = subscriptions_changed;
  if (changed || seen_version_ != services_.topics.version()) {
    const std::uint64_t hash = ResolveTopics();
    changed = changed || hash != record_.topics_hash;
    if (hash != record_.topics_hash) dirty_ = true;
    record_.topics_hash = hash;
  }
  if (changed) {
    ++record_.epoch;
    dirty_ = true;
  }
  if (record_.epoch > record_.assignment_epoch) Assign();
}

std::uint64_t ConsumerGroup::ResolveTopics() {
  ResolvePatterns();
  subscribed_.clear();
  const auto subscribe = [this](const std::string& name) {
    if (subscribed_.contains(name)) return;
    const std::optional<TopicDirectory::Entry> entry = services_.topics.Find(name);
    if (entry.has_value()) subscribed_.emplace(name, *entry);
  };
  for (const auto& [id, member] : members_) {
    for (const std::string& name : member.record.topics) subscribe(name);
  }
  for (const auto& [text, pattern] : patterns_) {
    for (const std::string& name : pattern.topics) subscribe(name);
  }
  Fnv hash;
  for (const auto& [name, entry] : subscribed_) {
    hash.Add(static_cast<std::int32_t>(name.size()));
    hash.Add(name);
    for (const std::uint8_t byte : entry.id) hash.Add(byte);
    hash.Add(entry.partitions);
  }
  return hash.value();
}

void ConsumerGroup::ResolvePatterns() {
  const bool topics_changed = seen_version_ != services_.topics.version();
  seen_version_ = services_.topics.version();
  std::map<std::string, Pattern> used;
  for (const auto& [id, member] : members_) {
    const std::string& text = member.record.pattern;
    if (text.empty() || used.contains(text)) continue;
    Pattern pattern;
    if (const auto known = patterns_.find(text); known != patterns_.end()) {
      pattern = std::move(known->second);
    }
    if (pattern.expression == nullptr) {
      // It was compiled when the member came, or before a restart.
      auto compiled = NamePattern::Compile(text);
      if (!compiled.ok()) continue;
      pattern.expression = *std::move(compiled);
    } else if (!topics_changed) {
      used.emplace(text, std::move(pattern));
      continue;
    }
    pattern.topics.clear();
    services_.topics.ForEach([&pattern](std::string_view name) {
      if (pattern.expression->Matches(name)) pattern.topics.emplace(name);
    });
    used.emplace(text, std::move(pattern));
  }
  patterns_ = std::move(used);
}

const Assignor& ConsumerGroup::PreferredAssignor() const {
  // What most members ask for; nobody does: the default.
  std::map<std::string_view, int> votes;
  for (const auto& [id, member] : members_) {
    if (member.record.assignor.has_value()) ++votes[*member.record.assignor];
  }
  const Assignor* preferred = &Assignors().front();
  int most = 0;
  for (const Assignor& assignor : Assignors()) {
    const auto counted = votes.find(assignor.name);
    if (counted == votes.end() || counted->second <= most) continue;
    most = counted->second;
    preferred = &assignor;
  }
  return *preferred;
}

AssignorInput ConsumerGroup::InputForAssignor() const {
  AssignorInput input;
  for (const auto& [name, entry] : subscribed_) input.partitions[entry.id] = entry.partitions;
  for (const auto& [id, member] : members_) {
    AssignorInput::Member& asking = input.members.emplace_back();
    asking.id = id;
    asking.instance_id = member.record.instance_id;
    asking.current = &member.record.target;
    const auto subscribe = [&](const std::string& name) {
      const auto entry = subscribed_.find(name);
      if (entry != subscribed_.end()) asking.topics.insert(entry->second.id);
    };
    for (const std::string& name : member.record.topics) subscribe(name);
    const auto pattern = patterns_.find(member.record.pattern);
    if (pattern == patterns_.end()) continue;
    for (const std::string& name : pattern->second.topics) subscribe(name);
  }
  return input;
}

void ConsumerGroup::Assign() {
  TargetAssignment target = PreferredAssignor().assign(InputForAssignor());
  std::size_t next = 0;
  for (auto& [id, member] : members_) {
    PartitionsOfTopics& now = target[next++];
    if (now == member.record.target) continue;
    member.record.target = std::move(now);
    dirty_members_.insert(id);
  }
  record_.assignment_epoch = record_.epoch;
  dirty_ = true;
}

void ConsumerGroup::Step(Member& member, const std::optional<PartitionsOfTopics>& owned) {
  MemberAssignment next = Reconcile(
      member.record.has, member.record.target, record_.assignment_epoch, owned,
      [&](const TopicId& topic, std::int32_t partition) {
        return IsFreeFor(member, topic, partition);
      });
  if (next == member.record.has) return;
  SetAssignment(member, std::move(next));
  if (member.record.classic.has_value()) return;  // its own deadlines are those of joining
  if (member.record.has.state != MemberState::kUnrevoked) return member.deadline.Cancel();
  member.deadline.Arm(member.record.rebalance_timeout, [this, id = member.id] { Remove(id); });
}

bool ConsumerGroup::IsFreeFor(const Member& member, const TopicId& topic,
                              std::int32_t partition) const {
  const auto partitions = owners_.find(topic);
  if (partitions == owners_.end()) return true;
  const auto owner = partitions->second.find(partition);
  return owner == partitions->second.end() || owner->second == member.id;
}

void ConsumerGroup::SetAssignment(Member& member, MemberAssignment next) {
  for (const PartitionsOfTopics* had : {&member.record.has.assigned, &member.record.has.revoking}) {
    for (const auto& [topic, partitions] : *had) {
      const auto owned = owners_.find(topic);
      if (owned == owners_.end()) continue;
      for (const std::int32_t partition : partitions) {
        const auto owner = owned->second.find(partition);
        if (owner != owned->second.end() && owner->second == member.id) owned->second.erase(owner);
      }
      if (owned->second.empty()) owners_.erase(owned);
    }
  }
  member.record.has = std::move(next);
  for (const PartitionsOfTopics* has : {&member.record.has.assigned, &member.record.has.revoking}) {
    for (const auto& [topic, partitions] : *has) {
      for (const std::int32_t partition : partitions) owners_[topic][partition] = member.id;
    }
  }
  dirty_members_.insert(member.id);
}

GroupState ConsumerGroup::state() const {
  if (members_.empty()) return GroupState::kEmpty;
  if (record_.epoch > record_.assignment_epoch) return GroupState::kAssigning;
  const bool all = std::all_of(members_.begin(), members_.end(), [this](const auto& member) {
    return member.second.record.has.Follows(record_.assignment_epoch);
  });
  return all ? GroupState::kStable : GroupState::kReconciling;
}

bool ConsumerGroup::IsSubscribed(std::string_view topic) const {
  return std::any_of(members_.begin(), members_.end(), [&](const auto& entry) {
    const ConsumerMemberRecord& member = entry.second.record;
    if (member.topics.contains(std::string(topic))) return true;
    const auto pattern = patterns_.find(member.pattern);
    return pattern != patterns_.end() && pattern->second.expression->Matches(topic);
  });
}

std::map<std::string, std::vector<std::int32_t>> ConsumerGroup::Named(
    const PartitionsOfTopics& all) const {
  std::map<std::string, std::vector<std::int32_t>> named;
  for (const auto& [topic, partitions] : all) {
    const std::optional<std::string> name = services_.topics.NameOf(topic);
    if (name.has_value()) named[*name].assign(partitions.begin(), partitions.end());
  }
  return named;
}

ConsumerGroupDescription ConsumerGroup::Describe() const {
  ConsumerGroupDescription description;
  description.state = state();
  description.epoch = record_.epoch;
  description.assignment_epoch = record_.assignment_epoch;
  description.assignor = PreferredAssignor().name;
  for (const auto& [id, member] : members_) {
    const ConsumerMemberRecord& record = member.record;
    description.members.push_back({id, record.instance_id, record.rack_id, record.client_id,
                                   record.client_host, record.topics, record.pattern,
                                   record.has.epoch, record.has.assigned, record.target,
                                   record.classic.has_value()});
  }
  return description;
}

GroupDescription ConsumerGroup::DescribeShortly() const {
  GroupDescription description;
  description.kind = GroupKind::kConsumer;
  description.state = state();
  description.protocol_type = "consumer";
  description.generation = record_.epoch;
  if (description.state == GroupState::kStable) {
    description.protocol_name = PreferredAssignor().name;
    description.all_synced = true;
  }
  for (const auto& [id, member] : members_) {
    const ConsumerMemberRecord& record = member.record;
    description.members.push_back({id, record.instance_id, record.client_id, record.client_host,
                                   {}, {}, Named(record.has.assigned)});
  }
  return description;
}

std::string ConsumerGroup::MemberKey(const std::string& id) const {
  return services_.key_prefix + '\x01' + id;
}

void ConsumerGroup::AddDeletes(storage::CommitBatch& batch) const {
  batch.Delete(services_.key_prefix + '\0');
  for (const auto& [id, member] : members_) batch.Delete(MemberKey(id));
  for (const std::string& id : dirty_members_) batch.Delete(MemberKey(id));
}

void ConsumerGroup::Keep(CommitQueue::Done done) {
  storage::CommitBatch batch;
  if (dirty_) batch.Put(services_.key_prefix + '\0', record_.Encode());
  for (const std::string& id : dirty_members_) {
    const auto member = members_.find(id);
    if (member == members_.end()) {
      batch.Delete(MemberKey(id));
    } else {
      batch.Put(MemberKey(id), member->second.record.Encode());
    }
  }
  for (const std::string& key : also_delete_) batch.Delete(key);
  const bool nothing = batch.empty();
  // What others' commits have not kept yet must not be told either.
  if (nothing && under_way_ == 0) {
    return services_.home.Post([done = std::move(done)]() mutable { done(absl::OkStatus()); });
  }
  ++under_way_;
  auto kept = [weak = weak_from_this(), dirty = std::exchange(dirty_, false),
               members = std::exchange(dirty_members_, {}),
               deletes = std::exchange(also_delete_, {}),
               done = std::move(done)](const absl::Status& status) mutable {
    if (const std::shared_ptr<ConsumerGroup> self = weak.lock()) {
      --self->under_way_;
      if (!status.ok()) {
        self->dirty_ = self->dirty_ || dirty;
        self->dirty_members_.merge(members);
        self->also_delete_.insert(self->also_delete_.end(), deletes.begin(), deletes.end());
      }
    }
    done(status);
  };
  services_.commits.Submit(std::move(batch), std::move(kept));
}

void ConsumerGroup::Close() {
  for (auto& [id, member] : members_) {
    member.session.Cancel();
    member.deadline.Cancel();
  }
}

}  // namespace wherry::core
