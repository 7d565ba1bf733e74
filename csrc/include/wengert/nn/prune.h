// Pruning: tensors of modules multiplied by masks of zeros and ones.
//
//   nn::utils::prune::l1_unstructured(layer, &nn::Linear::weight, 0.3);
//
// The parameter is then called weight_orig and the mask, a buffer, weight_mask; layer.weight is
// computed from both before each call of the layer. Pruning it again works on what is left.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wengert/nn/slot.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils::prune {

// How much is pruned: a whole number of elements or channels, or a fraction, 0.3, of them.
// ValueError for what is negative, and for a fraction above 1.
class WENGERT_API Amount {
 public:
  template <std::integral T>
  Amount(T count) : Amount(static_cast<double>(count), true) {}
  template <std::floating_point T>
  Amount(T fraction) : Amount(static_cast<double>(fraction), false) {}
  // Of `size`, rounded to even; ValueError if that are not as many.
  int64_t of(int64_t size) const;

 private:
  Amount(double value, bool is_count);
  double value_;
  bool is_count_;
};

enum class PruningType { unstructured, structured, global };

// What computes a mask.
class WENGERT_API PruningMethod {
 public:
  virtual ~PruningMethod();
  virtual PruningType type() const = 0;
  // Structured ones: along which dimension.
  virtual int64_t dim() const { return -1; }
  // The mask for importance scores `t`, on top of `default_mask`.
  virtual Tensor compute_mask(const Tensor& t, const Tensor& default_mask) const = 0;
  // `t` times the mask that this method computes, and nothing else done; by default `t` decides.
  Tensor prune(const Tensor& t, const Tensor& default_mask = {},
               const Tensor& importance_scores = {}) const;
};
using PruningMethodPtr = std::shared_ptr<const PruningMethod>;

// Those that prune an amount of the elements.
class WENGERT_API UnstructuredMethod : public PruningMethod {
 public:
  explicit UnstructuredMethod(Amount amount) : amount_(amount) {}
  PruningType type() const override { return PruningType::unstructured; }

 protected:
  Amount amount_;
};
// Those that prune an amount of the channels along a dimension.
class WENGERT_API StructuredMethod : public PruningMethod {
 public:
  explicit StructuredMethod(Amount amount, int64_t dim = -1) : amount_(amount), dim_(dim) {}
  PruningType type() const override { return PruningType::structured; }
  int64_t dim() const override { return dim_; }

 protected:
  Amount amount_;
  int64_t dim_;
};

// Prunes nothing.
class WENGERT_API Identity : public PruningMethod {
 public:
  PruningType type() const override { return PruningType::unstructured; }
  Tensor compute_mask(const Tensor& t, const Tensor& default_mask) const override;
};
// Elements at random.
class WENGERT_API RandomUnstructured : public UnstructuredMethod {
 public:
  using UnstructuredMethod::UnstructuredMethod;
  Tensor compute_mask(const Tensor& t, const Tensor& default_mask) const override;
};
// The elements of smallest size.
class WENGERT_API L1Unstructured : public UnstructuredMethod {
 public:
  using UnstructuredMethod::UnstructuredMethod;
  Tensor compute_mask(const Tensor& t, const Tensor& default_mask) const override;
};
// Channels at random.
class WENGERT_API RandomStructured : public StructuredMethod {
 public:
  using StructuredMethod::StructuredMethod;
  Tensor compute_mask(const Tensor& t, const Tensor& default_mask) const override;
};
// The channels of the smallest n-norm.
class WENGERT_API LnStructured : public StructuredMethod {
 public:
  LnStructured(Amount amount, double n, int64_t dim = -1) : StructuredMethod(amount, dim), n_(n) {}
  Tensor compute_mask(const Tensor& t, const Tensor& default_mask) const override;

 private:
  double n_;
};
// By a given mask, of the tensor's shape (ValueError).
class WENGERT_API CustomFromMask : public PruningMethod {
 public:
  explicit CustomFromMask(Tensor mask) : mask_(std::move(mask)) {}
  PruningType type() const override { return PruningType::global; }
  Tensor compute_mask(const Tensor& t, const Tensor& default_mask) const override;

 private:
  Tensor mask_;
};

// Prunes the parameter in a slot now and before each call. `importance_scores`, of its shape,
// decide; by default the tensor itself. ValueError where there is no such parameter.
WENGERT_API void apply(Module& module, const Slot& slot, const PruningMethodPtr& method,
                       const Tensor& importance_scores = {});

// The same by name.
WENGERT_API void identity(Module& module, const Slot& slot);
WENGERT_API void random_unstructured(Module& module, const Slot& slot, Amount amount);
WENGERT_API void l1_unstructured(Module& module, const Slot& slot, Amount amount,
                                 const Tensor& importance_scores = {});
WENGERT_API void random_structured(Module& module, const Slot& slot, Amount amount, int64_t dim);
WENGERT_API void ln_structured(Module& module, const Slot& slot, Amount amount, double n,
                               int64_t dim, const Tensor& importance_scores = {});
WENGERT_API void custom_from_mask(Module& module, const Slot& slot, const Tensor& mask);

// Elements of several tensors together, by an unstructured method (else a TypeError). Scores are
// those of the tensors in the same order; one that is undefined, or left out, is the tensor itself.
WENGERT_API void global_unstructured(const std::vector<std::pair<Module*, Slot>>& parameters,
                                     const PruningMethodPtr& method,
                                     const std::vector<Tensor>& importance_scores = {});

// Makes the pruned tensor a parameter of its pruned values; they stay zero. ValueError if it is not
// pruned.
WENGERT_API void remove(Module& module, const std::string& name = "weight");
// Whether the module, or one inside it, is pruned.
WENGERT_API bool is_pruned(Module& module);

}  // namespace nn::utils::prune
WENGERT_NAMESPACE_END
