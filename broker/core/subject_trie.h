#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"

namespace wherry::core {

// Values by subject pattern: who is interested in a subject. Tokens are joined by '.'; `*` stands
// for one token, a last `>` for one or more. Patterns and subjects are taken to be valid; a subject
// with an empty token matches nothing.
//
// One flat table of edges (node, token) -> node serves the whole trie, so that a hundred thousand
// patterns cost two small entries each.
//
// Example: with "a.*" -> 1, "a.>" -> 2, "a.b" -> 3, Match("a.b") visits 3, 1 and 2 (in no promised
// order).
//
// Threads: its owner's. `Value` is cheap to copy and compares with ==.
template <typename Value>
class SubjectTrie {
 public:
  // Deeper subjects match nothing: nats-server has no such limit, but a subject is at most one
  // protocol line, and recursion has to end.
  static constexpr std::size_t kMaxTokens = 2048;

  SubjectTrie() : nodes_(1) {}

  void Insert(std::string_view pattern, Value value) {
    std::uint32_t node = kRoot;
    ForEachToken(pattern, [&](std::string_view token) { node = ChildOrNew(node, token); });
    nodes_[node].values.push_back(std::move(value));
    ++size_;
  }

  // Removes one such value; false if it was not there.
  bool Remove(std::string_view pattern, const Value& value) {
    std::vector<std::pair<std::uint32_t, std::string_view>> path;  // parent, token
    std::uint32_t node = kRoot;
    bool found = true;
    ForEachToken(pattern, [&](std::string_view token) {
      if (!found) return;
      path.emplace_back(node, token);
      node = Child(node, token);
      found = node != kNone;
    });
    if (!found) return false;
    std::vector<Value>& values = nodes_[node].values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!(values[i] == value)) continue;
      // Order is nobody's business, and a subject with many subscribers is not shifted.
      values[i] = std::move(values.back());
      values.pop_back();
      if (values.empty()) values.shrink_to_fit();
      --size_;
      Prune(node, path);
      return true;
    }
    return false;
  }

  // Calls `visit(value)` for every value whose pattern matches. `visit` must not change the trie.
  template <typename Visit>
  void Match(std::string_view subject, Visit&& visit) const {
    if (subject.empty() || subject.front() == '.' || subject.back() == '.' ||
        subject.find("..") != std::string_view::npos) {
      return;
    }
    Descend(kRoot, subject, 0, visit);
  }

  // Calls `visit(value)` for every value. `visit` must not change the trie.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (const Node& node : nodes_) {
      for (const Value& value : node.values) visit(value);
    }
  }

  std::size_t size() const { return size_; }
  std::size_t node_count() const { return nodes_.size() - free_.size(); }

 private:
  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Node {
    std::uint32_t star = kNone;     // child for `*`
    std::uint32_t greater = kNone;  // child for a last `>`
    std::uint32_t children = 0;     // of every kind
    std::vector<Value> values;
  };
  struct EdgeView {
    std::uint32_t parent;
    std::string_view token;
  };
  struct Edge {
    std::uint32_t parent;
    std::string token;
    operator EdgeView() const { return {parent, token}; }  // NOLINT: for lookups without a copy
  };
  struct EdgeHash {
    using is_transparent = void;
    std::size_t operator()(const EdgeView& edge) const {
      // Abseil's own string_view is another type here; hash the bytes.
      return absl::HashOf(edge.parent, std::hash<std::string_view>{}(edge.token));
    }
  };
  struct EdgeEqual {
    using is_transparent = void;
    bool operator()(const EdgeView& a, const EdgeView& b) const {
      return a.parent == b.parent && a.token == b.token;
    }
  };

  template <typename Each>
  static void ForEachToken(std::string_view subject, Each&& each) {
    while (true) {
      const std::size_t dot = subject.find('.');
      each(subject.substr(0, dot));
      if (dot == std::string_view::npos) return;
      subject.remove_prefix(dot + 1);
    }
  }

  std::uint32_t Child(std::uint32_t node, std::string_view token) const {
    if (token == "*") return nodes_[node].star;
    if (token == ">") return nodes_[node].greater;
    const auto it = edges_.find(EdgeView{node, token});
    return it == edges_.end() ? kNone : it->second;
  }

  std::uint32_t ChildOrNew(std::uint32_t node, std::string_view token) {
    const std::uint32_t existing = Child(node, token);
    if (existing != kNone) return existing;
    std::uint32_t child;
    if (free_.empty()) {
      child = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
    } else {
      child = free_.back();
      free_.pop_back();
    }
    ++nodes_[node].children;
    if (token == "*") {
      nodes_[node].star = child;
    } else if (token == ">") {
      nodes_[node].greater = child;
    } else {
      edges_.emplace(Edge{node, std::string(token)}, child);
    }
    return child;
  }

  // Frees `node` and its ancestors as long as they hold nothing.
  void Prune(std::uint32_t node, std::vector<std::pair<std::uint32_t, std::string_view>>& path) {
    while (!path.empty() && nodes_[node].values.empty() && nodes_[node].children == 0) {
      const auto [parent, token] = path.back();
      path.pop_back();
      if (token == "*") {
        nodes_[parent].star = kNone;
      } else if (token == ">") {
        nodes_[parent].greater = kNone;
      } else {
        edges_.erase(edges_.find(EdgeView{parent, token}));
      }
      --nodes_[parent].children;
      nodes_[node] = Node();
      free_.push_back(node);
      node = parent;
    }
  }

  template <typename Visit>
  void Descend(std::uint32_t index, std::string_view rest, std::size_t depth, Visit& visit) const {
    const Node& node = nodes_[index];
    if (node.greater != kNone) VisitValues(node.greater, visit);
    if (node.children == 0 || depth == kMaxTokens) return;
    const std::size_t dot = rest.find('.');
    const std::string_view token = rest.substr(0, dot);
    const bool last = dot == std::string_view::npos;
    const auto step = [&](std::uint32_t child) {
      if (child == kNone) return;
      if (last) {
        VisitValues(child, visit);
      } else {
        Descend(child, rest.substr(dot + 1), depth + 1, visit);
      }
    };
    const auto literal = edges_.find(EdgeView{index, token});
    if (literal != edges_.end()) step(literal->second);
    step(node.star);
  }

  template <typename Visit>
  void VisitValues(std::uint32_t index, Visit& visit) const {
    for (const Value& value : nodes_[index].values) visit(value);
  }

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
  absl::flat_hash_map<Edge, std::uint32_t, EdgeHash, EdgeEqual> edges_;
  std::size_t size_ = 0;
};

}  // namespace wherry::core
