// Calls of modules as events of profiles.
#include "wengert/profile.h"

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#define WENGERT_HAS_CXXABI 1
#endif

#include <cstdlib>
#include <typeinfo>
#include <unordered_map>

#include "wengert/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

using Names = std::unordered_map<const Module*, std::string>;

// Of the outermost call that runs on this thread.
thread_local constinit const Names* names = nullptr;

std::string type_name(const Module& m) {
  std::string name = typeid(m).name();
#if WENGERT_HAS_CXXABI
  int failed = 0;
  char* readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &failed);
  if (!failed) name = readable;
  std::free(readable);
#endif
  return name.substr(name.rfind(':') + 1);
}

void collect(const Module& m, const std::string& name, Names& to) {
  if (!to.emplace(&m, name).second) return;
  for (const auto& [child, module] : m.children()) collect(*module, name + '.' + child, to);
}

// Makes the names under `outermost` those of this thread, unless it has some.
class NamesOfCall {
 public:
  explicit NamesOfCall(const Module& outermost) : before_(names) {
    if (before_) return;
    collect(outermost, type_name(outermost), own_);
    names = &own_;
  }
  ~NamesOfCall() { names = before_; }
  NamesOfCall(const NamesOfCall&) = delete;
  NamesOfCall& operator=(const NamesOfCall&) = delete;

 private:
  const Names* before_;
  Names own_;
};

}  // namespace

Tensor Module::operator()(const Tensor& input) {
  if (!is_profiling()) [[likely]]
    return forward(input);
  const NamesOfCall scope(*this);
  const auto known = names->find(this);
  const ProfileRange range(known == names->end() ? type_name(*this) : known->second,
                           EventKind::module);
  return forward(input);
}

}  // namespace nn
WENGERT_NAMESPACE_END
