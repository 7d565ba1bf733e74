// Optimizers by the names of their classes: a program that calls this keeps all of them.
#include <tuple>
#include <type_traits>

#include "capi/call.h"
#include "capi/optimizer.h"
#include "ops/optimizer_updates.h"

namespace wg = wengert;
namespace optim = wengert::optim;
using wg::capi::Call;
using wg::capi::guard;

namespace {

// The names and the order of the options are those of the update, which has them as its own.
template <class Class, class Update>
struct Named final : wg_optimizer {
  Named(const char* name, std::vector<wg::Tensor> parameters, const Update& options)
      : name(name), optimizer(std::move(parameters), options) {}
  optim::Optimizer& get() override { return optimizer; }
  double option(std::string_view option, std::optional<double> value) override {
    Update update{optimizer.options()};
    const double result = access(name, update, option, value);
    if (value) {
      // The constructor knows which values are possible.
      const Class checked(optimizer.parameters(), update);
      optimizer.options() = checked.options();
    }
    return result;
  }

  static double access(const char* optimizer, Update& update, std::string_view option,
                       std::optional<double> value) {
    std::string_view names = Update::field_names;
    std::optional<double> result;
    const auto visit = [&](auto& field) {
      const size_t end = std::min(names.find(','), names.size());
      if (names.substr(0, end) == option) {
        if (value) {
          WG_CHECK((!std::is_same_v<decltype(field), bool&>) || *value == 0 || *value == 1,
                   wg::ValueError, optimizer, ": '", option, "' is a switch and takes 0 or 1, not ",
                   *value);
          field = static_cast<std::remove_reference_t<decltype(field)>>(*value);
        }
        result = static_cast<double>(field);
      }
      names.remove_prefix(std::min(names.find_first_not_of(", ", end), names.size()));
    };
    std::apply(
        [&](const auto&... f) { (visit(const_cast<std::remove_cvref_t<decltype(f)>&>(f)), ...); },
        update.fields());
    // What the state begins with matters to no step.
    constexpr bool begins = requires { update.initial_accumulator_value; };
    if constexpr (begins) {
      names = "initial_accumulator_value";
      visit(update.initial_accumulator_value);
    }
    WG_CHECK(result, wg::ValueError, optimizer, ": there is no option '", option, "'; they are ",
             Update::field_names, begins ? ", initial_accumulator_value" : "");
    return *result;
  }

  const char* name;
  Class optimizer;
};

template <class Class, class Update>
wg_optimizer* create(const char* name, Update update, const std::vector<wg::Tensor>& parameters,
                     const wg_option* options, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    WG_CHECK(options[i].name != nullptr, wg::ValueError, name, ": the name of an option is NULL");
    Named<Class, Update>::access(name, update, options[i].name, options[i].value);
  }
  return new Named<Class, Update>(name, parameters, update);
}

}  // namespace

wg_status wg_optimizer_create(const char* name, wg_tensor* const* parameters, int64_t count,
                              const wg_option* options, int64_t n_options, wg_optimizer** out) {
  return guard(__func__, [&](const Call& c) {
    using namespace wg::optimizer;
    const std::string_view wanted = &c.pointer(name, "name");
    c.array(options, n_options, "options");
    const wg::TensorList list = c.list(parameters, count, "parameters");
    const std::vector<wg::Tensor> tensors(list.begin(), list.end());
    wg_optimizer*& result = c.pointer(out, "output");
#define WG_OPTIMIZER(Name, Class, ...)                                             \
  if (wanted == Name) {                                                            \
    result = create<optim::Class>(Name, __VA_ARGS__, tensors, options, n_options); \
    return;                                                                        \
  }
    WG_OPTIMIZER("SGD", SGD, SgdUpdate{})
    WG_OPTIMIZER("Adam", Adam, AdamUpdate{})
    WG_OPTIMIZER("AdamW", Adam, AdamUpdate{{.weight_decay = 1e-2, .decoupled_weight_decay = true}})
    WG_OPTIMIZER("RMSprop", RMSprop, RmspropUpdate{})
    WG_OPTIMIZER("Adagrad", Adagrad, AdagradUpdate{})
    WG_OPTIMIZER("Adadelta", Adadelta, AdadeltaUpdate{})
    WG_OPTIMIZER("Adamax", Adamax, AdamaxUpdate{})
    WG_OPTIMIZER("NAdam", NAdam, NadamUpdate{})
    WG_OPTIMIZER("RAdam", RAdam, RadamUpdate{})
    WG_OPTIMIZER("Rprop", Rprop, RpropUpdate{})
    WG_OPTIMIZER("ASGD", ASGD, AsgdUpdate{})
#undef WG_OPTIMIZER
    wg::fail<wg::ValueError>(c.function, ": there is no optimizer '", name,
                             "'; there are SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, "
                             "NAdam, RAdam, Rprop and ASGD");
  });
}
