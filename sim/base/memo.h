// Results that are worked out once and asked for again, from any thread.
#pragma once

#include <map>
#include <mutex>
#include <utility>

namespace straggle {

/// Values by key. A key's value is made by whoever asks first, one at a time; what throws is kept nowhere.
template <class Key, class Value>
class Memo {
 public:
  template <class Make>
  Value operator()(const Key& key, const Make& make) {
    const std::lock_guard lock(mutex_);
    if (const auto found = values_.find(key); found != values_.end()) return found->second;
    return values_.emplace(key, make()).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<Key, Value> values_;
};

}  // namespace straggle
