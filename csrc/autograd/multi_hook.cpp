// Hooks on several tensors at once.
#include <map>
#include <mutex>
#include <thread>

#include "autograd/engine.h"
#include "autograd/meta.h"
#include "tensor/check.h"
#include "wengert/autograd_tools.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// What the hooks of one call share. It holds no tensor and no node: each of them owns a hook, and
// so holds this.
class Shared {
 public:
  virtual ~Shared() = default;
  virtual void arrived(size_t index, const Tensor& gradient) = 0;

  struct Place {
    const Node* node;
    const TensorImpl* leaf;
  };
  std::mutex mutex;
  bool on = true;
  std::vector<Place> places;  // null where the tensor is no more
};

class OneOfMany final : public TensorHook {
 public:
  OneOfMany(std::shared_ptr<Shared> shared, size_t index)
      : shared_(std::move(shared)), index_(index) {}
  ~OneOfMany() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->places[index_] = {};
  }
  Tensor call(const Tensor& gradient) override {
    shared_->arrived(index_, gradient);
    return {};
  }

 private:
  std::shared_ptr<Shared> shared_;
  size_t index_;
};

class All final : public Shared {
 public:
  using Function = std::function<void(const std::vector<Tensor>&)>;
  explicit All(Function f) : f_(std::move(f)) {}

  void arrived(size_t index, const Tensor& gradient) override {
    std::vector<Tensor> complete;
    {
      const std::lock_guard lock(mutex);
      if (!on) return;
      const auto [at, first] = waiting_.try_emplace(current_pass());
      auto& [gradients, left, thread] = at->second;
      if (first) {
        // A pass that has failed before all gradients were there leaves the others behind.
        std::erase_if(waiting_, [&](const auto& entry) {
          return entry.second.thread == std::this_thread::get_id() &&
                 !runs_inside_pass(entry.first);
        });
        thread = std::this_thread::get_id();
        gradients.resize(places.size());
        for (const Place& p : places)
          left += (p.node || p.leaf) && current_pass_reaches(p.node, p.leaf);
      }
      gradients[index] = gradient;
      if (--left > 0) return;
      complete = std::move(gradients);
      waiting_.erase(at);
    }
    f_(complete);
  }

 private:
  struct Waiting {
    std::vector<Tensor> gradients;
    int left = 0;
    std::thread::id thread;  // on which the pass runs
  };
  Function f_;
  std::map<uint64_t, Waiting> waiting_;  // by pass
};

class Any final : public Shared {
 public:
  using Function = std::function<void(const Tensor&)>;
  explicit Any(Function f) : f_(std::move(f)) {}

  void arrived(size_t, const Tensor& gradient) override {
    {
      const std::lock_guard lock(mutex);
      if (!on || last_pass_ == current_pass()) return;
      last_pass_ = current_pass();
    }
    f_(gradient);
  }

 private:
  Function f_;
  uint64_t last_pass_ = 0;
};

std::function<void()> attach(const char* op, const std::vector<Tensor>& tensors,
                             std::shared_ptr<Shared> shared) {
  for (const Tensor& t : tensors) {
    WG_CHECK(t.defined() && t.requires_grad(), Error, op,
             ": expected tensors that require grad, but one does not");
    Node* node = grad_fn(*t.impl());
    shared->places.push_back({node, node ? nullptr : t.impl()});
  }
  for (size_t i = 0; i < tensors.size(); ++i)
    register_hook(tensors[i], std::make_shared<OneOfMany>(shared, i));
  return [shared] {
    const std::lock_guard lock(shared->mutex);
    shared->on = false;
  };
}

}  // namespace

std::function<void()> register_multi_grad_hook(const std::vector<Tensor>& tensors,
                                               All::Function f) {
  WG_CHECK(f, TypeError, "register_multi_grad_hook: expected a function, but got an empty one");
  return attach("register_multi_grad_hook", tensors, std::make_shared<All>(std::move(f)));
}

std::function<void()> register_any_grad_hook(const std::vector<Tensor>& tensors, Any::Function f) {
  WG_CHECK(f, TypeError, "register_any_grad_hook: expected a function, but got an empty one");
  return attach("register_any_grad_hook", tensors, std::make_shared<Any>(std::move(f)));
}

WENGERT_NAMESPACE_END
