// Parameters and buffers of modules that are computed from others.
//
//   struct Symmetric : nn::Module {
//     Tensor forward(const Tensor& x) override { return triu(x) + triu(x, 1).t(); }
//   };
//   namespace parametrize = nn::utils::parametrize;
//   parametrize::register_parametrization(layer, &nn::Linear::weight, nn::make<Symmetric>());
//
// The parameter is then that of layer.parametrizations.weight and called "original", and
// layer.weight what is computed of it before each call of the layer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wengert/nn/container.h"
#include "wengert/nn/slot.h"
#include "wengert/nn/utils.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils {
namespace parametrize {

// A module that can also be given a value, or computes a tensor from several. Any other module that
// maps one tensor to one will do as well.
class WENGERT_API Parametrization : public Module {
 public:
  // By default a call with the one original.
  virtual Tensor compute(const std::vector<Tensor>& originals);
  // The originals from which `value` would come. By default a NotImplementedError.
  virtual std::vector<Tensor> right_inverse(const Tensor& value);
};

// Makes the parameter or buffer in a slot what `parametrization` computes, on top of those it has.
// A right_inverse says from which value the present one would come. ValueError where there is no
// such tensor, or where its shape or dtype would change, which is not looked at with `unsafe`.
WENGERT_API void register_parametrization(Module& module, const Slot& slot,
                                          ModulePtr parametrization, bool unsafe = false);

// The parametrizations of one tensor, applied in order, and what they start from: "original", or
// "original0", "original1", ... where the first one takes several tensors.
class WENGERT_API ParametrizationList : public ModuleList {
 public:
  // The tensor.
  Tensor operator()();
  // Gives the originals values from which `value` would come. Error if one of the parametrizations
  // has no right_inverse, ValueError for what does not fit.
  void right_inverse(const Tensor& value);
  const std::vector<Tensor>& originals() const { return originals_; }
  std::shared_ptr<Module> make_like() const override;

 private:
  friend WENGERT_API void register_parametrization(Module& module, const Slot& slot,
                                                   ModulePtr parametrization, bool unsafe);
  ParametrizationList() = default;
  // Computes the tensor once, as it is now.
  ParametrizationList(const ModulePtr& parametrization, const Tensor& original, bool is_parameter,
                      bool unsafe, Tensor& value);
  void add_original(const std::string& name, const Tensor& t);
  std::vector<Tensor> originals_;
  bool is_parameter_ = true;
};

// Whether the tensor of this name, or any, has parametrizations.
WENGERT_API bool is_parametrized(const Module& module, const std::string& name = "");
// Those of a tensor. ValueError if it has none.
WENGERT_API ParametrizationList& parametrizations_of(Module& module,
                                                     const std::string& name = "weight");
// Makes the tensor a parameter or buffer again, with its computed value or, unless
// `leave_parametrized`, with the original one, of which there must be one only.
WENGERT_API void remove_parametrizations(Module& module, const std::string& name = "weight",
                                         bool leave_parametrized = true);
// Gives `to`, a module of the same class, the parametrizations of `from` and the originals they
// start from: those of one tensor, or of all. Both then share them.
WENGERT_API void transfer_parametrizations_and_params(Module& from, Module& to,
                                                      const std::string& name = "");

// While it lives, this thread computes each tensor once and then remembers it.
class WENGERT_API Cached {
 public:
  Cached();
  ~Cached();
  Cached(const Cached&) = delete;
  Cached& operator=(const Cached&) = delete;

 private:
  bool is_outermost_;
};

}  // namespace parametrize

// ---- parametrizations that are ready to use
namespace parametrizations {

// By length, "original0", and direction, "original1"; older files with weight_g and weight_v can be
// loaded, too. Slices along `dim` have lengths of their own; none or -1: one for all.
WENGERT_API void weight_norm(Module& module, const Slot& slot, std::optional<int64_t> dim = 0);
// Divided by the largest singular value, which power iteration follows in training.
WENGERT_API void spectral_norm(Module& module, const Slot& slot,
                               const SpectralNormOptions& options = {});

struct OrthogonalOptions {
  // "matrix_exp" or "cayley" of a skew-symmetric matrix, or "householder", a product of reflectors.
  // Empty: "matrix_exp" for square and complex matrices, else "householder".
  std::string orthogonal_map = {};
  // Optimises around a base that is itself orthogonal (Lezcano-Casado, 2019). Without it only
  // "householder" can be given a value.
  bool use_trivialization = true;
};
// Matrices whose columns, or rows where these are fewer, are orthonormal (complex ones unitary).
WENGERT_API void orthogonal(Module& module, const Slot& slot,
                            const OrthogonalOptions& options = {});

}  // namespace parametrizations
}  // namespace nn::utils
WENGERT_NAMESPACE_END
