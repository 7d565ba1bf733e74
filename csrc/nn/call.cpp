// Calls of modules: events of profiles, and hooks.
#include <algorithm>
#include <unordered_map>

#include "nn/backward_hooks.h"
#include "nn/text.h"
#include "wengert/profile.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

using Names = std::unordered_map<const Module*, std::string>;

// Of the outermost call that runs on this thread.
thread_local constinit const Names* names = nullptr;

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

namespace detail {

bool is_plain_call(const Module& module) { return !module.hooks_ && !is_profiling(); }

struct ModuleCall::Event {
  explicit Event(const Module& module)
      : scope(module),
        range(names->count(&module) ? names->at(&module) : type_name(module), EventKind::module) {}
  NamesOfCall scope;
  ProfileRange range;
};

ModuleCall::ModuleCall(Module& module) : module_(module) {
  if (is_profiling()) event_ = std::make_unique<Event>(module);
}
ModuleCall::~ModuleCall() = default;

// The lists are copied: a hook may remove hooks.
Tensor ModuleCall::before(const Tensor& input) {
  Tensor x = input;
  if (!module_.hooks_) return x;
  for (const auto& [number, hook] : std::vector(module_.hooks_->before)) {
    if (Tensor other = hook(module_, x); other.defined()) x = std::move(other);
  }
  boundary_ = BackwardBoundary::of(module_);
  return boundary_ ? boundary_->enter(x) : x;
}

void ModuleCall::after(const Tensor& input, Tensor& output) {
  if (!module_.hooks_) return;
  for (const auto& [number, hook] : std::vector(module_.hooks_->after)) {
    done_.push_back(number);
    if (Tensor other = hook(module_, input, output); other.defined()) output = std::move(other);
  }
  if (boundary_) output = boundary_->leave(output);
}

// Hooks must not hide why the call failed.
void ModuleCall::failed(const Tensor& input) {
  if (!module_.hooks_ || module_.hooks_->always.empty()) return;
  const auto has = [](const std::vector<uint64_t>& list, uint64_t number) {
    return std::find(list.begin(), list.end(), number) != list.end();
  };
  for (const auto& [number, hook] : std::vector(module_.hooks_->after)) {
    if (!has(module_.hooks_->always, number) || has(done_, number)) continue;
    try {
      hook(module_, input, Tensor());
    } catch (...) {
    }
  }
}

}  // namespace detail

Tensor Module::operator()(const Tensor& input) {
  return call(input, [this](const Tensor& x) { return forward(x); });
}

}  // namespace nn
WENGERT_NAMESPACE_END
