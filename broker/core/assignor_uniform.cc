#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "broker/core/assignor.h"

namespace wherry::core {

namespace {

// Steps from member to topic and back that balancing may take in all: what is left uneven behind
// them stays so, since the shard has others to serve.
constexpr std::size_t kMaxBalanceSteps = 5'000'000;

// Works out one assignment. Members are their places in the input.
// Threads: none of its own. Owned by AssignUniform; the input must outlive it.
class UniformAssignment {
 public:
  explicit UniformAssignment(const AssignorInput& input)
      : input_(input), target_(input.members.size()), load_(input.members.size()) {
    for (std::size_t member = 0; member < input.members.size(); ++member) {
      for (const TopicId& topic : input.members[member].topics) {
        subscribers_[topic].push_back(member);
      }
    }
  }

  TargetAssignment Make() {
    Keep();
    if (AllSubscribeAlike()) {
      Trim();
      HandOut();
    } else {
      HandOut();
      Balance();
    }
    return std::move(target_);
  }

 private:
  bool AllSubscribeAlike() const {
    return std::all_of(subscribers_.begin(), subscribers_.end(), [this](const auto& topic) {
      return topic.second.size() == input_.members.size();
    });
  }

  void Give(std::size_t member, const TopicId& topic, std::int32_t partition) {
    target_[member][topic].insert(partition);
    ++load_[member];
  }
  void Take(std::size_t member, const TopicId& topic, std::int32_t partition) {
    const auto partitions = target_[member].find(topic);
    partitions->second.erase(partition);
    if (partitions->second.empty()) target_[member].erase(partitions);
    --load_[member];
  }

  // Everybody keeps what still exists and is still subscribed to.
  void Keep() {
    for (const auto& [topic, members] : subscribers_) {
      taken_[topic].assign(static_cast<std::size_t>(input_.partitions.at(topic)), false);
    }
    for (std::size_t member = 0; member < input_.members.size(); ++member) {
      for (const auto& [topic, partitions] : *input_.members[member].current) {
        if (!input_.members[member].topics.contains(topic)) continue;
        std::vector<bool>& taken = taken_[topic];
        for (const std::int32_t partition : partitions) {
          const auto index = static_cast<std::size_t>(partition);
          if (index >= taken.size() || taken[index]) continue;
          taken[index] = true;
          Give(member, topic, partition);
        }
      }
    }
  }

  // Where all subscribe to the same: nobody keeps more than its share. Seven partitions, three
  // members: one may keep three, the others two.
  void Trim() {
    std::size_t total = 0;
    for (const auto& [topic, taken] : taken_) total += taken.size();
    const std::size_t share = total / std::max<std::size_t>(input_.members.size(), 1);
    std::size_t extra = total % std::max<std::size_t>(input_.members.size(), 1);
    for (std::size_t member = 0; member < input_.members.size(); ++member) {
      std::size_t quota = share;
      if (load_[member] > share && extra > 0) {
        ++quota;
        --extra;
      }
      while (load_[member] > quota) {
        const TopicId topic = target_[member].rbegin()->first;
        const std::int32_t partition = *target_[member].rbegin()->second.rbegin();
        taken_[topic][static_cast<std::size_t>(partition)] = false;
        Take(member, topic, partition);
      }
    }
  }

  // What nobody has goes to whoever of its subscribers has least. Topics with few subscribers
  // first: the others can make up for what is uneven then.
  void HandOut() {
    std::vector<std::pair<const TopicId*, const std::vector<std::size_t>*>> topics;
    for (const auto& [topic, members] : subscribers_) topics.emplace_back(&topic, &members);
    std::stable_sort(topics.begin(), topics.end(), [](const auto& a, const auto& b) {
      return a.second->size() < b.second->size();
    });
    for (const auto& [topic, members] : topics) {
      std::vector<bool>& taken = taken_[*topic];
      if (std::find(taken.begin(), taken.end(), false) == taken.end()) continue;
      using Loaded = std::pair<std::size_t, std::size_t>;
      std::priority_queue<Loaded, std::vector<Loaded>, std::greater<>> least;
      for (const std::size_t member : *members) least.emplace(load_[member], member);
      for (std::size_t partition = 0; partition < taken.size(); ++partition) {
        if (taken[partition]) continue;
        taken[partition] = true;
        const std::size_t member = least.top().second;
        least.pop();
        Give(member, *topic, static_cast<std::int32_t>(partition));
        least.emplace(load_[member], member);
      }
    }
  }

  // Partitions wander from who has most to who has least, if need be over members in between: A
  // gives one of a topic that B subscribes to, B one of another that C does. Where no such way is
  // left whose end has two fewer than its beginning, no assignment is more even.
  void Balance() {
    std::vector<std::size_t> order(input_.members.size());
    bool moved = true;
    while (moved) {
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::stable_sort(order.begin(), order.end(),
                       [this](std::size_t a, std::size_t b) { return load_[a] > load_[b]; });
      moved = false;
      for (const std::size_t member : order) {
        while (steps_ < kMaxBalanceSteps && MoveFrom(member)) moved = true;
        if (steps_ >= kMaxBalanceSteps) return;
      }
    }
  }

  // How a search has come to a member.
  struct Reached {
    bool yes = false;
    std::size_t from = 0;
    const TopicId* topic = nullptr;
  };

  bool MoveFrom(std::size_t source) {
    std::vector<Reached> reached(input_.members.size());
    reached[source].yes = true;
    std::set<TopicId> seen;
    std::vector<std::size_t> queue = {source};
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const std::size_t member = queue[next];
      for (const auto& [topic, partitions] : target_[member]) {
        ++steps_;
        if (!seen.insert(topic).second) continue;
        const auto& [key, members] = *subscribers_.find(topic);
        for (const std::size_t other : members) {
          ++steps_;
          if (reached[other].yes) continue;
          reached[other] = {true, member, &key};
          if (load_[other] + 2 <= load_[source]) {
            Shift(reached, source, other);
            return true;
          }
          queue.push_back(other);
        }
      }
    }
    return false;
  }

  void Shift(const std::vector<Reached>& reached, std::size_t source, std::size_t end) {
    for (std::size_t member = end; member != source; member = reached[member].from) {
      const Reached& way = reached[member];
      const std::int32_t partition = Spare(way.from, *way.topic);
      Take(way.from, *way.topic, partition);
      Give(member, *way.topic, partition);
    }
  }

  // The one of its partitions that a member misses least: one that it did not have before.
  std::int32_t Spare(std::size_t member, const TopicId& topic) const {
    const std::set<std::int32_t>& partitions = target_[member].at(topic);
    const PartitionsOfTopics& current = *input_.members[member].current;
    const auto had = current.find(topic);
    for (const std::int32_t partition : partitions) {
      if (had == current.end() || !had->second.contains(partition)) return partition;
    }
    return *partitions.rbegin();
  }

  const AssignorInput& input_;
  TargetAssignment target_;
  std::vector<std::size_t> load_;  // partitions, by member
  std::map<TopicId, std::vector<std::size_t>> subscribers_;
  std::map<TopicId, std::vector<bool>> taken_;  // by partition
  std::size_t steps_ = 0;
};

}  // namespace

TargetAssignment AssignUniform(const AssignorInput& input) {
  return UniformAssignment(input).Make();
}

}  // namespace wherry::core
