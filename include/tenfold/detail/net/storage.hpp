// Where the tensors of a net lie: views in what they look at, parts in what they are concatenated to, results in the
// place of inputs that nobody reads any more, and all that is left in one arena.
#pragma once

#include <tenfold/detail/net/planning.hpp>

#include <algorithm>  // sort
#include <numeric>    // iota

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

/// What a storage is a part of.
enum class memory { arena, input, output, known };

/// A piece of memory that tensors share.
struct storage {
  memory kind = memory::arena;
  int number = 0;  // of the input, the output, or the known value
  index_t bytes = 0;
  int first = 0, last = -1;  // the steps between which it is in use
  index_t offset = 0;        // in the arena
  int parent = -1;           // the storage that it is a part of, from `place` on
  index_t place = 0;
};

/// A tensor's place.
struct placed {
  int storage;
  index_t offset;
};

class storages {
 public:
  int add(memory kind, int number, index_t bytes) {
    all_.push_back({.kind = kind, .number = number, .bytes = bytes});
    return static_cast<int>(all_.size()) - 1;
  }
  storage& operator[](int i) { return all_[static_cast<std::size_t>(i)]; }

  /// The storage that the place is a part of in the end.
  placed resolved(placed at) const {
    for (const storage* s = &all_[static_cast<std::size_t>(at.storage)]; s->parent >= 0;
         s = &all_[static_cast<std::size_t>(at.storage)])
      at = {s->parent, at.offset + s->place};
    return at;
  }

  void make_part(int of, int whole, index_t place) {
    storage& part = (*this)[of];
    storage& target = (*this)[whole];
    part.parent = whole;
    part.place = place;
    target.first = (std::min)(target.first, part.first);
    target.last = (std::max)(target.last, part.last);
  }

  /// Gives each storage of the arena its offset; returns the arena's bytes.
  index_t arrange() {
    std::vector<storage*> own;
    for (storage& s : all_)
      if (s.parent < 0 && s.kind == memory::arena && s.bytes > 0 && s.last >= s.first) own.push_back(&s);
    best_order best(own);
    for (const auto before : {larger, larger_for_longer, earlier}) {
      std::vector<storage*> order = own;
      std::stable_sort(order.begin(), order.end(), before);
      best.try_order(order);
    }
    // The greedy orders are mostly exact, and else up to a third above it; most of what is left goes by disturbing
    // them. A try takes some n^2 comparisons, all tries together some milliseconds.
    const index_t least = least_bytes();
    const double pairs = static_cast<double>(own.size()) * static_cast<double>(own.size());
    const int tries = static_cast<int>((std::min)(200.0, 2e6 / (pairs + 1)));
    for (int i = 0; i < tries && best.bytes > least + least / 50; ++i) best.try_order(best.disturbed());
    best.use();
    return best.bytes;
  }

  /// What the steps need at the same time, at most: no arena is smaller.
  index_t least_bytes() const {
    std::vector<std::pair<int, index_t>> changes;  // step, bytes
    for (const storage& s : all_) {
      if (s.parent >= 0 || s.kind != memory::arena || s.last < s.first) continue;
      changes.emplace_back(s.first, aligned(s.bytes));
      changes.emplace_back(s.last + 1, -aligned(s.bytes));
    }
    std::sort(changes.begin(), changes.end());  // what ends before what begins at the same step
    index_t now = 0, most = 0;
    for (const auto& [step, bytes] : changes) most = (std::max)(most, now += bytes);
    return most;
  }

 private:
  static index_t aligned(index_t bytes) { return round_up(bytes, static_cast<index_t>(alignment)); }

  static bool larger(const storage* a, const storage* b) { return a->bytes > b->bytes; }
  static bool larger_for_longer(const storage* a, const storage* b) {
    const auto area = [](const storage* s) { return static_cast<double>(s->bytes) * (s->last - s->first + 1); };
    return area(a) > area(b);
  }
  static bool earlier(const storage* a, const storage* b) { return a->first < b->first; }

  /// The order of placing that has needed the least so far.
  struct best_order {
    explicit best_order(const std::vector<storage*>& all) : order(all) {}

    void try_order(const std::vector<storage*>& other) {
      const index_t needed = place_in_order(other);
      if (bytes >= 0 && needed >= bytes) return;
      bytes = needed;
      order = other;
    }
    /// The order with two of its places exchanged, or one brought to the front.
    std::vector<storage*> disturbed() {
      std::vector<storage*> other = order;
      if (other.empty()) return other;
      const std::size_t i = random() % other.size(), j = random() % other.size();
      if (random() % 2)
        (std::swap)(other[i], other[j]);
      else
        std::rotate(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(i),
                    other.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return other;
    }
    void use() { bytes = place_in_order(order); }

    std::vector<storage*> order;
    index_t bytes = -1;

   private:
    std::size_t random() {  // Knuth's generator: the same plan every time
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      return static_cast<std::size_t>(state_ >> 33);
    }
    std::uint64_t state_ = 1;
  };

  /// Each at the lowest place that is free while it is in use.
  static index_t place_in_order(const std::vector<storage*>& order) {
    index_t end = 0;
    std::vector<const storage*> beside;
    for (std::size_t i = 0; i < order.size(); ++i) {
      storage& s = *order[i];
      beside.clear();
      for (std::size_t j = 0; j < i; ++j)
        if (order[j]->first <= s.last && s.first <= order[j]->last) beside.push_back(order[j]);
      std::sort(beside.begin(), beside.end(), [](const storage* a, const storage* b) { return a->offset < b->offset; });
      index_t at = 0;
      for (const storage* other : beside) {
        if (at + s.bytes <= other->offset) break;
        at = (std::max)(at, aligned(other->offset + other->bytes));
      }
      s.offset = at;
      end = (std::max)(end, at + aligned(s.bytes));
    }
    return end;
  }

  std::vector<storage> all_;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
