// Copies of modules: a new one of the same structure takes over the state of another.
#include <algorithm>
#include <map>
#include <typeinfo>

#include "nn/computed.h"
#include "nn/copy.h"
#include "nn/text.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/detail/owner.h"
#include "wengert/random.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

std::shared_ptr<Module> Module::make_like() const {
  fail<NotImplementedError>(
      "clone: the class ", type_name(*this),
      " has no make_like(); override it to return a new module of this class");
}

// One copy: which module and tensor stands for which.
class Module::Cloning {
 public:
  std::shared_ptr<Module> copy(const Module& from) {
    const std::shared_ptr<Module> made = from.make_like();
    WG_CHECK(made && typeid(*made) == typeid(from), NotImplementedError,
             "clone: make_like() of the class ", type_name(from), " gave ",
             made ? type_name(*made) : "nothing",
             "; override it to return a new module of this class");
    take_over(from, made);
    return made;
  }

 private:
  void take_over(const Module& from, const std::shared_ptr<Module>& to) {
    WG_CHECK(to.get() != &from, Error,
             "clone: make_like() must make its modules anew, but one of class ", type_name(from),
             " is the module that is copied");
    copies_.emplace(&from, to);
    to->training_ = from.training_;
    if (from.hooks_) to->hooks_ = std::make_unique<Hooks>(*from.hooks_);
    computed(from, *to);
    tensors(from, *to);
    if (const Tensor extra = from.get_extra_state(); extra.defined()) {
      to->set_extra_state(extra.detach().clone());
    }
    for (const auto& [name, module] : from.modules_) {
      const auto known = copies_.find(module.get());
      const auto own = std::find_if(to->modules_.begin(), to->modules_.end(),
                                    [&](const auto& entry) { return entry.first == name; });
      if (own == to->modules_.end()) {
        to->register_module(name, known == copies_.end() ? copy(*module) : known->second);
      } else if (known == copies_.end()) {
        check_alike(from, typeid(*own->second) == typeid(*module), name);
        take_over(*module, own->second);
      } else {
        check_alike(from, own->second == known->second, name);
      }
    }
    check_alike(from, from.modules_.size() == to->modules_.size(), "modules");
  }

  // What the original computes from other tensors has made room for those.
  void computed(const Module& from, Module& to) {
    if (!from.hooks_ || from.hooks_->computed.empty()) return;
    for (const auto& [number, c] : from.hooks_->computed) {
      WG_CHECK(c->slot.is_of_class(), Error, "clone: the tensor '", c->name, "' of the class ",
               type_name(from),
               " is computed into a variable of the original; name the member of the class "
               "instead, such as &nn::Linear::weight");
      to.unregister(c->name);
    }
    const auto missing = [](const auto& list, const std::string& name) {
      return std::none_of(list.begin(), list.end(),
                          [&](const auto& entry) { return name_in(entry) == name; });
    };
    const auto made = [&](const Tensor& t) {
      const auto known = tensors_.find(t.impl());
      return known == tensors_.end() ? t.detach().clone() : known->second;
    };
    for (const auto& [name, t] : from.parameters_) {
      if (missing(to.parameters_, name)) to.parameters_.emplace_back(name, made(t));
    }
    for (const Buffer& b : from.buffers_) {
      if (missing(to.buffers_, b.name))
        to.buffers_.push_back({b.name, made(b.tensor), b.persistent});
    }
    const NoGradGuard no_grad;
    for (const auto& [number, c] : from.hooks_->computed) {
      c->slot(to) = c->slot(const_cast<Module&>(from)).detach().clone();
    }
  }
  static const std::string& name_in(const std::pair<std::string, Tensor>& entry) {
    return entry.first;
  }
  static const std::string& name_in(const Buffer& b) { return b.name; }
  template <class List>
  static void in_order_of(const List& model, List& list) {
    const auto place = [&](const auto& entry) {
      return std::find_if(model.begin(), model.end(),
                          [&](const auto& other) { return name_in(other) == name_in(entry); });
    };
    std::stable_sort(list.begin(), list.end(),
                     [&](const auto& a, const auto& b) { return place(a) < place(b); });
  }

  void tensors(const Module& from, Module& to) {
    // What was computed for some time was registered anew.
    in_order_of(from.parameters_, to.parameters_);
    in_order_of(from.buffers_, to.buffers_);
    check_alike(from, from.parameters_.size() == to.parameters_.size(), "parameters");
    for (size_t i = 0; i < from.parameters_.size(); ++i) {
      const auto& [name, t] = from.parameters_[i];
      check_alike(from, to.parameters_[i].first == name, name);
      tensor(from, name, t, to.parameters_[i].second);
    }
    check_alike(from, from.buffers_.size() == to.buffers_.size(), "buffers");
    for (size_t i = 0; i < from.buffers_.size(); ++i) {
      const Buffer& b = from.buffers_[i];
      check_alike(from, to.buffers_[i].name == b.name, b.name);
      tensor(from, b.name, b.tensor, to.buffers_[i].tensor);
    }
  }

  // The handles that the new module holds stay: their tensor gets new elements.
  void tensor(const Module& of, const std::string& name, const Tensor& from, Tensor& to) {
    const auto [known, is_new] = tensors_.emplace(from.impl(), to);
    const auto [original, is_own] = originals_.emplace(to.impl(), from);
    check_alike(
        of, !to.is_same(from) && known->second.is_same(to) && original->second.is_same(from), name);
    if (!is_new) return;
    const NoGradGuard no_grad;
    if (wengert::is_sparse(from) || wengert::is_sparse(to)) {
      check_alike(of,
                  wengert::is_sparse(from) && wengert::is_sparse(to) &&
                      from.shape() == to.shape() && from.dtype() == to.dtype(),
                  name);
      const Tensor copied = copy_of(from);
      sparse_parts(to) = sparse_parts(copied);
      return;
    }
    wengert::detail::replace_data(to, from.detach().clone());
    if (to.requires_grad() != from.requires_grad()) to.requires_grad_(from.requires_grad());
  }

  static void check_alike(const Module& of, bool alike, const std::string& name) {
    WG_CHECK(alike, Error, "clone: make_like() of the class ", type_name(of),
             " must give a module with the same parameters, buffers and modules, which share their "
             "tensors in the same way and none with the original; '",
             name, "' is not alike");
  }

  std::map<const Module*, std::shared_ptr<Module>> copies_;
  std::map<const TensorImpl*, Tensor> tensors_, originals_;  // by source, by copy
};

std::shared_ptr<Module> Module::deep_copy() const {
  const ForkRng fork;  // what is drawn for first values
  return Cloning().copy(*this);
}

}  // namespace nn
WENGERT_NAMESPACE_END
