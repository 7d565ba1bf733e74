// Where a module keeps a tensor that helpers compute for it before each call.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "wengert/error.h"
#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// A member of the module's class, &nn::Linear::weight, or a function that gives a reference to it;
// for modules that find their tensors by name (Module::variable), such as nn::LSTM, that name:
// "weight_hh_l0". Also a variable itself, layer.weight, which must stay where it is: such a module
// cannot be cloned.
class WENGERT_API Slot {
 public:
  template <class M>
  Slot(Tensor M::* member)
      : find_([member](Module& module) -> Tensor& {
          M* const own = dynamic_cast<M*>(&module);
          if (!own) throw TypeError("Slot: the module is not of the class that has this member");
          return own->*member;
        }) {}
  Slot(Tensor& variable) : find_([&variable](Module&) -> Tensor& { return variable; }) {
    is_of_class_ = false;
  }
  Slot(std::string name);
  Slot(const char* name) : Slot(std::string(name)) {}
  explicit Slot(std::function<Tensor&(Module&)> find) : find_(std::move(find)) {}

  Tensor& operator()(Module& module) const { return find_(module); }
  // Whether it is of every module of the class.
  bool is_of_class() const { return is_of_class_; }

 private:
  std::function<Tensor&(Module&)> find_;
  bool is_of_class_ = true;
};

}  // namespace nn
WENGERT_NAMESPACE_END
