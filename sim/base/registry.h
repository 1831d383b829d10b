// The list of plug-ins of one kind. A plug-in's file registers itself; the folder is the list.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace straggle {

/// Plug-ins by name, in alphabetical order whatever the order of initialisation. `Entry` is what a plug-in
/// offers: any type with a `summary` for `straggle list`.
template <class Entry>
class Registry {
 public:
  /// The one registry of this kind.
  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  void add(const std::string& name, Entry entry) {
    if (!entries_.emplace(name, std::move(entry)).second)
      throw std::logic_error("two plug-ins are called " + name);
  }

  /// Null when there is none of that name.
  const Entry* find(const std::string& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }

  const std::map<std::string, Entry>& entries() const { return entries_; }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& [name, entry] : entries_) result.push_back(name);
    return result;
  }

 private:
  std::map<std::string, Entry> entries_;
};

/// A namespace-scope object of this type in the plug-in's file registers it.
template <class Entry>
struct Registration {
  Registration(const std::string& name, Entry entry) {
    Registry<Entry>::instance().add(name, std::move(entry));
  }
};

}  // namespace straggle
