#include "wengert/nn/parametrize.h"

#include <algorithm>
#include <map>

#include "nn/computed.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/detail/owner.h"
#include "wengert/ops/creation.h"
#include "wengert/sparse.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils::parametrize {

namespace {

using Access = nn::detail::ModuleAccess;

void check_like(const char* what, const Tensor& t, const Tensor& like) {
  WG_CHECK(t.defined(), ValueError, what, " must give a tensor, but gave none");
  WG_CHECK(t.dtype() == like.dtype(), ValueError, what,
           " may not change the dtype of the tensor: expected ", like.dtype(), ", but got ",
           t.dtype());
  WG_CHECK(t.shape() == like.shape(), ValueError, what,
           " may not change the shape of the tensor: expected ", like.shape(), ", but got ",
           t.shape());
  WG_CHECK(sparse::is_sparse(t) == sparse::is_sparse(like), ValueError, what, " must give a ",
           sparse::is_sparse(like) ? "sparse" : "dense", " tensor in place of one, but gave a ",
           sparse::is_sparse(t) ? "sparse" : "dense", " one; convert it with to_",
           sparse::is_sparse(like) ? "sparse()" : "dense()");
}

// Those from which `value` would come, or the value itself where a module does not say.
std::vector<Tensor> inverse_if_any(Module& module, const Tensor& value) {
  if (auto* own = dynamic_cast<Parametrization*>(&module)) {
    try {
      return own->right_inverse(value);
    } catch (const NotImplementedError&) {
    }
  }
  return {value};
}

Tensor value_of(Module& module, const std::vector<Tensor>& originals) {
  if (auto* own = dynamic_cast<Parametrization*>(&module)) return own->compute(originals);
  WG_CHECK(originals.size() == 1, ValueError, "parametrization: this module takes one tensor, not ",
           originals.size());
  return module(originals[0]);
}

// Of the outermost Cached of this thread. It holds the lists, so that no other gets their address.
using Values = std::map<ModulePtr, Tensor>;
thread_local constinit Values* cache = nullptr;

ModuleDict* lists_of(const Module& module) {
  for (const auto& [name, child] : module.children()) {
    if (name == "parametrizations") return dynamic_cast<ModuleDict*>(child.get());
  }
  return nullptr;
}

class Parametrized : public Computation {
 public:
  using Computation::Computation;
  Tensor compute(Module& m) const override {
    ParametrizationList& list = parametrizations_of(m, name);
    if (!cache) return list();
    const ModulePtr& key = lists_of(m)->at(name);
    const auto known = cache->find(key);
    return known != cache->end() ? known->second : cache->emplace(key, list()).first->second;
  }
};

}  // namespace

Cached::Cached() : is_outermost_(!cache) {
  if (is_outermost_) cache = new Values;
}
Cached::~Cached() {
  if (is_outermost_) delete std::exchange(cache, nullptr);
}

Tensor Parametrization::compute(const std::vector<Tensor>& originals) {
  WG_CHECK(originals.size() == 1, ValueError,
           "Parametrization: this one takes one tensor, but got ", originals.size(),
           "; override compute(originals)");
  return (*this)(originals[0]);
}

std::vector<Tensor> Parametrization::right_inverse(const Tensor&) {
  fail<NotImplementedError>("Parametrization: this one has no right_inverse; override it");
}

// ---- the parametrizations of a tensor

ParametrizationList::ParametrizationList(const ModulePtr& parametrization, const Tensor& original,
                                         bool is_parameter, bool unsafe, Tensor& value)
    : ModuleList({parametrization}), is_parameter_(is_parameter) {
  const NoGradGuard no_grad;
  const std::vector<Tensor> start = inverse_if_any(*parametrization, original);
  for (const Tensor& t : start) {
    WG_CHECK(t.defined(), ValueError, "right_inverse must give tensors, but one is undefined");
  }
  WG_CHECK(!start.empty(), ValueError, "right_inverse must give a tensor, but gave none");
  if (start.size() == 1) {
    WG_CHECK(start[0].dtype() == original.dtype(), ValueError,
             "right_inverse may not change the dtype of the tensor: expected ", original.dtype(),
             ", but got ", start[0].dtype());
  }
  value = value_of(*parametrization, start);
  if (!unsafe) check_like("A parametrization", value, original);
  if (start.size() == 1) {
    // The parameter stays the same tensor, so that optimizers keep hold of it.
    if (!start[0].is_same(original)) wengert::detail::replace_data(original, start[0].detach());
    add_original("original", original);
    return;
  }
  for (size_t i = 0; i < start.size(); ++i) {
    Tensor t = start[i].detach().clone();  // that may be a view
    if (is_parameter) t.requires_grad_(original.requires_grad());
    add_original("original" + std::to_string(i), t);
  }
}

void ParametrizationList::add_original(const std::string& name, const Tensor& t) {
  if (is_parameter_) {
    Access::add_parameter(*this, name, t);
  } else {
    Access::add_buffer(*this, name, t);
  }
  originals_.push_back(t);
}

std::shared_ptr<Module> ParametrizationList::make_like() const {
  const std::shared_ptr<ParametrizationList> made(new ParametrizationList);
  made->is_parameter_ = is_parameter_;
  for (size_t i = 0; i < originals_.size(); ++i) {
    const std::string number = originals_.size() == 1 ? "" : std::to_string(i);
    made->add_original("original" + number, zeros_like(originals_[i].detach()));
  }
  return made;
}

Tensor ParametrizationList::operator()() {
  Tensor value;
  for (const auto& [name, module] : children()) {
    value = value.defined() ? value_of(*module, {value}) : value_of(*module, originals_);
  }
  return value;
}

void ParametrizationList::right_inverse(const Tensor& value) {
  const NoGradGuard no_grad;
  std::vector<Tensor> now{value};
  for (auto entry = children().rbegin(); entry != children().rend(); ++entry) {
    auto* own = dynamic_cast<Parametrization*>(entry->second.get());
    WG_CHECK(own && now.size() == 1, Error, "right_inverse: parametrization ", entry->first,
             " cannot be given a value; it has no right_inverse");
    now = own->right_inverse(now[0]);
  }
  WG_CHECK(now.size() == originals_.size(), ValueError, "right_inverse must give ",
           originals_.size(), " tensors, as it did when it was registered, but gave ", now.size());
  for (size_t i = 0; i < now.size(); ++i) check_like("right_inverse", now[i], originals_[i]);
  for (size_t i = 0; i < now.size(); ++i) {
    wengert::detail::replace_data(originals_[i], now[i].detach());
  }
}

// ---- modules

bool is_parametrized(const Module& module, const std::string& name) {
  const ModuleDict* const lists = lists_of(module);
  return lists && (name.empty() ? lists->size() > 0 : lists->contains(name));
}

ParametrizationList& parametrizations_of(Module& module, const std::string& name) {
  WG_CHECK(is_parametrized(module, name) && !name.empty(), ValueError,
           "parametrize: the module has no parametrization on '", name, "'");
  return lists_of(module)->get<ParametrizationList>(name);
}

namespace {

// Of a tensor that has parametrizations already.
void append(Module& module, const Computation& own, const ModulePtr& parametrization, bool unsafe) {
  ParametrizationList& list = parametrizations_of(module, own.name);
  const NoGradGuard no_grad;
  const Tensor present = list();
  const Tensor value = (*parametrization)(present);
  if (!unsafe) {
    check_like("A parametrization", value, present);
    if (dynamic_cast<Parametrization*>(parametrization.get())) {
      const std::vector<Tensor> inverse = inverse_if_any(*parametrization, value);
      WG_CHECK(inverse.size() == 1, ValueError, "right_inverse must give one tensor, but gave ",
               inverse.size());
      check_like("right_inverse", inverse[0], present);
    }
  }
  list.append(parametrization);
  own.slot(module) = value;
}

}  // namespace

void register_parametrization(Module& module, const Slot& slot, ModulePtr parametrization,
                              bool unsafe) {
  const char* op = "register_parametrization";
  WG_CHECK(parametrization, TypeError, op, ": expected a module");
  const ComputationPtr own = Access::computation_of(module, slot);
  const std::string name = own ? own->name : Access::name_of(module, slot);
  WG_CHECK(!name.empty() && (!own || dynamic_cast<const Parametrized*>(own.get())), ValueError, op,
           ": the tensor is no parameter, buffer or parametrized tensor of the module");
  parametrization->train(module.is_training());
  if (own) return append(module, *own, parametrization, unsafe);
  if (!lists_of(module)) Access::check_free(module, {"parametrizations"});
  const Tensor original = slot(module);
  Tensor value;
  const std::shared_ptr<ParametrizationList> list(new ParametrizationList(
      parametrization, original, Access::has_parameter(module, name), unsafe, value));
  Access::take(module, name);
  if (!lists_of(module)) Access::add_module(module, "parametrizations", make<ModuleDict>());
  lists_of(module)->set(name, list);
  Access::set_parametrized(module, true);
  Access::begin(module, std::make_shared<Parametrized>(name, slot));
  slot(module) = value;
}

void remove_parametrizations(Module& module, const std::string& name, bool leave_parametrized) {
  ParametrizationList& list = parametrizations_of(module, name);
  const bool is_one = list.originals().size() == 1;
  WG_CHECK(is_one || leave_parametrized, ValueError,
           "remove_parametrizations: cannot leave unparametrized a tensor that is computed from "
           "several");
  Access::check_free(module, {name});
  Tensor t = list.originals()[0];
  const bool is_parameter = Access::has_parameter(list, is_one ? "original" : "original0");
  if (leave_parametrized) {
    const Tensor value = list();
    if (is_one) {
      wengert::detail::replace_data(t, value.detach());
    } else {
      t = value.detach().requires_grad_(value.requires_grad());
    }
  }
  const auto own = Access::computation<Parametrized>(module, name);
  lists_of(module)->pop(name);
  if (is_parameter) {
    Access::add_parameter(module, name, t);
  } else {
    Access::add_buffer(module, name, t);
  }
  own->slot(module) = t;
  Access::end(module, *own);
  if (is_parametrized(module)) return;
  Access::take(module, "parametrizations");
  Access::set_parametrized(module, false);
}

void transfer_parametrizations_and_params(Module& from, Module& to, const std::string& name) {
  for (const ComputationPtr& own : Access::computations(from)) {
    if (!dynamic_cast<const Parametrized*>(own.get())) continue;
    if (!name.empty() && own->name != name) continue;
    WG_CHECK(own->slot.is_of_class(), ValueError,
             "transfer_parametrizations_and_params: the tensor '", own->name,
             "' is computed into a variable of the first module; name the member of the class "
             "instead, such as &nn::Linear::weight");
    const ModulePtr& list = lists_of(from)->at(own->name);
    const Tensor t = Access::find(to, own->name);
    WG_CHECK(t.defined(), ValueError,
             "transfer_parametrizations_and_params: the second module has no tensor '", own->name,
             "' that is not computed");
    if (!lists_of(to)) Access::check_free(to, {"parametrizations"});
    Access::take(to, own->name);
    if (!lists_of(to)) Access::add_module(to, "parametrizations", make<ModuleDict>());
    lists_of(to)->set(own->name, list);
    Access::set_parametrized(to, true);
    Access::begin(to, own);
    own->slot(to) = own->slot(from).detach();
  }
}

}  // namespace nn::utils::parametrize
WENGERT_NAMESPACE_END
